import { FlagError } from '../errors.ts'
import { erfc } from './special.ts'

export type RankTestMethod = 'exact' | 'normal'

export interface RankTestOptions {
  /** Default: exact for small samples (see the test), else the normal approximation with its tie correction. */
  method?: RankTestMethod
}

/** Ranks from 1; equal values share the mean of their ranks. NaN is refused with `invalid-argument`. */
export function midranks(values: ArrayLike<number>): Float64Array {
  const order = Array.from({ length: values.length }, (_, i) => i).sort((a, b) => values[a] - values[b])
  const ranks = new Float64Array(values.length)
  for (let start = 0; start < order.length; ) {
    const value = values[order[start]]
    if (Number.isNaN(value)) throw new FlagError('invalid-argument', 'one of the values is NaN')
    let end = start
    while (end < order.length && values[order[end]] === value) end++
    for (let i = start; i < end; i++) ranks[order[i]] = (start + 1 + end) / 2
    start = end
  }
  return ranks
}

/** Σ (t³ − t) over groups of t equal ranks. */
function tieTerm(ranks: Float64Array): number {
  const sizes = new Map<number, number>()
  for (const rank of ranks) sizes.set(rank, (sizes.get(rank) ?? 0) + 1)
  let sum = 0
  for (const t of sizes.values()) sum += t ** 3 - t
  return sum
}

/** Two-sided p-value of `at` in a distribution of weights. */
function twoSided(weights: Float64Array, at: number): number {
  let low = 0
  let high = 0
  let total = 0
  for (let i = 0; i < weights.length; i++) {
    total += weights[i]
    if (i <= at) low += weights[i]
    if (i >= at) high += weights[i]
  }
  return Math.min(1, (2 * Math.min(low, high)) / total)
}

export interface WilcoxonResult {
  /** Sum of the ranks of the positive differences. */
  readonly positive: number
  /** Sum of the ranks of the negative differences. */
  readonly negative: number
  /** Differences that are not 0. */
  readonly pairs: number
  readonly p: number
  readonly method: RankTestMethod
}

const EXACT_PAIRS = 50

/**
 * Wilcoxon's signed-rank test of paired measurements, two-sided (Wilcoxon 1945); differences of 0 are left out. Exact
 * for up to 50 pairs, ties included: all signs are equally likely given the ranks. Throws `invalid-argument`.
 */
export function wilcoxon(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  options: RankTestOptions = {},
): WilcoxonResult {
  if (first.length !== second.length) {
    throw new FlagError(
      'invalid-argument',
      `${first.length} and ${second.length} values: pairs need equally many`,
    )
  }
  const differences = Array.from(first, (x, i) => x - second[i]).filter((d) => d !== 0)
  const pairs = differences.length
  const ranks = midranks(differences.map(Math.abs))
  let positive = 0
  for (let i = 0; i < pairs; i++) if (differences[i] > 0) positive += ranks[i]
  const total = (pairs * (pairs + 1)) / 2
  const method = options.method ?? (pairs <= EXACT_PAIRS ? 'exact' : 'normal')
  const result = { positive, negative: total - positive, pairs, method }
  if (pairs === 0) return { ...result, p: 1 }
  if (method === 'normal') {
    const variance = (pairs * (pairs + 1) * (2 * pairs + 1) - tieTerm(ranks) / 2) / 24
    return { ...result, p: erfc(Math.abs(positive - total / 2) / Math.sqrt(2 * variance)) }
  }
  // Doubled midranks are whole numbers; weights[s] is the number of choices of signs whose positive ranks add up to s.
  const weights = new Float64Array(2 * total + 1)
  weights[0] = 1
  let reach = 0
  for (const rank of ranks) {
    reach += 2 * rank
    for (let s = reach; s >= 2 * rank; s--) weights[s] += weights[s - 2 * rank]
  }
  return { ...result, p: twoSided(weights, 2 * positive) }
}

export interface MannWhitneyResult {
  /** Pairs in which the first sample's value is larger, plus half of the ties. */
  readonly u: number
  /** The same as a share of all pairs: the probability of superiority, 0.5 when the samples do not differ. */
  readonly superiority: number
  readonly p: number
  readonly method: RankTestMethod
}

const EXACT_VALUES = 40

/**
 * The test of Mann and Whitney (1947) whether values of one sample tend to be larger than those of another, two-sided.
 * Exact for up to 40 values, ties included; the normal approximation has a continuity correction. Throws
 * `invalid-argument` for empty samples.
 */
export function mannWhitney(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  options: RankTestOptions = {},
): MannWhitneyResult {
  const [n, m] = [first.length, second.length]
  if (n === 0 || m === 0) throw new FlagError('invalid-argument', 'mannWhitney: a sample is empty')
  const ranks = midranks([...Array.from(first), ...Array.from(second)])
  const sum = ranks.subarray(0, n).reduce((total, rank) => total + rank, 0)
  const u = sum - (n * (n + 1)) / 2
  const method = options.method ?? (n + m <= EXACT_VALUES ? 'exact' : 'normal')
  const result = { u, superiority: u / (n * m), method }
  if (method === 'exact') return { ...result, p: twoSided(rankSums(ranks, n), 2 * sum) }
  const variance = ((n * m) / 12) * (n + m + 1 - tieTerm(ranks) / ((n + m) * (n + m - 1)))
  if (variance === 0) return { ...result, p: 1 }
  const distance = Math.max(0, Math.abs(u - (n * m) / 2) - 0.5)
  return { ...result, p: erfc(distance / Math.sqrt(2 * variance)) }
}

/** How many choices of `count` of the ranks have each doubled sum. */
function rankSums(ranks: Float64Array, count: number): Float64Array {
  const width = 2 * Math.round(ranks.reduce((total, rank) => total + rank, 0)) + 1
  const weights = Array.from({ length: count + 1 }, () => new Float64Array(width))
  weights[0][0] = 1
  for (const rank of ranks) {
    const step = 2 * rank
    for (let k = count; k > 0; k--)
      for (let s = width - 1; s >= step; s--) weights[k][s] += weights[k - 1][s - step]
  }
  return weights[count]
}
