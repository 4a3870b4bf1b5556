import { createHash } from 'node:crypto'
import { Kernel } from '@flag/core-tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { xxhash, xxhash64 } from '../xxhash64.ts'
import wasm from './minhash.wasm.ts'
import { drawPermutations, permute } from './permutations.ts'

const kernel = new Kernel<{
  hashShingles(...addresses: number[]): number
  permute(hashes: number, count: number, a: number, b: number, minima: number, permutations: number): void
  permute32(hashes: number, count: number, a: number, b: number, minima: number, permutations: number): void
}>(wasm)
const { functions, base } = kernel
const reserve = (end: number) => kernel.reserve(end)
const PRIME = 2n ** 61n - 1n

function permuteInKernel(
  hashes: bigint[],
  a: BigUint64Array,
  b: BigUint64Array,
  run = functions.permute,
): BigUint64Array {
  const [atB, atMinima, atHashes] = [1, 2, 3].map((k) => base + 8 * k * a.length)
  const memory = new BigUint64Array(reserve(atHashes + 8 * hashes.length))
  memory.set(a, base / 8)
  memory.set(b, atB / 8)
  memory.fill(PRIME, atMinima / 8, atHashes / 8)
  memory.set(hashes, atHashes / 8)
  run(atHashes, hashes.length, base, atB, atMinima, a.length)
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

  it('finds the minima of the low 32 bits', () => {
    const { a, b } = drawPermutations(4, 42)
    const hashes = fc.array(fc.bigInt(0n, 2n ** 64n - 1n), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(hashes, (hashes) => {
        const lowImage = (p: number) => (hash: bigint) =>
          Number((BigInt.asUintN(64, a[p] * hash + b[p]) % PRIME) & 0xffffffffn)
        const minima = Array.from(permuteInKernel(hashes, a, b, functions.permute32), Number)
        expect(minima).toEqual(Array.from(a, (_, p) => Math.min(...hashes.map(lowImage(p)))))
      }),
    )
  })

  it('reduces numbers at the prime and above', () => {
    const [a, b] = [BigUint64Array.of(1n, 2n), BigUint64Array.of(0n, 3n)]
    for (const hash of [0n, 1n, PRIME - 1n, PRIME, PRIME + 1n, 8n * PRIME - 1n, 8n * PRIME, 8n * PRIME + 7n])
      for (const others of [[], [5n], [PRIME]])
        expect(permuteInKernel([hash, ...others], a, b)).toEqual(
          permute(BigUint64Array.of(hash, ...others), { a, b }),
        )
  })

  it.each([
    ['xxhash', 0],
    ['sha1', 1],
    ['32 bits of sha1', 2],
  ])('hashes shingles with %s as its twin does', (_, hash) => {
    const letters = fc.uint8Array({ minLength: 1, maxLength: 90, min: 0x21, max: 0xff })
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 12 }), fc.integer({ min: 1, max: 6 }), (words, size) => {
        const bytes = Buffer.concat(words.flatMap((word) => [word, Buffer.from(' ')]))
        const [scratch, starts, hashes] = [base, base + 320, base + 320 + 8 * 8]
        const text = hashes + 8 * 16
        new Uint8Array(reserve(text + bytes.length), text).set(bytes)
        const count = functions.hashShingles(text, text + bytes.length, size, hash, starts, hashes, scratch)
        expect(count).toBe(words.length)
        const shingles = Math.max(0, count - size + 1)
        expect([...new BigUint64Array(reserve(0), hashes, shingles)]).toEqual(
          Array.from({ length: shingles }, (_, i) => {
            const shingle = Buffer.concat(words.slice(i, i + size).flatMap((it) => [Buffer.from(' '), it]))
            return plainHash(hash, shingle.subarray(1))
          }),
        )
      }),
    )
  })
})

function plainHash(hash: number, bytes: Buffer): bigint {
  if (hash === 0) {
    xxhash64(bytes, 0, bytes.length)
    return (BigInt(xxhash.high) << 32n) | BigInt(xxhash.low)
  }
  const digest = createHash('sha1').update(bytes).digest()
  return hash === 1 ? digest.readBigUInt64LE(0) : BigInt(digest.readUInt32LE(0))
}
