import type { CaseRow } from '../results/schema.ts'
import { objectivesOf, paretoFront } from './pareto.ts'
import type { SweepPlace } from './sweep.ts'

/** The place of a row in a sweep, if it is of one. */
export const placeOf = (row: CaseRow) => row.options.sweep as SweepPlace | undefined

/**
 * Places of the settings that no other dominates. Those that were dropped on the way are not among them: they were measured
 * for a shorter time, in which memory grows less.
 */
export function frontOf(rows: readonly CaseRow[]): Set<number> {
  const objectives = rows.map((row) => {
    const place = placeOf(row)
    return place && !place.droppedFor ? objectivesOf(row, place.batch) : undefined
  })
  return new Set(paretoFront(objectives))
}

/** Rows of the table of a sweep, the settings of the Pareto front first, by latency. */
export function sweepTable(rows: readonly CaseRow[]): { header: string[]; body: string[][] } {
  const places = rows.map((row) => placeOf(row) as SweepPlace)
  const objectives = rows.map((row, i) => objectivesOf(row, places[i].batch))
  const front = frontOf(rows)
  const order = rows
    .map((_, i) => i)
    .sort(
      (i, j) =>
        Number(front.has(j)) - Number(front.has(i)) ||
        (objectives[i]?.latencyMs ?? Number.MAX_VALUE) - (objectives[j]?.latencyMs ?? Number.MAX_VALUE),
    )
  const body = order.map((i) => {
    const { model, provider, threads, batch, rung, rungs, droppedFor } = places[i]
    const known = objectives[i]
    const note = front.has(i)
      ? 'Pareto front'
      : droppedFor
        ? `dropped for ${droppedFor}`
        : known
          ? 'dominated'
          : `${rows[i].status}: ${rows[i].message ?? ''}`
    return [
      model,
      provider,
      String(threads),
      String(batch),
      known ? known.latencyMs.toPrecision(4) : '–',
      known ? known.samplesPerSecond.toPrecision(4) : '–',
      known && Number.isFinite(known.memoryBytes) ? (known.memoryBytes / 2 ** 20).toFixed(0) : '–',
      `${rung} of ${rungs}`,
      note,
    ]
  })
  return {
    header: ['model', 'provider', 'threads', 'batch', 'p50 ms', 'samples/s', 'MB', 'measured', 'verdict'],
    body,
  }
}
