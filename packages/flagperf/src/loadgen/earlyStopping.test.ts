import fc from 'fast-check'
import { expect, test } from 'vitest'
import { lowerTail } from './binomial.ts'
import { mostOverlatency, queriesNeeded } from './earlyStopping.ts'
import { fixed, general } from './format.ts'

/** h(t) + t of LoadGen 6.0.17, compiled from its source. */
const table: [percentile: number, needed: Record<number, number>][] = [
  [0.9, { 0: 44, 1: 64, 2: 81, 5: 127, 10: 197, 100: 1246 }],
  [0.95, { 0: 90, 1: 130, 2: 165, 5: 259, 10: 398, 100: 2504 }],
  [0.97, { 0: 152, 1: 219, 2: 277, 5: 433, 10: 667, 100: 4182 }],
  [0.99, { 0: 459, 1: 662, 2: 838, 5: 1307, 10: 2010, 100: 12571 }],
  [0.999, { 0: 4603, 1: 6636, 2: 8403, 5: 13105, 10: 20140, 100: 125826 }],
]

test.each(table)('queries needed at percentile %d', (percentile, needed) => {
  for (const [t, n] of Object.entries(needed))
    expect([t, queriesNeeded(Number(t), percentile)]).toEqual([t, n])
})

test('the most over latency is the largest that the count allows', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), fc.constantFrom(0.9, 0.95, 0.99), (count, percentile) => {
      const t = mostOverlatency(count, percentile)
      expect(count >= queriesNeeded(t + 1, percentile)).toBe(false)
      if (t > 0) expect(count).toBeGreaterThanOrEqual(queriesNeeded(t, percentile))
    }),
    { numRuns: 60 },
  )
})

test('the lower tail of the binomial distribution agrees with the sum of its terms', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 120 }),
      fc.nat(120),
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      (n, k, p) => {
        let term = (1 - p) ** n
        let sum = 0
        for (let i = 0; i <= Math.min(k, n); i++) {
          sum += term
          term *= ((n - i) / (i + 1)) * (p / (1 - p))
        }
        expect(lowerTail(n, k, p, 1 - p)).toBeCloseTo(Math.min(sum, 1), 9)
      },
    ),
  )
})

test('numbers are written as C++ streams write them', () => {
  expect([0, 1e6, 1234567, 0.1, 91.46112, 1e-5, 123456.7, 999999.5, -2.5, Infinity].map(general)).toEqual([
    '0',
    '1e+06',
    '1.23457e+06',
    '0.1',
    '91.4611',
    '1e-05',
    '123457',
    '1e+06',
    '-2.5',
    'Infinity',
  ])
  expect(fixed(99.9, 1)).toBe('99.9')
})
