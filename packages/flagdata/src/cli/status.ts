import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { phasesOf, readStatistics, type Summary } from '../executors/phases.ts'
import { readArrays, type SlurmTask, slurmTasks } from '../executors/slurm.ts'
import { readDone } from '../executors/state.ts'
import { openJob } from '../executors/work.ts'
import type { Statistics } from '../pipeline/statistics.ts'

export interface Status {
  complete: boolean
  /** How much of each phase is done, in their order. */
  phases: { name: string; done: number; total: number }[]
  /** Of the pieces that are done. */
  statistics: Statistics
  /** The tasks of a run that was submitted to Slurm, as far as it knows of them. */
  slurm?: SlurmTask[]
  summary?: Summary
}

/**
 * How far the run of an output folder is; it may be going on, be interrupted, or be complete.
 *
 * @throws DataError `not-found` if no run wrote to the folder
 */
export async function readStatus(output: string): Promise<Status> {
  const state = join(output, '.flagdata')
  const job = await openJob(output)
  const phases = await Promise.all(
    phasesOf(job).map(async ({ name, items }) => ({
      name,
      done: (await readDone(state, name)).size,
      total: items.length,
    })),
  )
  const arrays = await readArrays(output)
  // Markers tell how far the run is on any machine; only Slurm's own machines can tell what it is doing.
  const slurm = await slurmTasks(arrays).catch(() => [])
  const text = await readFile(join(state, 'summary.json'), 'utf8').catch(() => undefined)
  return {
    complete: phases.every(({ done, total }) => done === total),
    phases,
    statistics: await readStatistics(job),
    ...(arrays.length > 0 ? { slurm } : {}),
    ...(text === undefined ? {} : { summary: JSON.parse(text) }),
  }
}
