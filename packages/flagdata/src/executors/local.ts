import { DataError } from '../errors.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import { findPieces } from '../readers/pieces.ts'
import type { OnProgress, Progress } from './passes.ts'
import { type Job, type Phase, phasesOf, type Summary } from './phases.ts'
import {
  checkOutput,
  enterPlan,
  lock,
  makePlan,
  markDone,
  pathsOf,
  readDone,
  removePartials,
  withAbsolutePaths,
} from './state.ts'
import { Threads } from './workers.ts'

/** What a run did, and how much of it was there already. */
export interface RunResult extends Summary {
  /** Pieces whose steps an earlier run had done. */
  resumed: number
}

export interface RunOptions {
  /** Worker threads; with 1, the default, everything runs in this thread. */
  workers?: number
  /** Called as work goes on: the phase, its items done and in all, and what was done since the last call. */
  onProgress?(progress: Progress & { phase: string; done: number; total: number }): void
}

/**
 * Runs a pipeline, or what is left of it: pieces that an earlier run completed are not touched again. Killed at any
 * moment and started once more, it gives the same bytes as a run that nobody disturbed.
 *
 * @throws DataError `not-found` for a missing input, `invalid-argument` if the output folder belongs to another run,
 *   or for custom steps with several workers
 */
export async function run(given: Pipeline, options: RunOptions = {}): Promise<RunResult> {
  const pipeline = withAbsolutePaths(given)
  const { workers = 1 } = options
  const custom = pipeline.steps.find((step) => step.options === undefined)
  if (custom && workers > 1)
    throw new DataError('invalid-argument', `step "${custom.name}" exists only in this thread`, {
      hint: 'custom steps run with workers: 1',
    })
  await checkOutput(pipeline)
  const job: Job = { pipeline, pieces: await findPieces(pipeline.read) }
  const { state } = pathsOf(pipeline)
  const unlock = await lock(state)
  try {
    await enterPlan(makePlan(pipeline, job.pieces), state)
    await removePartials(pipeline.write.path)
    const resumed = (await readDone(state, 'steps')).size
    const threads = new Threads(pipeline.write.path, workers)
    let last: unknown
    try {
      for (const phase of phasesOf(job)) last = await runPhase(phase, state, threads, options)
    } finally {
      await threads.stop()
    }
    return { ...(last as Summary), resumed }
  } finally {
    await unlock()
  }
}

/** Does what is missing of a phase. Returns the result of its last item. */
async function runPhase(
  phase: Phase,
  state: string,
  threads: Threads,
  { onProgress }: RunOptions,
): Promise<unknown> {
  const done = await readDone(state, phase.name)
  const missing = phase.items.filter((item) => !done.has(item))
  const progress: OnProgress = (since) =>
    onProgress?.({ phase: phase.name, done: done.size, total: phase.items.length, ...since })
  const nothing: Progress = { documents: 0, bytes: 0, removed: {} }
  const finish = async (item: string, result: unknown) => {
    await markDone(state, phase.name, item, result)
    done.set(item, result)
    progress(nothing)
  }
  progress(nothing)
  if (threads.count > 1 && missing.length > 1) await threads.forEach(phase.name, missing, finish, progress)
  else for (const item of missing) await finish(item, await phase.run(item, progress))
  return done.get(phase.items[phase.items.length - 1])
}
