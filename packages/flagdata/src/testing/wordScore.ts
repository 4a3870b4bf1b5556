/** Words of a text in lower case; every Chinese or Japanese character is a word. */
const wordsOf = (text: string): string[] =>
  text.toLowerCase().match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{M}\p{N}_]+/gu) ??
  []

/** Which part of the found words is wanted (precision), which of the wanted was found (recall); each as often as it stands there. */
export function wordScore(found: string, wanted: string): { precision: number; recall: number; f1: number } {
  const counts = new Map<string, number>()
  const [a, b] = [wordsOf(found), wordsOf(wanted)]
  for (const word of b) counts.set(word, (counts.get(word) ?? 0) + 1)
  let shared = 0
  for (const word of a) {
    const left = counts.get(word) ?? 0
    if (left === 0) continue
    shared++
    counts.set(word, left - 1)
  }
  const precision = a.length === 0 ? 0 : shared / a.length
  const recall = b.length === 0 ? 0 : shared / b.length
  return { precision, recall, f1: shared === 0 ? 0 : (2 * precision * recall) / (precision + recall) }
}
