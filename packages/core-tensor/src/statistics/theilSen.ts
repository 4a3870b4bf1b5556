import { FlagError } from '../errors.ts'
import { quantile, sorted } from './percentiles.ts'
import type { Interval } from './proportions.ts'
import { normalQuantile } from './special.ts'

/** A line through points that outliers do not turn. */
export interface TheilSenLine {
  /** The median of the slopes between all pairs of points. */
  readonly slope: number
  /** Of y minus slope times x, at their medians. */
  readonly intercept: number
  readonly interval: Interval
}

/**
 * The slope of y over x by Theil (1950), with Sen's interval (1968, "Estimates of the regression coefficient based on
 * Kendall's tau", equation 2.6, with its correction for ties). Takes n² / 2 slopes. Throws `invalid-argument` for lists of
 * different lengths and where x has fewer than two values that differ.
 */
export function theilSen(x: readonly number[], y: readonly number[], confidence = 0.95): TheilSenLine {
  if (x.length !== y.length)
    throw new FlagError('invalid-argument', `${x.length} values of x and ${y.length} of y are not points`)
  const slopes: number[] = []
  for (let i = 0; i < x.length; i++)
    for (let j = 0; j < i; j++)
      if (x[i] > x[j]) slopes.push((y[i] - y[j]) / (x[i] - x[j]))
      else if (x[i] < x[j]) slopes.push((y[j] - y[i]) / (x[j] - x[i]))
  if (slopes.length === 0)
    throw new FlagError('invalid-argument', 'a slope needs two points of which x differs')
  slopes.sort((a, b) => a - b)
  const middle = (values: readonly number[]) => quantile(sorted(values), 0.5)
  const slope = middle(slopes)
  const n = x.length
  const term = (count: number) => count * (count - 1) * (2 * count + 5)
  const deviation = Math.sqrt((term(n) - tiesOf(x, term) - tiesOf(y, term)) / 18)
  const reach = normalQuantile((1 + confidence) / 2) * deviation
  const last = slopes.length - 1
  const low = Math.max(roundHalfEven((slopes.length - reach) / 2) - 1, 0)
  const high = Math.min(roundHalfEven((slopes.length + reach) / 2), last)
  return {
    slope,
    intercept: middle(y) - slope * middle(x),
    interval: { low: slopes[low], high: slopes[high] },
  }
}

/** Sum over groups of equal values. */
function tiesOf(values: readonly number[], term: (count: number) => number): number {
  const counts = new Map<number, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts.values()].reduce((sum, count) => sum + term(count), 0)
}

function roundHalfEven(value: number): number {
  const down = Math.floor(value)
  const rest = value - down
  return rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down
}
