import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { topK } from './topK.ts'

const number = fc.integer({ min: -4, max: 4 })

describe('topK', () => {
  it('is the head of all rows sorted by score, equal ones in order', () => {
    const cases = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.nat(40), fc.nat(50)).chain(([size, rows, k]) =>
      fc.record({
        query: fc.array(number, { minLength: size, maxLength: size }),
        rows: fc.array(fc.array(number, { minLength: size, maxLength: size }), {
          minLength: rows,
          maxLength: rows,
        }),
        k: fc.constant(k),
      }),
    )
    fc.assert(
      fc.property(cases, ({ query, rows, k }) => {
        const expected = rows
          .map((row, index) => ({ index, score: row.reduce((sum, value, i) => sum + value * query[i], 0) }))
          .sort((a, b) => b.score - a.score || a.index - b.index)
          .slice(0, k)
        const found = topK(Float32Array.from(rows.flat()), Float32Array.from(query), k)
        expect(found.map(({ index }) => index)).toEqual(expected.map(({ index }) => index))
        for (const [i, { score }] of found.entries()) expect(score).toBeCloseTo(expected[i].score, 5)
      }),
    )
  })

  it('leaves out rows that have no score', () => {
    const vectors = Float32Array.of(1, Number.NaN, 3)
    expect(topK(vectors, Float32Array.of(1), 3).map(({ index }) => index)).toEqual([2, 0])
  })
})
