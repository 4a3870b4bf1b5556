import { DataError } from '../../errors.ts'
import { MersenneTwister } from '../mersenneTwister.ts'
import type { BloomFilter, BloomShape } from './filter.ts'

const MERSENNE_61 = (1n << 61n) - 1n

/**
 * How many hash functions datatrove takes: ⌈m/n·ln 2⌉, where it counts the bits of the filter as if they were bytes, so
 * that it takes eight times as many as are best.
 */
export const datatroveHashes = (bytes: number, elements: number): number =>
  Math.ceil(((bytes * 8 * 8) / elements) * Math.LN2)

/**
 * datatrove's `SingleBloomFilter`, bit for bit, over hashes of 32 bits. Its positions are ((h·a + b) mod 2^64 mod
 * (2^61 − 1)) AND the number of bytes: of the filter's bits only those are used whose number has no other ones than the
 * number of bytes, so that a filter of 2^n bytes has two positions, and the rate of false positives is far above the
 * formula's. Here to read and to compare; for new data use `Bloom`.
 */
export class DatatroveBloom implements BloomFilter {
  readonly bits: Uint8Array
  readonly #mask: bigint
  readonly #a: bigint[]
  readonly #b: bigint[]

  /** @throws DataError `invalid-argument` for 2^28 bytes or more, which datatrove refuses */
  constructor({ bytes, hashes }: BloomShape, seed: number, bits: Uint8Array = new Uint8Array(bytes)) {
    if (bytes >= 2 ** 28)
      throw new DataError('invalid-argument', `${bytes} bytes, but datatrove takes fewer than ${2 ** 28}`)
    this.bits = bits
    this.#mask = BigInt(bytes)
    const generator = new MersenneTwister(seed)
    this.#a = Array.from({ length: hashes }, () => generator.nextUint64(1n, MERSENNE_61))
    this.#b = Array.from({ length: hashes }, () => generator.nextUint64(0n, MERSENNE_61))
  }

  *#positions(hash: number): Generator<number> {
    for (let i = 0; i < this.#a.length; i++) {
      const value = BigInt.asUintN(64, BigInt(hash) * this.#a[i] + this.#b[i])
      yield Number((value % MERSENNE_61) & this.#mask)
    }
  }

  has(low: number): boolean {
    for (const position of this.#positions(low))
      if ((this.bits[position >>> 3] & (1 << (position & 7))) === 0) return false
    return true
  }

  add(low: number): void {
    for (const position of this.#positions(low)) this.bits[position >>> 3] |= 1 << (position & 7)
  }
}
