import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import { lmEvalResults, type ScoredTask } from '../lmEval/index.ts'
import type { RecordOf } from '../records/record.ts'
import { openRun } from '../run/validate.ts'

/**
 * A run of tasks in lm-eval's dialect as lm-eval's `results.json` (version 0.4.13), with `samples` as its
 * `--log_samples` adds them. Throws `invalid-argument` for a run without such tasks, `not-found`, `corrupt-file`.
 */
export async function toLmEval(
  folder: string,
  options: { samples?: boolean; iterations?: number } = {},
): Promise<Record<string, unknown>> {
  const { run, logs } = await openRun(folder)
  const { prompted = [], groups = [] } = run
  if (prompted.length === 0) {
    throw new FlagError('invalid-argument', `${folder} has no tasks in lm-eval's dialect`, {
      hint: 'export it with --as clip-benchmark or --as flageval',
    })
  }
  const results = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8')) as {
    custom?: Record<string, Record<string, number>>
  }
  const tasks = prompted.flatMap((info): ScoredTask[] => {
    const log = logs.find(({ column }) => column.task === info.id && column.system === 'model')
    if (log === undefined || 'error' in log) return []
    return [{ info, records: log.records as RecordOf<'prompted'>[], custom: results.custom?.[info.id] }]
  })
  return {
    ...lmEvalResults(tasks, groups, options),
    config: {
      model: run.model.name,
      model_args: null,
      limit: prompted[0].limit,
      bootstrap_iters: options.iterations ?? 100_000,
      fewshot_seed: prompted[0].seed,
    },
    model_name: run.model.name,
    model_sha: run.model.fingerprint,
  }
}
