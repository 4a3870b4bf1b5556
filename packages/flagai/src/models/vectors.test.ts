import { tensor } from '@flag/core-tensor'
import { expect, it } from 'vitest'
import { cosineSimilarity, meanOfRows, normalizeRows, softmax } from './vectors.ts'

it('normalizeRows scales rows to length 1 and leaves zeros', () => {
  const rows = normalizeRows(
    tensor([
      [3, 4],
      [0, 0],
    ]),
  )
  expect(rows.toNumbers().map((x) => Number(x.toFixed(6)))).toEqual([0.6, 0.8, 0, 0])
})

it('cosineSimilarity does not depend on lengths', () => {
  const similarity = cosineSimilarity(
    tensor([[2, 0]]),
    tensor([
      [5, 0],
      [0, 1],
      [-1, 0],
    ]),
  )
  expect(similarity.toArray()).toEqual([[1, 0, -1]])
})

it('meanOfRows averages neighbours', () => {
  expect(
    meanOfRows(
      tensor([
        [1, 2],
        [3, 4],
        [5, 6],
        [7, 8],
      ]),
      2,
    ).toArray(),
  ).toEqual([
    [2, 3],
    [6, 7],
  ])
})

it('softmax adds up to 1, for large logits too', () => {
  const probabilities = softmax([1000, 999, -1000])
  expect(probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 12)
  expect(probabilities[0]).toBeCloseTo(Math.E / (1 + Math.E), 12)
})
