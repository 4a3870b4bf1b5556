import { FlagError } from '@flag/core-tensor'
import type { ByteStrings } from './pieceTable.ts'

/** Nodes are numbered in 24 bits, so that a node and a byte together are 32. */
const MAX_NODES = 2 ** 24

/** What is known of a node, side by side: four numbers of `#nodes`. */
const [KEY, FROM, COUNT, DEPTH, FIELDS] = [0, 1, 2, 3, 4]

/**
 * A trie over byte strings that is built where it is walked: a text pays for the prefixes that it touches, and opening a
 * vocabulary of 250,000 pieces costs next to nothing.
 *
 * A node that nobody asked for a child is only a range of `#order` with the ids of the longer keys that begin with it.
 * At the first such question the range is sorted by the next byte, and every byte that occurs gets a node with its part
 * of the range. The edges of all nodes stand in one hash table (open addressing).
 *
 * The strings are not copied: they must stay as they are.
 */
export class PieceTrie {
  readonly #keys: ByteStrings
  readonly #order: Int32Array
  /** The range that is being sorted, and for each byte how many of its keys are longer and where they go. */
  readonly #scratch: Int32Array
  readonly #heads = new Int32Array(256)
  readonly #longer = new Int32Array(256)
  /**
   * Two numbers a slot, side by side since both are read at once: node × 256 + byte of an edge, and the child that it
   * leads to. A slot is free while its child is the root, which is nobody's child.
   */
  #slots = new Uint32Array(2 ** 13)
  #shift = 20
  /**
   * `KEY`: id of the key that ends at a node, -1 for none. `FROM`, `COUNT`: its part of `#order`; nothing is left once
   * it has its children. `DEPTH`: bytes from the root.
   */
  #nodes = new Int32Array(FIELDS << 10)
  #size = 1

  /** Over all strings of a table, or those of `ids` in rising order. Of equal ones the first is entered. */
  constructor(keys: ByteStrings, ids?: readonly number[]) {
    const { starts, ends } = keys
    const count = ids?.length ?? starts.length
    this.#keys = keys
    this.#order = new Int32Array(count)
    this.#scratch = new Int32Array(count)
    const order = this.#order
    let [longer, empty] = [0, -1]
    for (let i = 0; i < count; i++) {
      const id = ids === undefined ? i : ids[i]
      if (ends[id] > starts[id]) order[longer++] = id
      else if (empty < 0) empty = id
    }
    this.#nodes[KEY] = empty
    this.#nodes[COUNT] = longer
  }

  /**
   * The node that a byte leads to from a node; the root is 0, and so is "none". Throws `unsupported` where more than
   * 2^24 prefixes would have been walked.
   */
  child(node: number, byte: number): number {
    const edge = ((node << 8) | byte) >>> 0
    const child = this.#slots[this.#slotOf(edge) + 1]
    if (child !== 0 || this.#nodes[node * FIELDS + COUNT] === 0) return child
    this.#open(node)
    return this.#slots[this.#slotOf(edge) + 1]
  }

  /** The id of the key that ends at a node, -1 for none. */
  idAt(node: number): number {
    return this.#nodes[node * FIELDS + KEY]
  }

  /** The id of a key, -1 for bytes that are none. */
  idOf(key: Uint8Array): number {
    let node = 0
    for (const byte of key) {
      node = this.child(node, byte)
      if (node === 0) return -1
    }
    return this.idAt(node)
  }

  /** The length of the longest key at `start` of `bytes`, 0 for none. */
  longest(bytes: Uint8Array, start: number): number {
    let length = 0
    let node = 0
    for (let at = start; at < bytes.length; at++) {
      node = this.child(node, bytes[at])
      if (node === 0) break
      if (this.idAt(node) >= 0) length = at + 1 - start
    }
    return length
  }

  /** Gives a node its children. */
  #open(node: number): void {
    const { bytes, starts, ends } = this.#keys
    const [order, ids, heads, longer] = [this.#order, this.#scratch, this.#heads, this.#longer]
    const from = this.#nodes[node * FIELDS + FROM]
    const count = this.#nodes[node * FIELDS + COUNT]
    const depth = this.#nodes[node * FIELDS + DEPTH]
    if (count === 1) {
      // Most nodes of a vocabulary have one child: the rest of one long key.
      const id = order[from]
      const at = starts[id] + depth
      const isLonger = at + 1 < ends[id]
      this.#reserve(this.#size + 1)
      const child = this.#size++
      this.#insert(node, bytes[at], child, isLonger ? -1 : id, from, depth + 1)
      this.#nodes[child * FIELDS + COUNT] = isLonger ? 1 : 0
      this.#nodes[node * FIELDS + COUNT] = 0
      return
    }
    // Numbers of the children first: nothing has changed yet if there are too many.
    heads.fill(0)
    longer.fill(0)
    let size = this.#size
    for (let i = 0; i < count; i++) {
      const id = order[from + i]
      const at = starts[id] + depth
      const byte = bytes[at]
      ids[i] = id
      if (heads[byte] === 0) heads[byte] = size++
      if (at + 1 < ends[id]) longer[byte]++
    }
    this.#reserve(size)
    const nodes = this.#nodes
    nodes[node * FIELDS + COUNT] = 0
    for (let byte = 0, next = from; byte < 256; byte++) {
      const child = heads[byte]
      if (child === 0) continue
      this.#insert(node, byte, child, -1, next, depth + 1)
      next += longer[byte]
    }
    this.#size = size
    for (let i = 0; i < count; i++) {
      const id = ids[i]
      const at = starts[id] + depth
      const child = heads[bytes[at]] * FIELDS
      if (at + 1 < ends[id]) order[nodes[child + FROM] + nodes[child + COUNT]++] = id
      else if (nodes[child + KEY] < 0) nodes[child + KEY] = id
    }
  }

  /** Enters a child, with none of its longer keys yet. */
  #insert(node: number, byte: number, child: number, key: number, from: number, depth: number): void {
    const edge = ((node << 8) | byte) >>> 0
    const slot = this.#slotOf(edge)
    this.#slots[slot] = edge
    this.#slots[slot + 1] = child
    this.#nodes[child * FIELDS + KEY] = key
    this.#nodes[child * FIELDS + FROM] = from
    this.#nodes[child * FIELDS + DEPTH] = depth
  }

  /** Where an edge stands, or the free slot where it would. */
  #slotOf(edge: number): number {
    const slots = this.#slots
    const mask = slots.length - 1
    let at = (Math.imul(edge, 0x9e3779b1) >>> this.#shift) << 1
    while (slots[at + 1] !== 0 && slots[at] !== edge) at = (at + 2) & mask
    return at
  }

  /** Makes room for `size` nodes; at least half of the slots stay free. */
  #reserve(size: number): void {
    if (size > MAX_NODES) throw new FlagError('unsupported', 'more than 2^24 prefixes of pieces')
    if (size * FIELDS > this.#nodes.length) {
      const grown = new Int32Array(this.#nodes.length * 2)
      grown.set(this.#nodes)
      this.#nodes = grown
    }
    if (size * 4 <= this.#slots.length) return
    const slots = this.#slots
    this.#slots = new Uint32Array(slots.length * 2)
    this.#shift--
    for (let i = 0; i < slots.length; i += 2) {
      if (slots[i + 1] === 0) continue
      const at = this.#slotOf(slots[i])
      this.#slots[at] = slots[i]
      this.#slots[at + 1] = slots[i + 1]
    }
  }
}
