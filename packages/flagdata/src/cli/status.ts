import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DataError } from '../errors.ts'
import type { Summary } from '../executors/local.ts'
import { readDone, readPlan } from '../executors/state.ts'
import { mergeStatistics, type Statistics } from '../pipeline/statistics.ts'

export interface Status {
  complete: boolean
  pieces: { done: number; total: number }
  dedup?: { done: number; total: number }
  /** Of the pieces that are done. */
  statistics: Statistics
  summary?: Summary
}

/**
 * How far the run of an output folder is; it may be going on, be interrupted, or be complete.
 *
 * @throws DataError `not-found` if no run wrote to the folder
 */
export async function readStatus(output: string): Promise<Status> {
  const state = join(output, '.flagdata')
  const plan = await readPlan(state)
  if (plan === undefined) throw new DataError('not-found', `${output}: no run of flagdata wrote here`)
  const done = await readDone<Statistics>(state, 'steps')
  const total = plan.pieces.length
  const text = await readFile(join(state, 'summary.json'), 'utf8').catch(() => undefined)
  return {
    complete: text !== undefined,
    pieces: { done: done.size, total },
    ...(plan.dedup ? { dedup: { done: (await readDone(state, 'dedup')).size, total } } : {}),
    statistics: mergeStatistics(plan.steps, [...done.values()]),
    ...(text === undefined ? {} : { summary: JSON.parse(text) }),
  }
}
