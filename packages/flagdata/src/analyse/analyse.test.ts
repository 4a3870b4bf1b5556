import { reportSchema } from '@flag/report'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { corpus } from '../testing/corpus.ts'
import { Analysis } from './analysis.ts'
import { TopCounter } from './counter.ts'
import { analysisReport } from './page.ts'
import { NumberSummary } from './summary.ts'

const summaryOf = (values: readonly number[]) => {
  const summary = new NumberSummary()
  for (const value of values) summary.add(value)
  return summary
}

describe('NumberSummary', () => {
  it('knows mean, deviation and extremes, and quantiles within 0.6 %', () => {
    const number = fc.oneof(
      fc.double({ min: -1e9, max: 1e9, noNaN: true }),
      fc.integer({ min: -20, max: 20 }),
      fc.double({ min: 1e-12, max: 1e-6, noNaN: true }),
    )
    fc.assert(
      fc.property(
        fc.array(number, { minLength: 1, maxLength: 80 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (values, q) => {
          const summary = summaryOf(values)
          const sorted = Float64Array.from(values).sort()
          const mean = values.reduce((sum, value) => sum + value, 0) / values.length
          const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
          const scale = Math.max(...values.map(Math.abs), 1e-300)
          expect([summary.count, summary.min, summary.max]).toEqual([values.length, sorted[0], sorted.at(-1)])
          expect(Math.abs(summary.mean - mean) / scale).toBeLessThan(1e-12)
          const deviation = values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0
          expect(Math.abs(summary.deviation - deviation) / scale).toBeLessThan(1e-7)
          const exact = sorted[Math.ceil(q * sorted.length) - 1]
          expect(Math.abs(summary.quantile(q) - exact)).toBeLessThanOrEqual(
            0.006 * Math.abs(exact) + Number.MIN_VALUE,
          )
          const { edges, counts } = summary.histogram(7)
          expect([edges.length, counts.reduce((sum, count) => sum + count, 0)]).toEqual([8, values.length])
        },
      ),
    )
  })

  it('puts numbers between the edges where they lie', () => {
    const { edges, counts } = summaryOf([0, 1, 2, 3, 4, 5, 6, 7, 8, 10]).histogram(5)
    expect(edges).toEqual([0, 2, 4, 6, 8, 10])
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(10)
    expect(counts[4]).toBe(2)
    expect(summaryOf([1, 10, 100, 1000]).histogram(3).edges[1]).toBeCloseTo(10)
  })
})

describe('TopCounter', () => {
  it('is at most its bound too low, and never too high', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 300 }),
        fc.integer({ min: 2, max: 40 }),
        (keys, capacity) => {
          const counter = new TopCounter(capacity)
          const exact = new Map<string, number>()
          for (const key of keys.map(String)) {
            counter.add(key)
            exact.set(key, (exact.get(key) ?? 0) + 1)
          }
          const found = new Map(counter.top(100).map(({ key, count }) => [key, count]))
          expect(found.size).toBeLessThanOrEqual(capacity)
          expect(counter.bound).toBeLessThanOrEqual(keys.length / (capacity + 1))
          for (const [key, count] of exact) {
            const low = found.get(key) ?? 0
            expect(low).toBeLessThanOrEqual(count)
            expect(count - low).toBeLessThanOrEqual(counter.bound)
          }
        },
      ),
    )
  })
})

describe('Analysis', () => {
  const analysis = new Analysis()
  const documents = corpus().slice(0, 300)
  documents.forEach(({ id, text }, i) => {
    const metadata = {
      url: `https://www.site${i % 3}.co.uk/${i}`,
      language: i % 4 ? 'en' : 'zh',
      score: i / 300,
      name: `n${i}`,
    }
    analysis.add({ id, text, metadata })
  })
  analysis.add({ id: 'empty', text: '', metadata: {} })
  analysis.add({ id: 'zh', text: '我们的词。\n我们的词。', metadata: { language: 'zh', url: 'not a url' } })

  it('measures texts and metadata', () => {
    expect(analysis.documents).toBe(302)
    expect(analysis.numbers.get('metadata.score')?.mean).toBeCloseTo(149.5 / 300)
    expect(analysis.numbers.get('characters')).toMatchObject({ count: 302, min: 0 })
    expect(analysis.numbers.get('words')?.max).toBe(
      Math.max(...documents.map(({ text }) => text.match(/[\p{L}\p{M}\p{N}_]+/gu)?.length ?? 0)),
    )
    expect(analysis.domains.top(4)).toEqual([
      { key: 'site0.co.uk', count: 100 },
      { key: 'site1.co.uk', count: 100 },
      { key: 'site2.co.uk', count: 100 },
      { key: '(none)', count: 1 },
    ])
    // Names are different for every document: no category.
    expect(analysis.grouping.map(([name]) => name)).toEqual(['language'])
    expect(analysis.categories.get('language')?.top(2)).toEqual([
      { key: 'en', count: 225 },
      { key: 'zh', count: 76 },
    ])
    const [most] = analysis.ngrams[0].top(1)
    expect(most.key).toBe('the')
    expect(analysis.ngrams[2].top(3)[0].key.split(' ').length).toBe(3)
  })

  it('becomes a page, of one corpus or two', () => {
    const parts = [
      { name: 'crawl', analysis },
      { name: 'clean', analysis: new Analysis() },
    ]
    for (const shown of [parts.slice(0, 1), parts]) {
      const report = reportSchema.parse(analysisReport('Documents', shown))
      const titles = report.sections.map(({ title }) => title)
      expect(titles).toEqual(
        expect.arrayContaining([
          'Measures',
          'Characters',
          'Documents by language',
          'Most frequent pairs of words',
        ]),
      )
    }
  })
})
