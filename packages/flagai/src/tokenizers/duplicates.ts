import type { ByteStrings } from './pieceTable.ts'

/**
 * The first id whose string occurred before, -1 for none. Exact: a hash table (open addressing) keeps the hash and the
 * id of a string side by side, and bytes are compared where 32 bits agree.
 */
export function firstDuplicate(strings: ByteStrings): number {
  const hashes = hashesOf(strings)
  const bits = Math.ceil(Math.log2(2 * hashes.length + 2))
  const shift = 32 - bits
  // Two numbers a slot: hash, and id + 1; 0 while it is free.
  const slots = new Int32Array(2 ** (bits + 1))
  const mask = slots.length - 1
  // Nearly every step waits for memory: with the hashes made before, many of them wait at the same time.
  for (let id = 0; id < hashes.length; id++) {
    const hash = hashes[id]
    let at = (hash >>> shift) << 1
    for (; slots[at + 1] !== 0; at = (at + 2) & mask) {
      if (slots[at] === hash && areEqual(strings, slots[at + 1] - 1, id)) return id
    }
    slots[at] = hash
    slots[at + 1] = id + 1
  }
  return -1
}

function hashesOf({ bytes, starts, ends }: ByteStrings): Int32Array {
  // Random, so that nobody can make a file whose strings all have one hash.
  const seed = (Math.random() * 2 ** 32) | 0
  const factor = (Math.random() * 2 ** 32) | 1
  const hashes = new Int32Array(starts.length)
  for (let id = 0; id < hashes.length; id++) {
    const end = ends[id]
    let hash = seed
    for (let at = starts[id]; at < end; at++) {
      hash = Math.imul(hash ^ bytes[at], factor)
      hash ^= hash >>> 15
    }
    hashes[id] = Math.imul(hash, 0x9e3779b1)
  }
  return hashes
}

function areEqual({ bytes, starts, ends }: ByteStrings, a: number, b: number): boolean {
  const length = ends[a] - starts[a]
  if (length !== ends[b] - starts[b]) return false
  for (let i = 0; i < length; i++) if (bytes[starts[a] + i] !== bytes[starts[b] + i]) return false
  return true
}
