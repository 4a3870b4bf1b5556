import type { PieceTrie } from './pieceTrie.ts'
import { characterLength } from './utf8.ts'

/** How a text was cut: piece `i` has id `ids[i]` and ends before byte `ends[i]`. */
export interface Segmentation {
  readonly ids: number[]
  readonly ends: number[]
}

/** How much worse than the worst piece an unknown character is. */
const UNKNOWN_PENALTY = 10

/** What the segmentation needs to know of the pieces. */
export interface UnigramPieces {
  /** All pieces, as UTF-8. */
  readonly trie: PieceTrie
  readonly scores: Float32Array
  /** Whether a piece may be part of a text. */
  readonly isUsed: (id: number) => boolean
  readonly isUserDefined: (id: number) => boolean
  readonly unknownId: number
  /** Of the normal pieces. */
  readonly minScore: number
  readonly maxScore: number
}

/**
 * The most probable segmentation (Viterbi; Kudo 2018, section 3.2). Characters that no piece covers are unknown.
 *
 * Sums are rounded to float32 where SentencePiece rounds them, so that ties fall the same way.
 */
export function segmentUnigram(text: Uint8Array, pieces: UnigramPieces): Segmentation {
  const { trie, scores, unknownId, maxScore } = pieces
  const size = text.length
  const best = new Float32Array(size + 1)
  const from = new Int32Array(size + 1).fill(-1)
  const by = new Int32Array(size + 1)
  const unknownScore = Math.fround(pieces.minScore - UNKNOWN_PENALTY)
  const reach = (start: number, end: number, score: number, id: number) => {
    if (from[end] >= 0 && score <= best[end]) return
    best[end] = score
    from[end] = start
    by[end] = id
  }
  for (let start = 0; start < size; ) {
    const sofar = best[start]
    const next = Math.min(start + characterLength(text[start]), size)
    let isCovered = false
    let node = 0
    for (let at = start; at < size; at++) {
      node = trie.child(node, text[at])
      if (node === 0) break
      const id = trie.idAt(node)
      if (id < 0 || !pieces.isUsed(id)) continue
      const end = at + 1
      const score = pieces.isUserDefined(id)
        ? Math.fround((end - start) * maxScore) - 0.1 + sofar
        : Math.fround(scores[id] + sofar)
      reach(start, end, score, id)
      if (end === next) isCovered = true
    }
    if (!isCovered) reach(start, next, Math.fround(unknownScore + sofar), unknownId)
    start = next
  }
  const ids: number[] = []
  const ends: number[] = []
  for (let end = size; end > 0; end = from[end]) {
    ids.push(by[end])
    ends.push(end)
  }
  return { ids: ids.reverse(), ends: ends.reverse() }
}
