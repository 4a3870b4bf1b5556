/** A part of a document: which one, and its tokens from `start` to `end` within the document. */
export interface Part {
  document: number
  start: number
  end: number
}

/**
 * Puts documents into sequences of `length` tokens so that few are cut and little is padded: documents longer than a
 * sequence are cut into parts of that length, and the parts go, from the longest to the shortest, each into the fullest
 * sequence in which it fits (Ding et al. 2024, "Fewer Truncations Improve Language Modeling"). Linear in the number of
 * parts, times the logarithm of `length`.
 *
 * @param lengths tokens of each document
 * @returns the parts of each sequence, whose lengths sum to at most `length`
 */
export function packBestFit(lengths: ArrayLike<number>, length: number): Part[][] {
  const byLength: Part[][] = Array.from({ length: length + 1 }, () => [])
  for (let document = 0; document < lengths.length; document++)
    for (let start = 0; start < lengths[document]; start += length) {
      const end = Math.min(lengths[document], start + length)
      byLength[end - start].push({ document, start, end })
    }
  const sequences: Part[][] = []
  /** The sequences with exactly so much room, and a tree over the rooms that says whether there is any. */
  const withRoom: number[][] = Array.from({ length: length + 1 }, () => [])
  const rooms = new Rooms(length)
  for (let size = length; size > 0; size--)
    for (const part of byLength[size]) {
      let room = rooms.least(size)
      let sequence: number
      if (room < 0) {
        room = length
        sequence = sequences.push([]) - 1
      } else {
        sequence = withRoom[room].pop() as number
        if (withRoom[room].length === 0) rooms.set(room, false)
      }
      sequences[sequence].push(part)
      if (room === size) continue
      withRoom[room - size].push(sequence)
      rooms.set(room - size, true)
    }
  return sequences
}

/** A set of numbers from 0 to `most` that finds the least element from a number on. */
class Rooms {
  readonly #size: number
  /** A node is set if one of its children is; the leaves are the numbers. */
  readonly #tree: Uint8Array

  constructor(most: number) {
    this.#size = 2 ** Math.ceil(Math.log2(most + 1))
    this.#tree = new Uint8Array(2 * this.#size)
  }

  set(number: number, value: boolean): void {
    const tree = this.#tree
    let node = this.#size + number
    tree[node] = value ? 1 : 0
    for (node >>= 1; node > 0; node >>= 1) tree[node] = tree[2 * node] | tree[2 * node + 1]
  }

  /** The least element that is not below `from`; -1 if there is none. */
  least(from: number): number {
    const tree = this.#tree
    let node = this.#size + from
    if (tree[node]) return from
    // Up to the first right neighbour that holds something, then down to its least leaf.
    for (; node > 1; node >>= 1)
      if (node % 2 === 0 && tree[node + 1]) {
        for (node++; node < this.#size; ) node = tree[2 * node] ? 2 * node : 2 * node + 1
        return node - this.#size
      }
    return -1
  }
}
