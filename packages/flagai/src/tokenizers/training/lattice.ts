/**
 * All ways to cut strings into pieces. The pieces that fit are looked up once; while pieces are pruned, edges are only
 * taken away.
 */
export class Lattices {
  readonly #lengths: Int32Array
  /** String `s` has the positions `#first[s]` to `#first[s + 1]` - 1. */
  readonly #first: Int32Array
  /** Position `p` has the edges `#edges[p]` to `#edges[p + 1]` - 1, the shortest first. */
  #edges: Int32Array
  #pieces: Int32Array

  /** `ids` gives the pieces; those of one character must cover the strings. `lengths` are the pieces' lengths. */
  constructor(
    strings: readonly string[],
    ids: ReadonlyMap<string, number>,
    lengths: Int32Array,
    maxLength: number,
  ) {
    this.#lengths = lengths
    this.#first = new Int32Array(strings.length + 1)
    for (const [s, string] of strings.entries()) this.#first[s + 1] = this.#first[s] + string.length
    const positions = this.#first[strings.length]
    this.#edges = new Int32Array(positions + 1)
    let pieces = new Int32Array(positions * 4)
    let count = 0
    let position = 0
    for (const string of strings) {
      for (let start = 0; start < string.length; start++) {
        if (count + maxLength > pieces.length) {
          const grown = new Int32Array(pieces.length * 2 + maxLength)
          grown.set(pieces)
          pieces = grown
        }
        for (let end = start + 1; end <= Math.min(start + maxLength, string.length); end++) {
          const id = ids.get(string.slice(start, end))
          if (id !== undefined) pieces[count++] = id
        }
        this.#edges[++position] = count
      }
    }
    this.#pieces = pieces.slice(0, count)
  }

  /** Takes away the edges of pieces that are no more. */
  keep(isAlive: Uint8Array): void {
    const edges = this.#edges
    let count = 0
    let begin = 0
    for (let p = 0; p + 1 < edges.length; p++) {
      const end = edges[p + 1]
      for (let e = begin; e < end; e++) {
        if (isAlive[this.#pieces[e]]) this.#pieces[count++] = this.#pieces[e]
      }
      begin = end
      edges[p + 1] = count
    }
    this.#pieces = this.#pieces.slice(0, count)
  }

  /**
   * Expected counts of the pieces (forward-backward), string `s` counting `weights[s]` times. Returns the negative log
   * likelihood per character.
   *
   * `scale` multiplies all probabilities once per character. All ways to cut a string have the same number of
   * characters, so it cancels out; near the inverse of a character's mean probability, nothing under- or overflows.
   */
  expectedCounts(
    probabilities: Float64Array,
    weights: Float64Array,
    scale: number,
    expected: Float64Array,
  ): number {
    const lengths = this.#lengths
    const scaled = probabilities.map((probability, id) => probability * scale ** lengths[id])
    const edges = this.#edges
    const pieces = this.#pieces
    const ahead = new Float64Array(128)
    const behind = new Float64Array(128)
    let loss = 0
    let characters = 0
    for (let s = 0; s + 1 < this.#first.length; s++) {
      const first = this.#first[s]
      const size = this.#first[s + 1] - first
      ahead.fill(0, 0, size + 1)
      ahead[0] = 1
      for (let i = 0; i < size; i++) {
        const here = ahead[i]
        for (let e = edges[first + i]; e < edges[first + i + 1]; e++) {
          const id = pieces[e]
          ahead[i + lengths[id]] += here * scaled[id]
        }
      }
      const total = ahead[size]
      behind[size] = weights[s] / total
      for (let i = size - 1; i >= 0; i--) {
        let sum = 0
        const here = ahead[i]
        for (let e = edges[first + i]; e < edges[first + i + 1]; e++) {
          const id = pieces[e]
          const rest = scaled[id] * behind[i + lengths[id]]
          expected[id] += here * rest
          sum += rest
        }
        behind[i] = sum
      }
      loss -= weights[s] * (Math.log(total) - size * Math.log(scale))
      characters += weights[s] * size
    }
    return loss / characters
  }

  /**
   * The most probable way to cut string `s` (Viterbi), as ids; `without` is a piece not to use. Empty when there is
   * none.
   */
  best(s: number, scores: Float64Array, without = -1): number[] {
    const lengths = this.#lengths
    const first = this.#first[s]
    const size = this.#first[s + 1] - first
    const best = new Float64Array(size + 1).fill(Number.NEGATIVE_INFINITY)
    const by = new Int32Array(size + 1)
    best[0] = 0
    for (let i = 0; i < size; i++) {
      for (let e = this.#edges[first + i]; e < this.#edges[first + i + 1]; e++) {
        const id = this.#pieces[e]
        const end = i + lengths[id]
        if (id === without || best[i] + scores[id] <= best[end]) continue
        best[end] = best[i] + scores[id]
        by[end] = id
      }
    }
    const ids: number[] = []
    if (best[size] === Number.NEGATIVE_INFINITY) return ids
    for (let end = size; end > 0; end -= lengths[by[end]]) ids.push(by[end])
    return ids.reverse()
  }
}
