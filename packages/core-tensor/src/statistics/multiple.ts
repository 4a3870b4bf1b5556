import { checkProbability } from './special.ts'

function order(pValues: readonly number[]): number[] {
  for (const p of pValues) checkProbability('p-value', p)
  return pValues.map((_, i) => i).sort((a, b) => pValues[a] - pValues[b])
}

/**
 * Holm's adjusted p-values (1979), in the order given: rejecting those at or below α keeps the chance of any false
 * rejection at or below α, however the tests depend on each other. Throws `invalid-argument`.
 */
export function holm(pValues: readonly number[]): number[] {
  const adjusted = pValues.slice()
  let largest = 0
  for (const [i, at] of order(pValues).entries()) {
    largest = Math.max(largest, Math.min(1, (pValues.length - i) * pValues[at]))
    adjusted[at] = largest
  }
  return adjusted
}

/**
 * Adjusted p-values of Benjamini and Hochberg (1995), in the order given: rejecting those at or below q keeps the
 * expected share of false rejections among the rejections at or below q, for independent or positively dependent tests.
 * Throws `invalid-argument`.
 */
export function benjaminiHochberg(pValues: readonly number[]): number[] {
  const adjusted = pValues.slice()
  let smallest = 1
  const rising = order(pValues)
  for (let i = rising.length - 1; i >= 0; i--) {
    smallest = Math.min(smallest, (pValues.length / (i + 1)) * pValues[rising[i]])
    adjusted[rising[i]] = smallest
  }
  return adjusted
}
