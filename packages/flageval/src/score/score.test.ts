import { describe, expect, it } from 'vitest'
import type { RecordOf } from '../records/record.ts'
import { metricOf, metrics } from './metrics.ts'
import { compare, score } from './score.ts'

const head = (i: number) => ({ sample: `s${i}`, document: `d${i}`, request: `r${i}` })

const classified = (i: number, better: number, equal = 0): RecordOf<'classification'> => ({
  ...head(i),
  kind: 'classification',
  candidates: 10,
  right: 1,
  gold: [`c${i % 10}`],
  better,
  equal,
  top: [],
})

describe('scores', () => {
  it('are shares with Wilson intervals where samples are independent', () => {
    const records = Array.from({ length: 400 }, (_, i) => classified(i, i < 29 ? 0 : 3))
    const { value, low, high, interval, chance } = score(records, 'acc1')
    expect([value, interval]).toEqual([0.0725, 'wilson'])
    expect(chance).toBeCloseTo(0.1)
    expect(low).toBeCloseTo(0.051, 3)
    expect(high).toBeCloseTo(0.102, 3)
    expect(score(records, 'acc5').value).toBe(1)
  })

  it('stand beside the answer that is right most often', () => {
    const golds = [2, 2, 2, 0, 1].map(
      (gold, i): RecordOf<'choice'> => ({
        ...head(i),
        kind: 'choice',
        choices: ['A', 'B', 'C', 'D'],
        logLikelihoods: [0, -1, -2, -3],
        gold,
      }),
    )
    const { value, chance, majority } = score(golds, 'acc')
    expect([value, chance, majority]).toEqual([0.2, 0.25, 0.6])
    expect(score([classified(0, 0), classified(10, 0), classified(1, 0)], 'acc1').majority).toBeCloseTo(2 / 3)
    expect(score([classified(0, 0)], 'acc5').majority).toBeNull()
  })

  it('count a tie against the model', () => {
    expect(score([classified(0, 0, 1), classified(1, 0)], 'acc1').value).toBe(0.5)
  })

  it('draw clusters together', () => {
    const records = Array.from({ length: 200 }, (_, i) => ({
      ...classified(i, Math.floor(i / 10) % 2),
      cluster: `${Math.floor(i / 10)}`,
    }))
    const clustered = score(records, 'acc1')
    const alone = score(
      records.map((record) => ({ ...record, cluster: undefined })),
      'acc1',
    )
    expect([clustered.interval, clustered.units]).toEqual(['bootstrap', 20])
    expect(clustered.high - clustered.low).toBeGreaterThan(2.5 * (alone.high - alone.low))
  })

  it('leave room where all of few clusters are wrong', () => {
    const records = Array.from({ length: 126 }, (_, i) => ({ ...classified(i, 1), cluster: `${i % 63}` }))
    const { value, low, high, interval } = score(records, 'acc1')
    expect([value, low, interval]).toEqual([0, 0, 'wilson'])
    // z² / (n + z²) for 63 clusters.
    expect(high).toBeCloseTo(0.0575, 4)
  })

  it('of retrieval weigh both directions alike', () => {
    const record = (
      i: number,
      direction: 'text-to-image' | 'image-to-text',
      better: number,
    ): RecordOf<'retrieval'> => ({
      ...classified(i, better),
      kind: 'retrieval',
      direction,
      cluster: `picture ${i % 2}`,
    })
    const records = [
      ...Array.from({ length: 6 }, (_, i) => record(i, 'text-to-image', 0)),
      record(6, 'image-to-text', 20),
      record(7, 'image-to-text', 2),
    ]
    expect(score(records, 'IR@1').value).toBe(1)
    expect(score(records, 'TR@5').value).toBe(0.5)
    expect(score(records, 'MR').value).toBeCloseTo((1 + 1 / 3) / 2)
    expect(score(records, 'MR').chance).toBeCloseTo((0.1 + 0.5 + 1) / 3)
  })

  it('have a metric for every kind, and refuse one of another kind', () => {
    const kinds = new Set(Object.values(metrics).map(({ kind }) => kind))
    expect([...kinds].sort()).toEqual([
      'answer',
      'bitext',
      'choice',
      'classification',
      'clip-score',
      'code',
      'continuation',
      'feature',
      'foil',
      'likelihood',
      'multi-label',
      'pair',
      'retrieval',
    ])
    expect(() => metricOf('IR@1', 'pair')).toThrow('is no metric of pair samples')
    expect(() => score([], 'acc1')).toThrow('samples of 0 kinds')
  })

  it('of language models: bits per byte, choices, answers, code', () => {
    const text: RecordOf<'likelihood'> = {
      ...head(0),
      kind: 'likelihood',
      logLikelihood: -8 * Math.LN2,
      bytes: 4,
      words: 2,
    }
    expect(score([text, { ...text, sample: 'b' }], 'bits_per_byte').value).toBeCloseTo(2)
    const choice: RecordOf<'choice'> = {
      ...head(0),
      kind: 'choice',
      choices: ['a', 'bb'],
      logLikelihoods: [-2, -3],
      gold: 1,
    }
    expect(score([choice], 'acc').value).toBe(0)
    expect(score([choice], 'acc_norm').value).toBe(1)
    const answer: RecordOf<'answer'> = {
      ...head(0),
      kind: 'answer',
      answer: 'The Seine',
      references: ['Rhine', 'seine'],
    }
    expect(score([answer], 'quasi_exact_match').value).toBe(1)
    expect(score([answer], 'exact_match').value).toBe(0)
    const code: RecordOf<'code'> = { ...head(0), kind: 'code', samples: 10, correct: 3 }
    expect(score([code], 'pass@1').value).toBeCloseTo(0.3)
  })
})

describe('comparisons', () => {
  const first = Array.from({ length: 220 }, (_, i) => classified(i, i < 110 ? 0 : 1))
  // 3 samples lost, 15 won.
  const second = first.map((record, i) => ({
    ...record,
    better: i < 3 ? 1 : i >= 110 && i < 125 ? 0 : record.better,
  }))

  it('see what an unpaired test would miss', () => {
    const { difference, p, test, low, detectable } = compare(first, second, 'acc1')
    expect(difference).toBeCloseTo(12 / 220)
    expect(test).toBe('McNemar, mid-p')
    expect(p).toBeLessThan(0.01)
    expect(low).toBeGreaterThan(0)
    expect(detectable).toBeLessThan(0.07)
  })

  it('do not mind the order of the second run, and refuse other samples', () => {
    expect(compare(first, [...second].reverse(), 'acc1')).toEqual(compare(first, second, 'acc1'))
    expect(() => compare(first, second.slice(1), 'acc1')).toThrow('not the same set')
    const renamed = second.map((record, i) => (i === 0 ? { ...record, sample: 'x' } : record))
    expect(() => compare(first, renamed, 'acc1')).toThrow('missing in the second run')
  })
})
