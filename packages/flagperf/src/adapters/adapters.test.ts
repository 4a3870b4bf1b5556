import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { executionProviders } from '@flag/core-tensor'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Adapter, defineAdapter } from './adapter.ts'
import { checkAdapter } from './check.ts'
import { cpu } from './cpu.ts'
import { adapters, findAdapter } from './index.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flagperf-adapters-'))
})
afterAll(() => rm(folder, { recursive: true }))

test('there is one for every provider, and each says what can be reached at all', () => {
  expect(new Set(adapters.map(({ provider }) => provider))).toEqual(new Set(executionProviders))
  for (const { ceilings } of adapters)
    for (const extent of ['check', 'quick', 'normal', 'submission'] as const) {
      const probes = ceilings(extent).map(({ probe }) => probe)
      expect(probes).toEqual(expect.arrayContaining(['gemm', 'memory', 'memory-add', 'launch', 'capacity']))
    }
})

describe('the conformance run', () => {
  test('finds the adapter of the CPU sound', async () => {
    const report = await checkAdapter(cpu)
    expect(report.checks.map(({ name, passed, detail }) => [name, passed, passed ? '' : detail])).toEqual(
      ['probe', 'nodes', 'agreement', 'ceilings', 'monitors'].map((name) => [name, true, '']),
    )
  })

  const broken = (parts: Partial<Adapter>) =>
    checkAdapter(defineAdapter({ ...cpu, name: 'broken', ...parts }))
  const elsewhere = process.platform === 'darwin' ? 'dml' : 'coreml'

  test('finds out a probe that says too much, and one that says nothing', async () => {
    const boasting = await broken({ provider: elsewhere })
    expect(boasting.sound).toBe(false)
    expect(boasting.checks[0]).toMatchObject({
      name: 'probe',
      passed: false,
      detail: expect.stringMatching(/did not run on it/),
    })
    const silent = await broken({ provider: elsewhere, probe: async () => ({ usable: false, reason: '' }) })
    expect(silent.checks[0]).toMatchObject({ passed: false, detail: expect.stringMatching(/not why/) })
    const modest = await broken({ probe: async () => ({ usable: false, reason: 'too shy' }) })
    expect(modest.checks[0]).toMatchObject({
      passed: false,
      detail: expect.stringMatching(/but a product ran on it/),
    })
    expect(modest.checks[1].passed).toBe(null)
  }, 60_000)

  test('finds out monitors without units and ceilings without products', async () => {
    const { checks } = await broken({
      monitors: [
        { name: 'm', columns: { 'm.x': '' }, start: () => ({ read: () => ({ 'm.y': Number.NaN }) }) },
      ],
      ceilings: () => [{ probe: 'launch', size: 20 }],
    })
    const failed = checks.filter(({ passed }) => passed === false)
    expect(failed.map(({ name }) => name)).toEqual(['ceilings', 'monitors'])
    expect(failed[0].detail).toMatch(/gemm cannot be measured; memory cannot be measured/)
    expect(failed[1].detail).toMatch(
      /m has a column without a unit; m.y has no unit; m.x was not read; m.y is NaN/,
    )
  })
})

test('an adapter of your own is one file', async () => {
  const file = join(folder, 'chip.mjs')
  await writeFile(
    file,
    `export default { name: 'chip', provider: 'cpu', probe: async () => ({ usable: true }), sessionOptions: () => ({}),
      monitors: [], ceilings: () => [], caveats: [] }`,
  )
  expect(await findAdapter(file)).toMatchObject({ name: 'chip', provider: 'cpu' })
  await expect(findAdapter('npu')).rejects.toThrow(/no adapter is called "npu"/)
  await expect(findAdapter(join(folder, 'none.mjs'))).rejects.toThrow(/cannot be loaded/)
  expect(() => defineAdapter({ ...cpu, name: 'My chip' })).toThrow(/lower case/)
  expect(() => defineAdapter({ ...cpu, provider: 'npu' as 'cpu' })).toThrow(/not one of cpu/)
  expect(() => defineAdapter({ ...cpu, monitors: undefined as never })).toThrow(/monitors has to be a list/)
})
