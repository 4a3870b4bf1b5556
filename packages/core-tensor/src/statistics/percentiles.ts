import { FlagError } from '../errors.ts'
import { checkConfidence } from './proportions.ts'
import { binomialCdf, binomialQuantile, checkProbability } from './special.ts'

/** Numbers in rising order. Throws `invalid-argument` for none and for NaN. */
export function sorted(values: ArrayLike<number>): Float64Array {
  if (values.length === 0) throw new FlagError('invalid-argument', 'no values')
  const copy = Float64Array.from(values)
  if (copy.some(Number.isNaN)) throw new FlagError('invalid-argument', 'one of the values is NaN')
  return copy.sort()
}

/**
 * The p-th quantile (0 to 1) of values in rising order, linear between neighbours: NumPy's default, definition 7 of
 * Hyndman and Fan (1996). Throws `invalid-argument`.
 */
export function quantile(rising: ArrayLike<number>, p: number): number {
  checkProbability('quantile', p)
  if (rising.length === 0) throw new FlagError('invalid-argument', 'the quantile of no values')
  const at = p * (rising.length - 1)
  const below = Math.floor(at)
  const above = Math.min(below + 1, rising.length - 1)
  return rising[below] + (at - below) * (rising[above] - rising[below])
}

/**
 * The p-th percentile by nearest rank: the least value with at least the share p of all values at or below it. It is
 * always one of the values. Throws `invalid-argument`.
 */
export function nearestRank(rising: ArrayLike<number>, p: number): number {
  checkProbability('nearestRank', p)
  if (rising.length === 0) throw new FlagError('invalid-argument', 'the percentile of no values')
  return rising[Math.max(0, Math.ceil(p * rising.length) - 1)]
}

/** An interval between two of the measured values; null where too few values lie beyond the quantile. */
export interface OrderStatisticInterval {
  readonly low: number | null
  readonly high: number | null
  /** Places of the bounds among the values, from 1. */
  readonly ranks: readonly [low: number | null, high: number | null]
  /** The least probability that an interval made so contains the quantile, for any continuous distribution. */
  readonly coverage: number
}

/**
 * The distribution-free interval of the p-th quantile from values in rising order: the number of values below the
 * quantile is binomial, so two order statistics enclose it (Conover 1999, section 3.2). Throws `invalid-argument`.
 */
export function quantileInterval(
  rising: ArrayLike<number>,
  p: number,
  confidence?: number,
): OrderStatisticInterval {
  checkProbability('quantileInterval', p)
  const tail = (1 - checkConfidence(confidence)) / 2
  const n = rising.length
  // The lower bound is missed when fewer than `below` values lie at or under the quantile.
  let below = binomialQuantile(tail, n, p)
  if (binomialCdf(below, n, p) <= tail) below += 1
  const above = binomialQuantile(1 - tail, n, p) + 1
  return {
    low: below < 1 ? null : rising[below - 1],
    high: above > n ? null : rising[above - 1],
    ranks: [below < 1 ? null : below, above > n ? null : above],
    coverage: binomialCdf(above - 1, n, p) - binomialCdf(below - 1, n, p),
  }
}
