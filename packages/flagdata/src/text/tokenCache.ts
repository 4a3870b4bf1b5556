import { randomInt } from 'node:crypto'

const MULTIPLIER = 0x01000193

/** Where hashes start: anew in each process, so that no text can be made whose parts all have the same. */
export const HASH_START: number = randomInt(2 ** 32)

/** The hash of units of UTF-16 from `HASH_START` on, one after the other. */
export const addToHash = (hash: number, unit: number): number => Math.imul(hash ^ unit, MULTIPLIER)

/**
 * Remembers the tokens of parts of texts. A part is looked up by its units, so that no string is made for it and no
 * text is kept in memory because of its parts.
 */
export class TokenCache {
  /** Pairs of hash and number of the entry, counted from 1. */
  #slots = new Uint32Array(1 << 12)
  #units = new Uint16Array(1 << 14)
  /** The tokens of all entries, one after the other. */
  ids: Uint32Array = new Uint32Array(1 << 12)
  /** Where the units and the ids of each entry start; one more marks the end. */
  #unitStarts = new Uint32Array(1 << 10)
  #idStarts = new Uint32Array(1 << 10)
  #size = 0

  /** Parts that are remembered. */
  get size(): number {
    return this.#size
  }

  /** Where the tokens of an entry start in `ids`, and those of the entry before it end. */
  start(entry: number): number {
    return this.#idStarts[entry]
  }

  /** The entry of `text.slice(start, end)`, whose hash is given; -1 if it is not known. */
  find(text: string, start: number, end: number, hash: number): number {
    const slots = this.#slots
    const mask = slots.length / 2 - 1
    for (let slot = mix(hash) & mask; slots[2 * slot + 1] !== 0; slot = (slot + 1) & mask) {
      if (slots[2 * slot] !== hash >>> 0) continue
      const entry = slots[2 * slot + 1] - 1
      let at = this.#unitStarts[entry]
      if (this.#unitStarts[entry + 1] - at !== end - start) continue
      let i = start
      while (i < end && this.#units[at] === text.charCodeAt(i)) {
        i++
        at++
      }
      if (i === end) return entry
    }
    return -1
  }

  /** Remembers tokens that `find` did not know. */
  add(part: string, hash: number, ids: Uint32Array): void {
    const entry = this.#size++
    if (4 * this.#size > this.#slots.length) this.#grow()
    const unitsEnd = this.#unitStarts[entry] + part.length
    const idsEnd = this.#idStarts[entry] + ids.length
    this.#units = withRoom(this.#units, unitsEnd)
    this.ids = withRoom(this.ids, idsEnd)
    this.#unitStarts = withRoom(this.#unitStarts, entry + 2)
    this.#idStarts = withRoom(this.#idStarts, entry + 2)
    for (let i = 0; i < part.length; i++) this.#units[this.#unitStarts[entry] + i] = part.charCodeAt(i)
    this.ids.set(ids, this.#idStarts[entry])
    this.#unitStarts[entry + 1] = unitsEnd
    this.#idStarts[entry + 1] = idsEnd
    this.#place(hash, entry)
  }

  #place(hash: number, entry: number): void {
    const mask = this.#slots.length / 2 - 1
    let slot = mix(hash) & mask
    while (this.#slots[2 * slot + 1] !== 0) slot = (slot + 1) & mask
    this.#slots[2 * slot] = hash
    this.#slots[2 * slot + 1] = entry + 1
  }

  #grow(): void {
    const old = this.#slots
    this.#slots = new Uint32Array(2 * old.length)
    for (let i = 0; i < old.length; i += 2) if (old[i + 1] !== 0) this.#place(old[i], old[i + 1] - 1)
  }
}

function mix(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  return mixed ^ (mixed >>> 13)
}

function withRoom<T extends Uint16Array | Uint32Array>(array: T, length: number): T {
  if (length <= array.length) return array
  const larger = new (array.constructor as new (length: number) => T)(Math.max(length, 2 * array.length))
  larger.set(array)
  return larger
}
