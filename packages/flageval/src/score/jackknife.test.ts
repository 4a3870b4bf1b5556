import { Tensor } from '@flag/core-tensor'
import { expect, it } from 'vitest'
import { kernelDistance } from '../metrics/index.ts'
import { mulberry32 } from '../metrics/testing/mulberry.ts'
import { jackknife } from './jackknife.ts'

it('of a mean over groups of equal size is the interval of their means', () => {
  const u = mulberry32(5)
  const values = Array.from({ length: 200 }, u)
  const clusters = values.map((_, i) => `${Math.floor(i / 2)}`)
  const { estimate, low, high } = jackknife(
    (places) => places.reduce((sum, at) => sum + values[at], 0) / places.length,
    clusters,
  )
  // Clusters go to the groups in turn: cluster 0, 10, 20 … are the first.
  const groups = Array.from({ length: 10 }, (_, g) => values.filter((_, i) => Math.floor(i / 2) % 10 === g))
  const means = groups.map((group) => group.reduce((sum, x) => sum + x, 0) / group.length)
  const mean = means.reduce((sum, x) => sum + x, 0) / 10
  const deviation = Math.sqrt(means.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 9)
  expect(estimate).toBeCloseTo(mean, 12)
  expect((high - low) / 2).toBeCloseTo((2.262157 * deviation) / Math.sqrt(10), 12)
})

it('contains the kernel distance of two distributions, which is 0 for equal ones, about as often as it says', () => {
  const u = mulberry32(11)
  let inside = 0
  for (let round = 0; round < 200; round++) {
    const rows = Array.from({ length: 80 }, () => [2 * u() - 1, 2 * u() - 1])
    const side = (list: number[][]) => new Tensor('float32', [list.length, 2], Float32Array.from(list.flat()))
    const { low, high } = jackknife(
      (places) => {
        const all = [...places]
        return kernelDistance(
          side(all.filter((at) => at < 40).map((at) => rows[at])),
          side(all.filter((at) => at >= 40).map((at) => rows[at])),
        )
      },
      rows.map((_, i) => `${i}`),
    )
    if (low <= 0 && 0 <= high) inside++
  }
  expect(inside).toBeGreaterThanOrEqual(184)
})
