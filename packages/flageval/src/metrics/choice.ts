/** The log-likelihoods of the answers to one question. */
export interface ChoiceScores {
  readonly choices: readonly string[]
  /** Σ ln p of each choice after the question. */
  readonly logLikelihoods: readonly number[]
  /** Σ ln p of each choice after nothing; needed for `accMutualInfo`. */
  readonly unconditional?: readonly number[]
}

/** What the log-likelihoods of the choices are compared by. */
export type ChoiceRule = 'acc' | 'acc_norm' | 'acc_bytes' | 'acc_mutual_info'

/**
 * The place of the preferred choice; of equals the first. `acc`: the sum; `acc_norm`: by its length in characters, that
 * is code points, as Python counts them; `acc_bytes`: by its length in UTF-8 bytes, as the papers mean it;
 * `acc_mutual_info`: less the unconditional sum.
 */
export function preferredChoice(
  { choices, logLikelihoods, unconditional }: ChoiceScores,
  rule: ChoiceRule,
): number {
  const values = logLikelihoods.map((value, i) => {
    if (rule === 'acc_norm') return value / [...choices[i]].length
    if (rule === 'acc_bytes') return value / Buffer.byteLength(choices[i])
    return rule === 'acc_mutual_info' ? value - (unconditional?.[i] ?? Number.NaN) : value
  })
  return values.indexOf(Math.max(...values))
}

/** Probabilities of the choices: the softmax of their log-likelihoods. */
export function choiceProbabilities(logLikelihoods: readonly number[]): number[] {
  const top = Math.max(...logLikelihoods)
  const weights = logLikelihoods.map((value) => Math.exp(value - top))
  const sum = weights.reduce((a, b) => a + b, 0)
  return weights.map((weight) => weight / sum)
}

/** Σ over the choices of (p − 1[right])² for one question: 0 is best, 2 worst. */
export function brierScore(logLikelihoods: readonly number[], gold: number): number {
  return choiceProbabilities(logLikelihoods).reduce((sum, p, i) => sum + (p - (i === gold ? 1 : 0)) ** 2, 0)
}
