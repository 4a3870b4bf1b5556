import { Kernel } from '@flag/core-tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { xxhash, xxhash64 } from '../xxhash64.ts'
import wasm from './minhash.wasm.ts'
import { drawPermutations, permute } from './permutations.ts'

const { functions, base, reserve } = (() => {
  const kernel = new Kernel<{
    hashShingles(starts: number, shingles: number, words: number, hashes: number): void
    permute(hashes: number, count: number, a: number, b: number, minima: number, permutations: number): void
  }>(wasm)
  return { functions: kernel.functions, base: kernel.base, reserve: (end: number) => kernel.reserve(end) }
})()

function permuteInKernel(hashes: bigint[], a: BigUint64Array, b: BigUint64Array): BigUint64Array {
  const [atB, atMinima, atHashes] = [1, 2, 3].map((k) => base + 8 * k * a.length)
  const memory = new BigUint64Array(reserve(atHashes + 8 * hashes.length))
  memory.set(a, base / 8)
  memory.set(b, atB / 8)
  memory.set(hashes, atHashes / 8)
  functions.permute(atHashes, hashes.length, base, atB, atMinima, a.length)
  return memory.slice(atMinima / 8, atMinima / 8 + a.length)
}

describe('the MinHash kernel', () => {
  it('finds the minima that its twin finds', () => {
    const permutations = drawPermutations(16, 7)
    fc.assert(
      fc.property(fc.array(fc.bigInt(0n, 2n ** 64n - 1n), { maxLength: 40 }), (hashes) => {
        expect(permuteInKernel(hashes, permutations.a, permutations.b)).toEqual(
          permute(BigUint64Array.from(hashes), permutations),
        )
      }),
    )
  })

  it('reduces numbers at the prime and above', () => {
    const [a, b] = [BigUint64Array.of(1n, 2n), BigUint64Array.of(0n, 3n)]
    const prime = 2n ** 61n - 1n
    for (const hash of [0n, 1n, prime - 1n, prime, prime + 1n, 8n * prime - 1n, 8n * prime, 8n * prime + 7n])
      for (const others of [[], [5n], [prime]])
        expect(permuteInKernel([hash, ...others], a, b)).toEqual(
          permute(BigUint64Array.of(hash, ...others), { a, b }),
        )
  })

  it('hashes shingles as its twin does', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 6 }),
        (words, size) => {
          const bytes = Buffer.concat(words.flatMap((word) => [word, Buffer.from(' ')]))
          const starts = [0]
          for (const word of words) starts.push((starts.at(-1) as number) + word.length + 1)
          const shingles = Math.max(0, words.length - size + 1)
          const atText = base + 8 * (shingles + words.length + 1)
          const memory = reserve(atText + bytes.length)
          const atStarts = base + 8 * shingles
          new Uint32Array(memory, atStarts, starts.length).set(starts.map((it) => atText + it))
          new Uint8Array(memory, atText).set(bytes)
          functions.hashShingles(atStarts, shingles, size, base)
          const expected = Array.from({ length: shingles }, (_, i) => {
            xxhash64(bytes, starts[i], starts[i + size] - 1)
            return (BigInt(xxhash.high) << 32n) | BigInt(xxhash.low)
          })
          expect([...new BigUint64Array(memory, base, shingles)]).toEqual(expected)
        },
      ),
    )
  })
})
