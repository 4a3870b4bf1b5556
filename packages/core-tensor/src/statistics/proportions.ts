import { FlagError } from '../errors.ts'
import { betaQuantile, normalQuantile } from './special.ts'

/** The bounds that an interval of the stated confidence puts around an estimate. */
export interface Interval {
  readonly low: number
  readonly high: number
}

const DEFAULT_CONFIDENCE = 0.95

/** Throws `invalid-argument` unless a confidence lies strictly between 0 and 1. */
export function checkConfidence(confidence = DEFAULT_CONFIDENCE): number {
  if (!(confidence > 0 && confidence < 1)) {
    throw new FlagError('invalid-argument', `the confidence is ${confidence}, expected between 0 and 1`, {
      hint: '0.95 is usual',
    })
  }
  return confidence
}

function checkCounts(successes: number, trials: number): void {
  if (!(Number.isSafeInteger(trials) && trials > 0 && successes >= 0 && successes <= trials)) {
    throw new FlagError(
      'invalid-argument',
      `${successes} successes in ${trials} trials: expected 0 ≤ successes ≤ trials and a whole number of trials above 0`,
    )
  }
}

/**
 * Wilson's score interval of a proportion (Wilson 1927). Its coverage is close to the confidence on average, also for
 * few trials and for proportions near 0 and 1. Throws `invalid-argument`.
 */
export function wilsonInterval(successes: number, trials: number, confidence?: number): Interval {
  checkCounts(successes, trials)
  const z = normalQuantile((1 + checkConfidence(confidence)) / 2)
  const p = successes / trials
  const share = (z * z) / trials
  const centre = (p + share / 2) / (1 + share)
  const half = (z * Math.sqrt((p * (1 - p)) / trials + (share * share) / (z * z) / 4)) / (1 + share)
  // Rounding must not leave the estimate outside at the ends.
  return {
    low: successes === 0 ? 0 : Math.max(0, centre - half),
    high: successes === trials ? 1 : Math.min(1, centre + half),
  }
}

/**
 * The exact interval of a proportion (Clopper and Pearson 1934): its coverage is never below the confidence, and
 * therefore mostly above it. Throws `invalid-argument`.
 */
export function clopperPearsonInterval(successes: number, trials: number, confidence?: number): Interval {
  checkCounts(successes, trials)
  const tail = (1 - checkConfidence(confidence)) / 2
  return {
    low: successes === 0 ? 0 : betaQuantile(tail, successes, trials - successes + 1),
    high: successes === trials ? 1 : betaQuantile(1 - tail, successes + 1, trials - successes),
  }
}
