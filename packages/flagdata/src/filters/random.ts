import { xxhash, xxhash64 } from '../dedup/xxhash64.ts'

const encoder = new TextEncoder()

/** A number from 0 to below 1 that depends on a document's id and a seed alone: the same in every thread and run. */
export function uniformOf(id: string, seed: number): number {
  const bytes = encoder.encode(`${seed}\0${id}`)
  xxhash64(bytes, 0, bytes.length)
  return ((xxhash.high >>> 5) * 2 ** 26 + (xxhash.low >>> 6)) / 2 ** 53
}

const MASK_64 = (1n << 64n) - 1n
const MASK_128 = (1n << 128n) - 1n
const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n

/** The 32-bit words that numpy's `SeedSequence` makes of a seed below 2³². */
function seedWords(seed: number, count: number): Uint32Array {
  let constant = 0x43b0d7e5
  const hash = (value: number): number => {
    let mixed = value ^ constant
    constant = Math.imul(constant, 0x931e8875)
    mixed = Math.imul(mixed, constant)
    return mixed ^ (mixed >>> 16)
  }
  const pool = Int32Array.from([seed, 0, 0, 0], (word) => hash(word))
  for (let from = 0; from < 4; from++)
    for (let to = 0; to < 4; to++) {
      if (from === to) continue
      const mixed = (Math.imul(0xca01f9dd, pool[to]) - Math.imul(0x4973f715, hash(pool[from]))) | 0
      pool[to] = mixed ^ (mixed >>> 16)
    }
  constant = 0x8b51f9dd
  return Uint32Array.from({ length: count }, (_, i) => {
    let word = pool[i % 4] ^ constant
    constant = Math.imul(constant, 0x58f38ded)
    word = Math.imul(word, constant)
    return word ^ (word >>> 16)
  })
}

/**
 * The stream of `numpy.random.default_rng(seed).uniform()`: PCG64 (XSL-RR), 53 bits of each output.
 *
 * Source: O'Neill, PCG (https://www.pcg-random.org/paper.html); numpy's documentation of SeedSequence and PCG64.
 */
export function numpyUniform(seed: number): () => number {
  const words = seedWords(seed, 8)
  const wide = (i: number) => (BigInt(words[2 * i + 1]) << 32n) | BigInt(words[2 * i])
  const increment = (((wide(2) << 64n) | wide(3)) << 1n) | 1n
  let state = 0n
  const step = () => {
    state = (state * MULTIPLIER + increment) & MASK_128
  }
  step()
  state = (state + ((wide(0) << 64n) | wide(1))) & MASK_128
  step()
  return () => {
    step()
    const folded = (state >> 64n) ^ (state & MASK_64)
    const rotation = state >> 122n
    const output = ((folded >> rotation) | (folded << (64n - rotation))) & MASK_64
    return Number(output >> 11n) / 2 ** 53
  }
}
