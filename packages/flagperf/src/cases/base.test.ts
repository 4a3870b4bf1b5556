import { expect, test } from 'vitest'
import { baseNumbers } from '../results/base.ts'
import { measureBase } from './base.ts'

test.each([
  ['gemm', 64, 2 * 64 ** 3, 'GFLOP/s'],
  ['memory', 4096, 2 * 4096, 'GB/s'],
  ['launch', 5, 5, 'us per node'],
] as const)('%s', async (probe, size, workPerRun, unit) => {
  const raw = await measureBase({ kind: 'base', probe, provider: 'cpu', threads: 1, size, runs: 4 })
  expect(raw).toMatchObject({ kind: 'base', probe, workPerRun })
  expect(raw.timesNs.length).toBe(4)
  for (const time of raw.timesNs) expect(time).toBeGreaterThan(0)
  expect(baseNumbers(raw)).toMatchObject({ unit, runs: 4 })
})

test('rates come from the best and the median run', () => {
  const raw = {
    kind: 'base',
    dtype: 'float32',
    workPerRun: 1000,
    timesNs: [10, 40, 20],
    referenceNs: [],
  } as const
  const times = { ...raw, timesNs: [...raw.timesNs], referenceNs: [] }
  expect(baseNumbers({ ...times, probe: 'gemm' })).toEqual({
    unit: 'GFLOP/s',
    best: 100,
    median: 50,
    runs: 3,
  })
  const launch = baseNumbers({
    kind: 'base',
    probe: 'launch',
    dtype: 'float32',
    workPerRun: 10,
    timesNs: [41000, 31000],
    referenceNs: [1000, 3000],
  })
  expect(launch).toEqual({ unit: 'us per node', best: 3, median: 3.4, runs: 2 })
})
