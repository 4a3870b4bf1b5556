/** A row and its dot product with the query. */
export interface Scored {
  index: number
  score: number
}

/** Orders best first; equal scores in the order of the rows. */
const better = (a: Scored, b: Scored) => a.score > b.score || (a.score === b.score && a.index < b.index)

/** Puts `item` in place of the worst of a heap whose root is the worst. */
function replaceWorst(heap: Scored[], item: Scored): void {
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && better(heap[child], heap[child + 1])) child++
    if (!better(item, heap[child])) break
    heap[at] = heap[child]
    at = child
  }
  heap[at] = item
}

/** Dot product of `factors` with as many numbers of `vectors` from `start`. */
function dot(vectors: Float32Array, start: number, factors: Float64Array): number {
  // Four sums, so that an addition need not wait for the one before it.
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  let i = 0
  let at = start
  for (; i + 3 < factors.length; i += 4, at += 4) {
    a += vectors[at] * factors[i]
    b += vectors[at + 1] * factors[i + 1]
    c += vectors[at + 2] * factors[i + 2]
    d += vectors[at + 3] * factors[i + 3]
  }
  for (; i < factors.length; i++, at++) a += vectors[at] * factors[i]
  return a + b + c + d
}

/**
 * The `k` rows of `vectors` (row-major, `query.length` numbers each) with the largest dot product, best first.
 * With vectors of length 1 the score is the cosine similarity. Rows whose score is NaN are never returned.
 */
export function topK(vectors: Float32Array, query: Float32Array, k: number): Scored[] {
  const size = query.length
  const count = size === 0 ? 0 : Math.trunc(vectors.length / size)
  const limit = Math.min(k, count)
  const heap: Scored[] = Array.from({ length: Math.max(0, limit) }, () => ({
    index: count,
    score: Number.NEGATIVE_INFINITY,
  }))
  if (heap.length === 0) return []
  const factors = Float64Array.from(query)
  for (let index = 0; index < count; index++) {
    const score = dot(vectors, index * size, factors)
    if (score >= heap[0].score && better({ index, score }, heap[0])) replaceWorst(heap, { index, score })
  }
  return heap.filter(({ index }) => index < count).sort((x, y) => (better(x, y) ? -1 : 1))
}
