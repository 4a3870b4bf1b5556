import { FlagError } from '../errors.ts'
import { binomialCdf, binomialPmf, erfc } from './special.ts'

export interface McNemarResult {
  /** Samples that only the first got right, and that only the second got right. */
  readonly discordant: readonly [first: number, second: number]
  /** The exact conditional test: never too many false positives, mostly too few. */
  readonly exact: number
  /** The mid-p test: close to its nominal level also for few discordant samples, hence the one to prefer. */
  readonly midP: number
  /** The asymptotic χ² test without continuity correction; for comparison. */
  readonly asymptotic: number
}

/**
 * McNemar's test of two classifiers on the same samples, two-sided p-values (Fagerland, Lydersen and Laake 2013,
 * doi 10.1186/1471-2288-13-91), from the numbers of samples that only one of them got right. Throws
 * `invalid-argument`.
 */
export function mcnemar(onlyFirst: number, onlySecond: number): McNemarResult {
  for (const count of [onlyFirst, onlySecond]) {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new FlagError('invalid-argument', `mcnemar: ${count} is not a number of samples`)
    }
  }
  const discordant = [onlyFirst, onlySecond] as const
  const n = onlyFirst + onlySecond
  if (n === 0) return { discordant, exact: 1, midP: 1, asymptotic: 1 }
  const fewer = Math.min(onlyFirst, onlySecond)
  const exact = Math.min(1, 2 * binomialCdf(fewer, n, 0.5))
  const point = binomialPmf(fewer, n, 0.5)
  const midP = onlyFirst === onlySecond ? 1 - point / 2 : exact - point
  const asymptotic = erfc(Math.abs(onlyFirst - onlySecond) / Math.sqrt(2 * n))
  return { discordant, exact, midP, asymptotic }
}

/** `mcnemar` of two lists of outcomes (true: right) of the same samples. Throws `invalid-argument`. */
export function mcnemarOf(first: ArrayLike<unknown>, second: ArrayLike<unknown>): McNemarResult {
  if (first.length !== second.length) {
    throw new FlagError(
      'invalid-argument',
      `${first.length} and ${second.length} outcomes: pairs need equally many`,
    )
  }
  let onlyFirst = 0
  let onlySecond = 0
  for (let i = 0; i < first.length; i++) {
    if (first[i] && !second[i]) onlyFirst++
    if (second[i] && !first[i]) onlySecond++
  }
  return mcnemar(onlyFirst, onlySecond)
}
