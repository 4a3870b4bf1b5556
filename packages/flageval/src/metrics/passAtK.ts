import { FlagError } from '@flag/core-tensor'

/**
 * The chance that at least one of `k` of the `samples` programs is right, of which `correct` are: 1 − C(n−c, k)/C(n, k)
 * (Chen et al. 2021, arXiv 2107.03374). Throws `invalid-argument` unless k ≤ samples.
 */
export function passAtK(samples: number, correct: number, k: number): number {
  if (!(k >= 1 && k <= samples && correct >= 0 && correct <= samples)) {
    throw new FlagError('invalid-argument', `pass@${k} of ${samples} samples, ${correct} of them right`, {
      hint: `draw at least ${k} samples a problem`,
    })
  }
  if (samples - correct < k) return 1
  let none = 1
  for (let i = samples - correct + 1; i <= samples; i++) none *= 1 - k / i
  return 1 - none
}

/** The chance that all of `k` of the `samples` are right: C(c, k)/C(n, k). Throws `invalid-argument`. */
export function passHatK(samples: number, correct: number, k: number): number {
  return 1 - passAtK(samples, samples - correct, k)
}
