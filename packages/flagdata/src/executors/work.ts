import { join } from 'node:path'
import { DataError } from '../errors.ts'
import { type Job, type Phase, phasesOf } from './phases.ts'
import { markDone, pathsOf, pipelineOf, readDone, readPlan } from './state.ts'

/**
 * The run that an output folder holds.
 *
 * @throws DataError `not-found` if there is none
 */
export async function openJob(output: string): Promise<Job> {
  const plan = await readPlan(join(output, '.flagdata'))
  if (plan === undefined) throw new DataError('not-found', `${output}: no run of flagdata wrote here`)
  return { pipeline: pipelineOf(plan.pipeline), pieces: plan.pieces }
}

/** The phases of the run that an output folder holds, by name. */
export async function openPhases(output: string): Promise<ReadonlyMap<string, Phase>> {
  return new Map(phasesOf(await openJob(output)).map((phase) => [phase.name, phase]))
}

export interface WorkOptions {
  phase: string
  /** This task's number, from 0, and how many tasks share the phase: it does items task, task + tasks, … */
  task: number
  tasks: number
  /** Asked before every item: true ends the work early. */
  stop?(): boolean
  onItem?(item: string): void
}

/**
 * Does one task's share of a phase of a run, as far as it is missing: what a job of a cluster runs. An item that fails does
 * not keep it from the others. Returns how many items it did and how many it left because it was stopped.
 *
 * @throws DataError `not-found` for an unknown phase, `invalid-argument` if the phase before it is not complete,
 *   `runtime` at the end if items failed
 */
export async function work(output: string, options: WorkOptions): Promise<{ done: number; left: number }> {
  const { task, tasks, stop = () => false, onItem } = options
  const job = await openJob(output)
  const { state } = pathsOf(job.pipeline)
  const phases = phasesOf(job)
  const at = phases.findIndex(({ name }) => name === options.phase)
  if (at < 0)
    throw new DataError('not-found', `${output}: no phase "${options.phase}"`, {
      hint: `known: ${phases.map(({ name }) => name).join(', ')}`,
    })
  for (const before of phases.slice(0, at)) {
    const count = (await readDone(state, before.name)).size
    if (count < before.items.length)
      throw new DataError(
        'invalid-argument',
        `${output}: ${options.phase} cannot start: ${before.name} is done for ${count} of ${before.items.length} items`,
      )
  }
  const phase = phases[at]
  const done = await readDone(state, phase.name)
  const missing = phase.items.filter((item, i) => i % tasks === task && !done.has(item))
  const failures: { item: string; error: Error & { hint?: string } }[] = []
  for (const [i, item] of missing.entries()) {
    if (stop()) return { done: i - failures.length, left: missing.length - i }
    try {
      await markDone(state, phase.name, item, await phase.run(item))
      onItem?.(item)
    } catch (error) {
      failures.push({ item, error: error as Error })
    }
  }
  if (failures.length > 0) {
    const [{ item, error }] = failures
    const others = failures.length > 1 ? ` (and ${failures.length - 1} other items)` : ''
    throw new DataError('runtime', `${phase.name}, item ${item}: ${error.message}${others}`, {
      hint: error.hint ?? 'run again to do what is missing',
      cause: error,
    })
  }
  return { done: missing.length, left: 0 }
}
