import type { SymbolMatcher } from './normalizer.ts'
import type { Segmentation } from './unigram.ts'
import { binaryOf, characterLength } from './utf8.ts'

export interface BpePieces {
  /** Ids of the pieces that occur in texts, by their UTF-8 bytes as characters. */
  readonly ids: ReadonlyMap<string, number>
  readonly scores: Float32Array
  readonly isUnused: (id: number) => boolean
  readonly symbol: SymbolMatcher
  readonly unknownId: number
}

export interface Pair {
  left: number
  right: number
  score: number
  end: number
}

/**
 * Byte-pair encoding (Sennrich et al. 2016) as SentencePiece does it: of all neighbours whose union is a piece, the
 * best-scored pair is joined first, the leftmost of equals. User-defined symbols are never joined. Unused pieces serve
 * for joining only and are taken apart again.
 */
export function segmentBpe(text: Uint8Array, pieces: BpePieces): Segmentation {
  const { ids, scores, isUnused } = pieces
  const bytes = binaryOf(text)
  const starts: number[] = []
  const frozen: boolean[] = []
  for (let at = 0; at < text.length; ) {
    const symbol = pieces.symbol(text, at)
    starts.push(at)
    frozen.push(symbol > 0)
    at = Math.min(text.length, at + (symbol || characterLength(text[at])))
  }
  // Symbol i covers the bytes starts[i] to ends[i]; a symbol that was joined to its left has ends[i] = -1.
  const ends = starts.map((_, i) => starts[i + 1] ?? text.length)
  const next = starts.map((_, i) => (i + 1 < starts.length ? i + 1 : -1))
  const previous = starts.map((_, i) => i - 1)
  const agenda = new Heap()
  const joins = new Map<string, number>()
  const consider = (left: number, right: number) => {
    if (left < 0 || right < 0 || frozen[left] || frozen[right]) return
    const piece = bytes.slice(starts[left], ends[right])
    const id = ids.get(piece)
    if (id === undefined) return
    agenda.push({ left, right, score: scores[id], end: ends[right] })
    if (isUnused(id)) joins.set(piece, ends[left] - starts[left])
  }
  for (let i = 1; i < starts.length; i++) consider(i - 1, i)
  for (let pair = agenda.pop(); pair; pair = agenda.pop()) {
    const { left, right, end } = pair
    // Outdated where one of the two has been joined with something else.
    if (ends[left] < 0 || ends[left] !== starts[right] || ends[right] !== end) continue
    ends[left] = end
    ends[right] = -1
    next[left] = next[right]
    if (next[right] >= 0) previous[next[right]] = left
    consider(previous[left], left)
    consider(left, next[left])
  }
  const result: Segmentation = { ids: [], ends: [] }
  const emit = (start: number, end: number): void => {
    const piece = bytes.slice(start, end)
    const id = ids.get(piece) ?? pieces.unknownId
    const cut = isUnused(id) ? joins.get(piece) : undefined
    if (cut === undefined) {
      result.ids.push(id)
      result.ends.push(end)
    } else {
      emit(start, start + cut)
      emit(start + cut, end)
    }
  }
  for (let i = starts.length > 0 ? 0 : -1; i >= 0; i = next[i]) emit(starts[i], ends[i])
  return result
}

/** A binary heap: the best score first, the leftmost of equals. */
export class Heap {
  readonly #items: Pair[] = []

  push(item: Pair): void {
    const items = this.#items
    let at = items.push(item) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!before(items[at], items[parent])) break
      ;[items[at], items[parent]] = [items[parent], items[at]]
      at = parent
    }
  }

  pop(): Pair | undefined {
    const items = this.#items
    const top = items[0]
    const last = items.pop()
    if (items.length === 0 || last === undefined) return top
    items[0] = last
    for (let at = 0; ; ) {
      let best = at
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < items.length && before(items[child], items[best])) best = child
      }
      if (best === at) return top
      ;[items[at], items[best]] = [items[best], items[at]]
      at = best
    }
  }
}

const before = (a: Pair, b: Pair) => a.score > b.score || (a.score === b.score && a.left < b.left)
