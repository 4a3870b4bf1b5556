import { lowerTail } from './binomial.ts'

/** How sure a verdict must be: the chance that a system beyond its limit passes is below 1 - CONFIDENCE. */
const CONFIDENCE = 0.99

const known = new Map<number, Map<number, number>>()

/**
 * The least number h of queries within the limit, beside t over it, for which fewer than 1 in 100 systems that miss
 * the percentile would do as well: P[Binomial(h + t, 1 - percentile) <= t] < 0.01 (MLPerf inference rules, "Early
 * stopping"; the tolerance d is 0 in every published version).
 */
export function minPassingQueries(t: number, percentile: number): number {
  const table = known.get(percentile) ?? new Map<number, number>()
  known.set(percentile, table)
  const found = table.get(t)
  if (found !== undefined) return found
  const passes = (h: number) => lowerTail(h + t, t, 1 - percentile, percentile) < 1 - CONFIDENCE
  let low = 1
  let high = Math.max(2, Math.ceil((t * percentile) / (1 - percentile)))
  while (!passes(high)) {
    low = high + 1
    high *= 2
  }
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (passes(middle)) high = middle
    else low = middle + 1
  }
  table.set(t, high)
  return high
}

/** The least number of queries of a run with t over the limit that passes. */
export const queriesNeeded = (t: number, percentile: number): number => minPassingQueries(t, percentile) + t

/** The most queries over the limit with which a run of `count` passes; 0 if even one is too many. */
export function mostOverlatency(count: number, percentile: number): number {
  if (count < queriesNeeded(1, percentile)) return 0
  let low = 1
  let high = count
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (count >= queriesNeeded(middle, percentile)) low = middle
    else high = middle - 1
  }
  return low
}
