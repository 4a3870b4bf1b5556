import { expect, test } from 'vitest'
import { attribute } from '../attribution/attribute.ts'
import type { BaseRaw } from './base.ts'
import { ceilingsOf } from './ceilings.ts'
import { roofline } from './roofline.ts'

const row = (name: string, raw: Partial<BaseRaw>) => ({
  name,
  raw: {
    kind: 'base',
    probe: 'gemm',
    dtype: 'float32',
    workPerRun: 1000,
    timesNs: [10],
    referenceNs: [],
    ...raw,
  } as BaseRaw,
})
// 100 GFLOP/s in fp32, 200 in fp16, 10 GB/s, 2 us a node.
const machine = [
  row('gemm 1', { timesNs: [10, 40] }),
  row('gemm 2', { timesNs: [20] }),
  row('gemm 16', { dtype: 'float16', timesNs: [5] }),
  row('memory', { probe: 'memory', timesNs: [100] }),
  row('launch', { probe: 'launch', workPerRun: 10, timesNs: [21000], referenceNs: [1000] }),
  row('transfer', { probe: 'transfer-in', timesNs: [20], referenceNs: [50] }),
]

test('ceilings are the best of the base cases, and missing ones are not made up', () => {
  const from = ['gemm 1', 'gemm 2', 'gemm 16', 'memory', 'launch']
  expect(ceilingsOf(machine)).toEqual({
    compute: { float32: 100, float16: 200 },
    bandwidth: 10,
    launchUs: 2,
    from,
  })
  expect(ceilingsOf(machine.filter(({ name }) => name !== 'memory'))).toBeUndefined()
  expect(ceilingsOf([])).toBeUndefined()
})

test('each node is bound by what takes longest under the ceilings', () => {
  const type = (...shape: number[]) => ({ dtype: 'float32' as const, shape })
  const node = (
    name: string,
    operator: string,
    inputs: ReturnType<typeof type>[],
    output: ReturnType<typeof type>,
    us: number,
  ) => ({
    name,
    operator,
    provider: 'CPUExecutionProvider',
    microseconds: [us],
    inputs,
    outputs: [output],
  })
  const profile = [
    // 2 * 100^3 operations: 20 us at 100 GFLOP/s; 120 kB: 12 us at 10 GB/s.
    node('product', 'MatMul', [type(100, 100), type(100, 100)], type(100, 100), 40),
    // 80 kB: 8 us.
    node('move', 'Relu', [type(100, 100)], type(100, 100), 10),
    node('small', 'Relu', [type(4)], type(4), 50),
    node('view', 'Reshape', [type(4)], type(2, 2), 0),
  ]
  const attribution = attribute(profile, [], 'cpu')
  const ceilings = ceilingsOf(machine)
  if (!ceilings) throw new Error('no ceilings')
  const { points, mfu, efficiency, bounds, ridge } = roofline(attribution, ceilings)
  expect(points.map(({ name, boundBy, idealUs }) => [name, boundBy, idealUs])).toEqual([
    ['product', 'compute', 20],
    ['move', 'memory', 8],
    ['small', 'launch', 2],
  ])
  expect(points[0]).toMatchObject({ efficiency: 0.5, gigaflops: 50, intensity: 2e6 / 120000 })
  expect(bounds).toEqual({ compute: 0.4, memory: 0.1, launch: 0.5 })
  expect(ridge).toBe(10)
  expect(efficiency).toBeCloseTo(0.3, 12)
  expect(mfu).toBeCloseTo((2e6 + 1e4 + 4) / 100 / 1000 / 100, 12)
})
