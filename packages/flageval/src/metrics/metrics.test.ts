import { Generator, type Tensor, tensor } from '@flag/core-tensor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  classVectors,
  exactMatch,
  gaussianOf,
  kernelDistance,
  passHatK,
  preferredChoice,
  prefersTrueCaption,
  quasiExactMatch,
  rankBothWays,
  rankOf,
  sizesOf,
  tokenF1,
  unitRows,
} from './index.ts'

const random = (seed: number, rows: number, width: number) =>
  unitRows(new Generator(seed).randn([rows, width]) as Tensor<'float32'>)

describe('ranking', () => {
  it('counts equal vectors as ties and nothing else, whatever the block', async () => {
    const base = random(1, 40, 24)
    // Every picture twice: each right answer has one equal rival.
    const images = unitRows(tensor([...base.data, ...base.data]).reshape([80, 24]) as Tensor<'float32'>)
    const gold = Array.from({ length: 40 }, (_, i) => i)
    const texts = random(2, 40, 24)
    const all = [...gold, ...gold.map((i) => i + 40)]
    const queries = unitRows(tensor([...texts.data, ...texts.data]).reshape([80, 24]) as Tensor<'float32'>)
    const whole = await rankBothWays(queries, images, all, { block: 80 })
    const parts = await rankBothWays(queries, images, all, { block: 7 })
    expect(parts).toEqual(whole)
    expect([...whole.forward.equal]).toEqual(Array(80).fill(1))
    expect(rankOf(whole.forward, 0, 'pessimistic') - rankOf(whole.forward, 0, 'optimistic')).toBe(1)
  })

  it('is the plain count of higher scores', async () => {
    const [texts, images] = [random(3, 30, 8), random(4, 10, 8)]
    const gold = Array.from({ length: 30 }, (_, i) => i % 10)
    const { forward, backward } = await rankBothWays(texts, images, gold, { block: 4 })
    const score = (t: number, i: number) =>
      texts.row(t).data.reduce((sum: number, x, k) => sum + Number(x) * Number(images.row(i).data[k]), 0)
    for (let t = 0; t < 30; t++) {
      const higher = gold.slice(0, 10).filter((i) => score(t, i) > score(t, gold[t]))
      expect(forward.better[t]).toBe(higher.length)
    }
    for (let i = 0; i < 10; i++) {
      const own = Math.max(...gold.flatMap((g, t) => (g === i ? [score(t, i)] : [])))
      expect(backward.better[i]).toBe(gold.filter((g, t) => g !== i && score(t, i) > own).length)
      expect([...backward.topScores.subarray(5 * i, 5 * i + 5)]).toEqual(
        [...backward.topScores.subarray(5 * i, 5 * i + 5)].sort((a, b) => b - a),
      )
    }
  })

  it('refuses what has no answer', async () => {
    const x = random(5, 3, 4)
    await expect(rankBothWays(x, x, [0, 1, 1])).rejects.toThrow('candidate 2 is right for no query')
    await expect(rankBothWays(x, x, [0, 1, 3])).rejects.toThrow('candidate 3 is not one of 3')
    await expect(rankBothWays(x, random(5, 3, 5), [0, 1, 2])).rejects.toThrow('[Q, E] and [C, E]')
    const broken = tensor([[Number.NaN, 1]]) as Tensor<'float32'>
    await expect(rankBothWays(broken, tensor([[1, 0]]) as Tensor<'float32'>, [0])).rejects.toThrow(
      'row 0 holds NaN',
    )
    expect(() => unitRows(tensor([[0, 0]]) as Tensor<'float32'>)).toThrow('no direction')
  })
})

describe('class vectors', () => {
  it('average directions, not lengths', () => {
    const texts = tensor([
      [10, 0],
      [0, 1],
      [-3, 0],
      [-1, 0],
    ]) as Tensor<'float32'>
    const [a, b, c, d] = classVectors(texts, 2).data
    expect(a).toBeCloseTo(Math.SQRT1_2)
    expect(b).toBeCloseTo(Math.SQRT1_2)
    expect([c, d]).toEqual([-1, 0])
    expect(() => classVectors(texts, 3)).toThrow('do not divide')
  })
})

describe('choices', () => {
  it('differ by what the sums are divided by', () => {
    const question = {
      choices: ['да', 'yes indeed'],
      logLikelihoods: [-4, -6],
      unconditional: [-1, -9],
    }
    expect(preferredChoice(question, 'acc')).toBe(0)
    expect(preferredChoice(question, 'acc_norm')).toBe(1)
    expect(preferredChoice(question, 'acc_bytes')).toBe(1)
    expect(preferredChoice({ ...question, choices: ['да!', 'yes'] }, 'acc_norm')).toBe(0)
    expect(
      preferredChoice({ ...question, choices: ['д', 'ye'], logLikelihoods: [-4, -4.2] }, 'acc_norm'),
    ).toBe(1)
    expect(
      preferredChoice({ ...question, choices: ['д', 'ye'], logLikelihoods: [-4, -4.2] }, 'acc_bytes'),
    ).toBe(0)
    expect(preferredChoice(question, 'acc_mutual_info')).toBe(1)
    expect(preferredChoice({ choices: ['a', 'b'], logLikelihoods: [-1, -1] }, 'acc')).toBe(0)
  })

  it('of captions count ties as the rule says', () => {
    expect(prefersTrueCaption(0.5, [0.5])).toBe(false)
    expect(prefersTrueCaption(0.5, [0.5, 0.4], 'first')).toBe(true)
  })
})

describe('answers', () => {
  it('exact and nearly exact', () => {
    expect(exactMatch(' Paris\n', 'Paris')).toBe(true)
    expect(quasiExactMatch('The  Paris!', 'paris')).toBe(true)
    expect(quasiExactMatch('Paris', 'Rome')).toBe(false)
    expect(tokenF1('the cat sat', 'a cat sat down')).toBeCloseTo(0.8)
    expect(tokenF1('', 'cat')).toBe(0)
  })

  it('F1 lies between 0 and 1, does not mind the order and is 1 for itself', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(tokenF1(a, a)).toBe(1)
        expect(tokenF1(a, b)).toBe(tokenF1(b, a))
        expect(tokenF1(a, b)).toBeGreaterThanOrEqual(0)
        expect(tokenF1(a, b)).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('sizes are those of lm-eval', () => {
    expect(sizesOf('два слова ')).toEqual({ bytes: 18, words: 3 })
  })

  it('all of k', () => expect(passHatK(4, 2, 2)).toBeCloseTo(1 / 6))
})

describe('distances of features', () => {
  it('kernel distance is near 0 for one distribution and grows with the shift', () => {
    const generator = new Generator(9)
    const a = generator.randn([80, 6]) as Tensor<'float32'>
    const b = generator.randn([80, 6]) as Tensor<'float32'>
    const shifted = tensor(Array.from(b.data, (x) => x + 1)).reshape([80, 6]) as Tensor<'float32'>
    expect(Math.abs(kernelDistance(a, b))).toBeLessThan(0.5)
    expect(kernelDistance(a, shifted)).toBeGreaterThan(3)
    expect(() => gaussianOf(a.rows(0, 1) as Tensor<'float32'>)).toThrow('1 samples')
  })
})
