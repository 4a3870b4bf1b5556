import type { Words } from '../text/tokenizer.ts'

/**
 * Counting repeated n-grams without making a string for any: n-grams are found by hash in an open-addressed table
 * and compared in full, so the counts are exact. The tables are kept from document to document.
 */

const MULTIPLIER = 0x9e3779b1

/** A slot holds the position of the n-gram's first occurrence, valid if its stamp is that of the current use. */
let slots = new Uint32Array(1 << 12)
let stamps = new Uint32Array(1 << 12)
let counts = new Uint32Array(1 << 12)
let stamp = 0

/** Makes room for `entries` n-grams and forgets all earlier ones. Returns the mask of the table. */
function clear(entries: number): number {
  let size = slots.length
  while (size < entries * 2) size *= 2
  if (size !== slots.length || stamp === 0xffffffff) {
    slots = new Uint32Array(size)
    stamps = new Uint32Array(size)
    counts = new Uint32Array(size)
    stamp = 0
  }
  stamp++
  return size - 1
}

/**
 * Characters of the most frequent n-gram times its count; the earliest n-gram of equal counts decides. An n-gram is
 * its words joined by a space. 0 if there is none.
 */
export function topNgramCharacters({ ids, vocabulary }: Words, n: number): number {
  const last = ids.length - n
  if (last < 0) return 0
  const mask = clear(last + 1)
  let topCount = 0
  let topAt = 0
  for (let i = 0; i <= last; i++) {
    let hash = ids[i]
    for (let k = 1; k < n; k++) hash = Math.imul(hash ^ (hash >>> 15), MULTIPLIER) + ids[i + k]
    hash = Math.imul(hash ^ (hash >>> 16), MULTIPLIER)
    let slot = (hash ^ (hash >>> 15)) & mask
    for (;;) {
      if (stamps[slot] !== stamp) {
        stamps[slot] = stamp
        slots[slot] = i
        counts[slot] = 0
        break
      }
      const at = slots[slot]
      let same = 0
      while (same < n && ids[at + same] === ids[i + same]) same++
      if (same === n) break
      slot = (slot + 1) & mask
    }
    const count = ++counts[slot]
    const at = slots[slot]
    // Among equal counts the one seen first wins, however late it reached the count.
    if (count > topCount || (count === topCount && at < topAt)) {
      topCount = count
      topAt = at
    }
  }
  let characters = n - 1
  for (let k = 0; k < n; k++) characters += vocabulary.lengths[ids[topAt + k]]
  return characters * topCount
}

/** The words of a document one after the other, without anything between them, as UTF-16 units. */
export interface Run {
  units: Uint16Array
  /** Where each word starts in `units`; one more entry marks the end. */
  starts: Uint32Array
  /** Code points before each word. */
  characters: Uint32Array
  /** Polynomial hash of `units` up to the start of each word, modulo 2^32. */
  hashes: Uint32Array
  words: number
}

const BASE = 0x01000193

const run: Run = {
  units: new Uint16Array(0),
  starts: new Uint32Array(0),
  characters: new Uint32Array(0),
  hashes: new Uint32Array(0),
  words: 0,
}

/** Powers of the base modulo 2^32, as far as they were needed. */
let powers = Uint32Array.of(1)

function powerOfBase(exponent: number): number {
  if (exponent >= powers.length) {
    const larger = new Uint32Array(exponent * 2)
    larger.set(powers)
    for (let i = powers.length; i < larger.length; i++) larger[i] = Math.imul(larger[i - 1], BASE)
    powers = larger
  }
  return powers[exponent]
}

/** Lays the words out for `duplicateNgramCharacters`. The result is valid until the next call. */
export function joinWords({ ids, vocabulary }: Words): Run {
  const { texts, lengths } = vocabulary
  let units = 0
  for (let i = 0; i < ids.length; i++) units += texts[ids[i]].length
  if (run.units.length < units) run.units = new Uint16Array(units * 2)
  if (run.starts.length <= ids.length) {
    const size = ids.length * 2 + 2
    run.starts = new Uint32Array(size)
    run.characters = new Uint32Array(size)
    run.hashes = new Uint32Array(size)
  }
  let at = 0
  let hash = 0
  let characters = 0
  for (let i = 0; i <= ids.length; i++) {
    run.starts[i] = at
    run.characters[i] = characters
    run.hashes[i] = hash
    if (i === ids.length) break
    const word = texts[ids[i]]
    characters += lengths[ids[i]]
    for (let k = 0; k < word.length; k++) {
      const unit = word.charCodeAt(k)
      run.units[at++] = unit
      hash = (Math.imul(hash, BASE) + unit) | 0
    }
  }
  run.words = ids.length
  return run
}

/**
 * Characters in n-grams that occurred before, going from left to right: a repeated n-gram is counted and passed over
 * as a whole, any other is remembered and its first word passed over. N-grams are compared as their words joined
 * without a space, so `a bc` repeats `ab c`.
 */
export function duplicateNgramCharacters(
  { units, starts, characters, hashes, words }: Run,
  n: number,
): number {
  const last = words - n
  if (last < 0) return 0
  const mask = clear(last + 1)
  let repeated = 0
  for (let i = 0; i <= last; ) {
    const from = starts[i]
    const size = starts[i + n] - from
    // Hash of the part: the whole up to its end less the whole up to its start, shifted there.
    let hash = (hashes[i + n] - Math.imul(hashes[i], powerOfBase(size))) | 0
    hash = Math.imul(hash ^ (hash >>> 16), MULTIPLIER)
    let slot = (hash ^ (hash >>> 15)) & mask
    let seen = false
    while (stamps[slot] === stamp) {
      const other = slots[slot]
      const start = starts[other]
      if (starts[other + n] - start === size) {
        let same = 0
        while (same < size && units[start + same] === units[from + same]) same++
        if (same === size) {
          seen = true
          break
        }
      }
      slot = (slot + 1) & mask
    }
    if (seen) {
      repeated += characters[i + n] - characters[i]
      i += n
    } else {
      stamps[slot] = stamp
      slots[slot] = i
      i++
    }
  }
  return repeated
}
