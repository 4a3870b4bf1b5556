import { describe, expect, it } from 'vitest'
import { rankOf, recallAt } from './recall.ts'

describe('rankOf', () => {
  it('counts the better ones and, against the model, those that tie', () => {
    expect(rankOf([0.9, 0.5, 0.7], 0)).toBe(1)
    expect(rankOf([0.9, 0.5, 0.7], 1)).toBe(3)
    expect(rankOf([0.5, 0.5, 0.5], 1)).toBe(3)
  })
})

describe('recallAt', () => {
  it('is the share of ranks up to k', () => {
    const ranks = [1, 2, 5, 6]
    expect([1, 5, 10].map((k) => recallAt(ranks, k))).toEqual([0.25, 0.75, 1])
    expect(recallAt([], 1)).toBeNaN()
  })
})
