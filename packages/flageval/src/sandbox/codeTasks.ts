import { passAtK } from '../metrics/index.ts'
import { limiter } from '../models/http.ts'
import { type RecordOf, shortHash } from '../records/record.ts'
import type { ProgramLanguage } from './runners.ts'
import { runProgram, type SandboxLimits } from './sandbox.ts'

export interface CodeOptions extends SandboxLimits {
  language?: ProgramLanguage
  /** Programs that run at once. Default 2. */
  concurrency?: number
}

/** A problem with the programs that a model wrote for it, tests included. */
export interface CodeProblem {
  readonly id: string
  readonly programs: readonly string[]
}

/** Runs all programs of all problems; one record for each problem, which `pass@k` is computed of. */
export async function runProblems(
  problems: readonly CodeProblem[],
  { language = 'python', concurrency = 2, ...limits }: CodeOptions = {},
): Promise<RecordOf<'code'>[]> {
  const limited = limiter(concurrency)
  return Promise.all(
    problems.map(async ({ id, programs }) => {
      const results = await Promise.all(programs.map((it) => limited(() => runProgram(language, it, limits))))
      return {
        kind: 'code' as const,
        sample: id,
        document: shortHash(id),
        request: shortHash(programs),
        samples: programs.length,
        correct: results.filter(({ passed }) => passed).length,
      }
    }),
  )
}

/**
 * A metric for tasks in lm-eval's dialect that run code: `metric: !function module.pass_at_k`, where the module says
 * `export const pass_at_k = passAtKMetric({ language: 'python' })`. The reference of a document is its test, which is put
 * after each answer; `k` lists the numbers to report, as `pass@1`.
 */
export function passAtKMetric(options: CodeOptions = {}) {
  return async function pass_at_k(given: {
    references: readonly string[]
    predictions: readonly (readonly string[])[]
    k?: readonly number[]
  }): Promise<Record<string, number>> {
    const [test] = given.references
    const [answers] = given.predictions
    const programs = [answers].flat().map((answer) => `${answer}\n${test}`)
    const [{ samples, correct }] = await runProblems([{ id: 'problem', programs }], options)
    return Object.fromEntries((given.k ?? [1]).map((k) => [`pass@${k}`, passAtK(samples, correct, k)]))
  }
}
