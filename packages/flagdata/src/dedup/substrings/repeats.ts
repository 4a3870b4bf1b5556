import { suffixArray } from './suffixArray.ts'

/** Documents one after the other, as numbers below `alphabet`; nothing stands between them. */
export interface Corpus {
  sequence: Uint8Array | Int32Array
  alphabet: number
  /** Where each document starts, ascending; one more entry marks the end. */
  starts: Float64Array | Uint32Array
}

/** Whether of a repeated passage its first occurrence stays, or none, as in Google's tool. */
export type Keep = 'first' | 'none'

/**
 * Finds what occurs more than once: an element is marked if some `length` consecutive elements around it, in one
 * document, occur elsewhere too (`none`), or earlier (`first`). Lee et al., Deduplicating Training Data Makes Language
 * Models Better, 2021, section 4.2 (https://arxiv.org/abs/2107.06499).
 *
 * Time: linear. Memory: 16 bytes per element besides the sequence.
 *
 * @returns a bit for each element
 */
export function markRepeats({ sequence, alphabet, starts }: Corpus, length: number, keep: Keep): Uint8Array {
  const n = sequence.length
  const marks = new Uint8Array((n >> 3) + 1)
  if (n < length) return marks
  const suffixes = suffixArray(sequence, alphabet)
  const common = commonPrefixes(sequence, suffixes)
  // Where windows of a repeat begin; a window must lie in one document.
  const begins = new Uint8Array((n >> 3) + 1)
  const fits = windowsInside(starts, n, length)
  for (let from = 0, to = 0; from < n; from = to) {
    // Suffixes from `from` up to `to` begin with the same window.
    for (to = from + 1; to < n && common[to] >= length; to++);
    if (to - from < 2) continue
    let first = -1
    let occurrences = 0
    for (let i = from; i < to; i++) {
      const at = suffixes[i]
      if (bit(fits, at) === 0) continue
      occurrences++
      if (first < 0 || at < first) first = at
    }
    if (occurrences < 2) continue
    for (let i = from; i < to; i++) {
      const at = suffixes[i]
      if (bit(fits, at) === 1 && !(keep === 'first' && at === first)) begins[at >> 3] |= 1 << (at & 7)
    }
  }
  let until = 0
  for (let i = 0; i < n; i++) {
    if (bit(begins, i) === 1) until = i + length
    if (i < until) marks[i >> 3] |= 1 << (i & 7)
  }
  return marks
}

const bit = (bits: Uint8Array, i: number) => (bits[i >> 3] >> (i & 7)) & 1

/** A bit for each element at which a window begins that ends in the same document. */
function windowsInside(starts: Corpus['starts'], n: number, length: number): Uint8Array {
  const fits = new Uint8Array((n >> 3) + 1)
  for (let document = 0; document + 1 < starts.length; document++)
    for (let i = starts[document]; i + length <= starts[document + 1]; i++) fits[i >> 3] |= 1 << (i & 7)
  return fits
}

/**
 * How many elements each suffix shares with the one before it in the order; 0 for the first. Kärkkäinen, Manzini and
 * Puglisi, Permuted longest-common-prefix array, 2009.
 */
function commonPrefixes(sequence: Uint8Array | Int32Array, suffixes: Int32Array): Int32Array {
  const n = suffixes.length
  const before = new Int32Array(n)
  for (let i = 0; i < n; i++) before[suffixes[i]] = i === 0 ? -1 : suffixes[i - 1]
  let shared = 0
  for (let i = 0; i < n; i++) {
    const other = before[i]
    if (other < 0) shared = 0
    else
      while (i + shared < n && other + shared < n && sequence[i + shared] === sequence[other + shared])
        shared++
    // From here on the place holds the length, in the order of the text.
    before[i] = shared
    if (shared > 0) shared--
  }
  const common = new Int32Array(n)
  for (let i = 0; i < n; i++) common[i] = before[suffixes[i]]
  return common
}

/** The marked parts of one document, as pairs of start and end from its start. */
export function markedSpans(marks: Uint8Array, start: number, end: number): { start: number; end: number }[] {
  const spans: { start: number; end: number }[] = []
  for (let i = start; i < end; ) {
    if (bit(marks, i) === 0) {
      i++
      continue
    }
    const from = i
    while (i < end && bit(marks, i) === 1) i++
    spans.push({ start: from - start, end: i - start })
  }
  return spans
}
