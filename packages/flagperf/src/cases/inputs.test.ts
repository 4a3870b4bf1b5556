import { describe, expect, test } from 'vitest'
import { makeInputs } from './inputs.ts'

describe('made-up inputs', () => {
  const ports = [
    { name: 'x', dtype: 'float32' as const, shape: ['n', 3] },
    { name: 'ids', dtype: 'int64' as const, shape: [2] },
  ]

  test('are random numbers, zeros, and what was asked for', () => {
    const { x, ids } = makeInputs(ports, { sizes: { n: 5 }, fill: { ids: 7 }, seed: 3 })
    expect([x.shape, ids.data]).toEqual([[5, 3], BigInt64Array.of(7n, 7n)])
    expect(makeInputs(ports, { seed: 3, sizes: { n: 5 } }).x.data).toEqual(x.data)
    expect(makeInputs(ports).x.shape).toEqual([1, 3])
  })

  test('refuse names that the model does not have, and texts', () => {
    expect(() => makeInputs(ports, { fill: { y: 1 } })).toThrow(/no input "y", only x, ids/)
    expect(() => makeInputs(ports, { sizes: { m: 2 } })).toThrow(/no axis "m" open: only n/)
    expect(() => makeInputs([{ name: 's', dtype: 'string', shape: [] }])).toThrow(/"s" takes texts/)
  })
})
