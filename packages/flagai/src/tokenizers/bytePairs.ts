import { Heap } from './bpe.ts'

/** The place of a pair of symbols in the list of merges; undefined for a pair that is not joined. */
export type Ranks = (left: string, right: string) => number | undefined

/**
 * Byte-pair encoding (Sennrich et al. 2016) by a list of merges, as GPT-2 and CLIP do it: of all neighbours the pair
 * that was learned first is joined, the leftmost of equals, until none is in the list.
 */
export function mergePairs(symbols: readonly string[], rank: Ranks): string[] {
  const texts = [...symbols]
  const next = texts.map((_, i) => (i + 1 < texts.length ? i + 1 : -1))
  const previous = texts.map((_, i) => i - 1)
  // A symbol that was joined to its left has version -1; the others' count how often they grew.
  const versions = texts.map(() => 0)
  const agenda = new Heap()
  const stamp = (left: number, right: number) => versions[left] + versions[right]
  const consider = (left: number, right: number) => {
    if (left < 0 || right < 0) return
    const place = rank(texts[left], texts[right])
    if (place !== undefined) agenda.push({ left, right, score: -place, end: stamp(left, right) })
  }
  for (let i = 1; i < texts.length; i++) consider(i - 1, i)
  for (let pair = agenda.pop(); pair; pair = agenda.pop()) {
    const { left, right, end } = pair
    // Outdated where one of the two has been joined with something else.
    if (versions[left] < 0 || versions[right] < 0 || next[left] !== right || stamp(left, right) !== end)
      continue
    texts[left] += texts[right]
    versions[left]++
    versions[right] = -1
    next[left] = next[right]
    if (next[right] >= 0) previous[next[right]] = left
    consider(previous[left], left)
    consider(left, next[left])
  }
  return texts.filter((_, i) => versions[i] >= 0)
}
