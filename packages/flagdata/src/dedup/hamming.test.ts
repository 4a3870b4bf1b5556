import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findWithin, hammingDistance, indexOf, uniqueSorted } from './hamming.ts'
import { UnionFind } from './unionFind.ts'

const value = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const ones = (a: bigint) => a.toString(2).replaceAll('0', '').length

/** Some values, and others that differ from them in a few bits. */
const values = fc
  .array(fc.tuple(value, fc.array(fc.integer({ min: 0, max: 63 }), { maxLength: 7 })), { maxLength: 30 })
  .map((list) => list.flatMap(([a, bits]) => [a, bits.reduce((b, bit) => b ^ (1n << BigInt(bit)), a)]))

describe('values within a distance', () => {
  it('are those that comparing all pairs finds, for every number of blocks', () => {
    fc.assert(
      fc.property(
        values,
        fc.integer({ min: 0, max: 6 }),
        fc.integer({ min: 1, max: 4 }),
        (list, distance, more) => {
          const unique = uniqueSorted(BigUint64Array.from(list))
          const found = new Set<string>()
          const blocks = Math.max(2, distance + more)
          findWithin(unique, distance, (a, b) => found.add([a, b].sort((x, y) => x - y).join()), blocks)
          const expected: string[] = []
          for (let a = 0; a < unique.length; a++)
            for (let b = a + 1; b < unique.length; b++)
              if (ones(unique[a] ^ unique[b]) <= distance) expected.push([a, b].join())
          expect([...found].sort()).toEqual(expected.sort())
        },
      ),
      { numRuns: 200 },
    )
  })

  it('are counted and found again', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        const [aLow, aHigh, bLow, bHigh] = new Uint32Array(BigUint64Array.of(a, b).buffer)
        expect(hammingDistance(aLow, aHigh, bLow, bHigh)).toBe(ones(a ^ b))
        const sorted = uniqueSorted(BigUint64Array.of(a, b, a))
        const at = indexOf(new Uint32Array(sorted.buffer), bLow, bHigh)
        expect(sorted[at]).toBe(b)
      }),
    )
  })

  it('need more blocks than the distance', () => {
    expect(() => findWithin(new BigUint64Array(0), 4, () => {}, 4)).toThrow('4 blocks for a distance of 4')
  })
})

it('disjoint sets have their smallest member as root', () => {
  const pairs = fc.array(fc.tuple(fc.nat(19), fc.nat(19)), { maxLength: 30 })
  fc.assert(
    fc.property(pairs, (joined) => {
      const sets = new UnionFind(20)
      const labels = Array.from({ length: 20 }, (_, i) => i)
      for (const [a, b] of joined) {
        sets.join(a, b)
        const [from, to] = [Math.max(labels[a], labels[b]), Math.min(labels[a], labels[b])]
        labels.forEach((label, i) => {
          if (label === from) labels[i] = to
        })
      }
      expect(labels.map((_, i) => sets.rootOf(i))).toEqual(labels)
    }),
  )
})
