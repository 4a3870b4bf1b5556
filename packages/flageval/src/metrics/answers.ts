/** Equal but for white space at the ends. */
export function exactMatch(answer: string, reference: string): boolean {
  return answer.trim() === reference.trim()
}

/** Lower case, without punctuation and English articles, white space squeezed (Rajpurkar et al. 2016). */
export function normalizedAnswer(text: string): string {
  return text
    .toLowerCase()
    .replace(/[!-/:-@[-`{-~]/g, '')
    .replace(/\b(a|an|the)\b/g, ' ')
    .trim()
    .split(/\s+/)
    .join(' ')
}

/** `exactMatch` of the normalized texts. */
export function quasiExactMatch(answer: string, reference: string): boolean {
  return normalizedAnswer(answer) === normalizedAnswer(reference)
}

const wordsOf = (text: string) => normalizedAnswer(text).split(' ').filter(Boolean)

/** Harmonic mean of precision and recall of the words, each as often as it occurs (SQuAD). Both empty: 1. */
export function tokenF1(answer: string, reference: string): number {
  const [given, wanted] = [wordsOf(answer), wordsOf(reference)]
  if (given.length === 0 || wanted.length === 0) return given.length === wanted.length ? 1 : 0
  const left = new Map<string, number>()
  for (const word of wanted) left.set(word, (left.get(word) ?? 0) + 1)
  let common = 0
  for (const word of given) {
    const count = left.get(word) ?? 0
    if (count > 0) common++
    left.set(word, count - 1)
  }
  return (2 * common) / (given.length + wanted.length)
}

/** The best value over several references. */
export function bestOf(
  measure: (answer: string, reference: string) => number | boolean,
  answer: string,
  references: readonly string[],
): number {
  return Math.max(...references.map((reference) => Number(measure(answer, reference))))
}
