import { FlagError } from '@flag/core-tensor'

/** Nodes are numbered in 24 bits, so that a node and a byte together are 32. */
const MAX_NODES = 2 ** 24

/**
 * A trie over byte strings whose edges stand in one hash table (open addressing). A vocabulary of 250,000 pieces is
 * entered in a tenth of the time that a double array takes to build, and is followed about as fast.
 */
export class PieceTrie {
  /** Slot → node × 256 + byte of an edge; a slot is free while its child is the root, which is nobody's child. */
  #edges: Uint32Array
  #children: Uint32Array
  #shift: number
  /** Node → id of the key that ends there, -1 for none. */
  #ids = new Int32Array(1 << 10).fill(-1)
  #nodes = 1

  /** With room for about as many keys; it grows as needed. */
  constructor(keys = 0) {
    // Pieces of a vocabulary share their beginnings, and half of the slots stay free.
    const bits = Math.min(22, Math.max(12, Math.ceil(Math.log2(8 * keys + 1))))
    this.#edges = new Uint32Array(2 ** bits)
    this.#children = new Uint32Array(2 ** bits)
    this.#shift = 32 - bits
  }

  /**
   * Enters the bytes `start` to `end` as a key; false if it is there already. Throws `unsupported` for more than 2^24
   * prefixes.
   */
  add(bytes: Uint8Array, start: number, end: number, id: number): boolean {
    let node = 0
    for (let at = start; at < end; at++) node = this.child(node, bytes[at]) || this.#insert(node, bytes[at])
    if (this.#ids[node] >= 0) return false
    this.#ids[node] = id
    return true
  }

  /** The node that a byte leads to from a node; the root is 0, and so is "none". */
  child(node: number, byte: number): number {
    const slot = this.#slotOf(((node << 8) | byte) >>> 0)
    return this.#children[slot]
  }

  /** The id of the key that ends at a node, -1 for none. */
  idAt(node: number): number {
    return this.#ids[node]
  }

  /** The id of a key, -1 for bytes that are none. */
  idOf(key: Uint8Array): number {
    let node = 0
    for (const byte of key) {
      node = this.child(node, byte)
      if (node === 0) return -1
    }
    return this.#ids[node]
  }

  /** The length of the longest key at `start` of `bytes`, 0 for none. */
  longest(bytes: Uint8Array, start: number): number {
    let length = 0
    let node = 0
    for (let at = start; at < bytes.length; at++) {
      node = this.child(node, bytes[at])
      if (node === 0) break
      if (this.#ids[node] >= 0) length = at + 1 - start
    }
    return length
  }

  /** Where an edge stands, or the free slot where it would. */
  #slotOf(edge: number): number {
    const mask = this.#edges.length - 1
    let slot = Math.imul(edge, 0x9e3779b1) >>> this.#shift
    while (this.#children[slot] !== 0 && this.#edges[slot] !== edge) slot = (slot + 1) & mask
    return slot
  }

  #insert(node: number, byte: number): number {
    if (this.#nodes === MAX_NODES) throw new FlagError('unsupported', 'more than 2^24 prefixes of pieces')
    if (this.#nodes * 2 > this.#edges.length) this.#growTable()
    if (this.#nodes === this.#ids.length) {
      const grown = new Int32Array(this.#ids.length * 2).fill(-1)
      grown.set(this.#ids)
      this.#ids = grown
    }
    const edge = ((node << 8) | byte) >>> 0
    const slot = this.#slotOf(edge)
    this.#edges[slot] = edge
    this.#children[slot] = this.#nodes
    return this.#nodes++
  }

  #growTable(): void {
    const [edges, children] = [this.#edges, this.#children]
    this.#edges = new Uint32Array(edges.length * 2)
    this.#children = new Uint32Array(edges.length * 2)
    this.#shift--
    for (let i = 0; i < edges.length; i++) {
      if (children[i] === 0) continue
      const slot = this.#slotOf(edges[i])
      this.#edges[slot] = edges[i]
      this.#children[slot] = children[i]
    }
  }
}
