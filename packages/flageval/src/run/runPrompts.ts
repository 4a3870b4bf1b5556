import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import type { DataFolders } from '../lmEval/documents.ts'
import {
  describeGroups,
  describeTask,
  isGroup,
  loadTasks,
  type PromptTask,
  type RequestOptions,
  runTask,
  tasksOf,
} from '../lmEval/index.ts'
import { customValues } from '../lmEval/results.ts'
import type { LanguageModel } from '../models/languageModel.ts'
import type { RecordOf } from '../records/record.ts'
import { type PerturbationName, perturbations, perturbTask } from '../wrappers/perturbations.ts'
import { writeArrow } from './arrow.ts'
import { type Column, perturbationOf, promptedColumns } from './columns.ts'
import { RequestCache } from './requestCache.ts'
import { type ColumnResult, resultsOf } from './results.ts'
import { checkSame, defaultCache, ownEnvironment, type RunInfo, readRun, writeJson } from './run.ts'
import { SampleLog } from './sampleLog.ts'

export interface PromptRunOptions extends RequestOptions {
  /** Run folder; a run that was cut off there goes on. */
  output: string
  /** Folder of cached answers. Default: `flageval` in the user's cache folder. */
  cache?: string
  /** Folders of the data sets that tasks name by their name on a hub. */
  data?: DataFolders
  /** Run also on documents that these changed, in the columns named, each as a system of its own. */
  perturbed?: { by: readonly PerturbationName[]; columns: readonly string[] }
  onProgress?: (task: string, done: number, total: number) => void
}

/** `results.json` of such a run: scores, and values of the metrics that exports aggregate. */
export interface PromptResults {
  run: RunInfo
  results: ColumnResult[]
  custom: Record<string, Record<string, number>>
}

/**
 * Runs a language model on tasks in lm-eval's dialect, given as YAML files. Every task that is finished stays finished
 * whatever happens; one that fails is an error in the results and the others go on. Throws `invalid-argument` when the
 * folder holds a run of something else, `corrupt-file` for a task that is not well formed.
 */
export async function runPrompts(
  model: LanguageModel,
  files: readonly string[],
  options: PromptRunOptions,
): Promise<PromptResults> {
  const { perturbed } = options
  const loaded = await loadTasks(files, options.data)
  const tasks = new Map<string, PromptTask>()
  for (const task of loaded.flatMap((it) => (isGroup(it) ? tasksOf(it) : [it])))
    tasks.set(task.config.task, task)
  const info: RunInfo = {
    ...ownEnvironment(model),
    tasks: [],
    prompted: [...tasks.values()].map((task) => describeTask(task, options)),
    groups: loaded.filter(isGroup).flatMap(describeGroups),
    languages: null,
    ...(perturbed && { perturbed: { by: [...perturbed.by], columns: [...perturbed.columns] } }),
    data: [],
  }
  await mkdir(options.output, { recursive: true })
  if (existsSync(join(options.output, 'run.json'))) checkSame(readRun(options.output), info, options.output)
  else await writeJson(join(options.output, 'run.json'), info)
  const log = await SampleLog.open(join(options.output, 'samples.jsonl'))
  const cache = await RequestCache.open(options.cache ?? defaultCache(), model.fingerprint)
  try {
    const all = (info.prompted ?? []).flatMap((described) => promptedColumns(described, perturbed?.by))
    for (const column of all) {
      if (log.has(column)) continue
      const onBatch = (done: number, total: number) => options.onProgress?.(column.task, done, total)
      try {
        const task = changed(tasks.get(column.task) as PromptTask, column, perturbed?.columns)
        const records = await runTask(model, task, cache, { ...options, onBatch })
        await log.append({ column, records })
      } catch (error) {
        if (!(error instanceof FlagError)) throw error
        await log.append({ column, error: { code: error.code, message: error.message } })
      }
    }
    const columns = log.columns()
    const custom: PromptResults['custom'] = {}
    for (const entry of columns) {
      const task = tasks.get(entry.column.task)
      if (!task || 'error' in entry || entry.column.system !== 'model') continue
      const values = customValues(task, entry.records as RecordOf<'prompted'>[])
      if (Object.keys(values).length > 0) custom[entry.column.task] = values
    }
    const results = { run: info, results: resultsOf(columns, [], info.prompted), custom }
    await writeJson(join(options.output, 'results.json'), results)
    await writeArrow(join(options.output, 'samples.arrow'), columns)
    return results
  } finally {
    await log.close()
    await cache.close()
  }
}

/** The task of a column, perturbed where the column says so. */
function changed(task: PromptTask, { system }: Column, columns: readonly string[] = []): PromptTask {
  const name = perturbationOf(system)
  if (name === undefined) return task
  if (!task.docs.some((doc) => columns.some((column) => typeof doc[column] === 'string'))) {
    throw new FlagError(
      'invalid-argument',
      `${task.config.task} has no text in the columns ${columns.join(', ')}`,
      { hint: `its documents have ${Object.keys(task.docs[0] ?? {}).join(', ')}` },
    )
  }
  return perturbTask(task, perturbations[name].perturb, columns)
}
