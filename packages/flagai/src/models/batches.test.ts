import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkedBatchSize, groupsByLength, inBatches, mapOrdered, padRight } from './batches.ts'

async function listOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

it('inBatches keeps the order and every item', async () => {
  expect(await listOf(inBatches([1, 2, 3, 4, 5], 2))).toEqual([[1, 2], [3, 4], [5]])
  expect(await listOf(inBatches([], 2))).toEqual([])
})

it.each([0, -1, 1.5, Number.NaN])('a batch size of %s is refused', (size) => {
  expect(() => checkedBatchSize(size)).toThrow('batchSize must be a whole number from 1')
})

describe('mapOrdered', () => {
  it('gives results in order, whichever is ready first, and works on no more than the limit', async () => {
    const finish: (() => void)[] = []
    let most = 0
    let working = 0
    const results = listOf(
      mapOrdered([0, 1, 2, 3, 4, 5, 6], 3, async (item) => {
        most = Math.max(most, ++working)
        await new Promise<void>((resolve) => finish.push(resolve))
        working--
        return item * 10
      }),
    )
    // The last started is always the first to be ready.
    for (let done = 0; done < 7; ) {
      await new Promise(setImmediate)
      const ready = finish.pop()
      if (ready) done++
      ready?.()
    }
    expect(await results).toEqual([0, 10, 20, 30, 40, 50, 60])
    expect(most).toBe(3)
  })

  it('passes the first failure on, and no other is left unhandled', async () => {
    const failing = mapOrdered([1, 2, 3], 3, async (item) => {
      throw new Error(`item ${item}`)
    })
    await expect(listOf(failing)).rejects.toThrow('item 1')
  })
})

describe('groupsByLength', () => {
  it('holds every row once, within both limits, short ones first', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 77 })),
        fc.integer({ min: 1, max: 9 }),
        (lengths, size) => {
          const groups = groupsByLength(lengths, { size, tokens: 128 })
          expect(groups.flat().sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i))
          for (const group of groups) {
            const longest = Math.max(...group.map((row) => lengths[row]))
            expect(group.length).toBeLessThanOrEqual(size)
            expect(group.length === 1 || group.length * longest <= 128).toBe(true)
          }
          const longest = groups.map((group) => Math.max(...group.map((row) => lengths[row])))
          expect(longest).toEqual([...longest].sort((a, b) => a - b))
        },
      ),
    )
  })
})

it('padRight fills short rows', () => {
  const ids = padRight(
    [
      [0, 5, 2],
      [0, 2],
    ],
    1,
  )
  expect(ids.shape).toEqual([2, 3])
  expect(ids.toNumbers()).toEqual([0, 5, 2, 0, 2, 1])
})
