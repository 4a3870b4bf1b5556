import { type Corpus, classOf } from './corpus.ts'

export interface Seeds {
  /** The pieces: first every single character, in the alphabet's order, then substrings. */
  readonly pieces: string[]
  /** How often each occurs in the corpus. */
  readonly counts: Float64Array
}

/**
 * The pieces to start from: all characters, and of the substrings that occur twice or more the `size` ones that cover
 * most text (count × length).
 */
export function frequentSubstrings(corpus: Corpus, maxLength: number, size: number): Seeds {
  const { stretches, counts, alphabet } = corpus
  const classes = alphabet.map(classOf)
  const singles = new Float64Array(alphabet.length)
  for (const [s, stretch] of stretches.entries()) {
    for (let i = 0; i < stretch.length; i++) singles[stretch.charCodeAt(i)] += counts[s]
  }
  const found: [piece: string, count: number][] = []
  // Length by length: a substring occurs twice only if the one without its last character does.
  let shorter = new Set<string>()
  for (let length = 2; length <= maxLength; length++) {
    const sums = new Map<string, number>()
    for (const [s, stretch] of stretches.entries()) {
      for (let start = 0; start + length <= stretch.length; start++) {
        if (length > 2 && !shorter.has(stretch.slice(start, start + length - 1))) continue
        const piece = stretch.slice(start, start + length)
        sums.set(piece, (sums.get(piece) ?? 0) + counts[s])
      }
    }
    shorter = new Set()
    for (const [piece, count] of sums) {
      if (count < 2 || !isOneClass(piece, classes)) continue
      shorter.add(piece)
      found.push([piece, count])
    }
    if (shorter.size === 0) break
  }
  const score = ([piece, count]: [string, number]) => piece.length * count
  found.sort((a, b) => score(b) - score(a) || (a[0] < b[0] ? -1 : 1))
  found.length = Math.min(found.length, size)
  return {
    pieces: [...alphabet.map((_, i) => String.fromCharCode(i)), ...found.map(([piece]) => piece)],
    counts: Float64Array.from([...singles, ...found.map(([, count]) => count)]),
  }
}

function isOneClass(piece: string, classes: readonly number[]): boolean {
  let first = 0
  for (let i = 0; i < piece.length; i++) {
    const current = classes[piece.charCodeAt(i)]
    if (current !== 0 && first !== 0 && current !== first) return false
    first ||= current
  }
  return true
}
