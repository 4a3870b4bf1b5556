import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { constant, Generator, ops, saveOnnx, spec, trace } from '@flag/core-tensor'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runSpecs } from '../cases/runCase.ts'
import type { CaseSpec } from '../cases/spec.ts'
import { baseNumbers } from '../results/base.ts'
import { derive, modelNumbers } from '../results/derive.ts'
import { opNumbers } from '../results/op.ts'
import type { ModelRaw } from '../results/schema.ts'
import { useSoftwareVulkan } from '../testing/softwareVulkan.ts'
import { checkAdapter } from './check.ts'
import { webgpu } from './webgpu.ts'

const missing = useSoftwareVulkan()
if (missing) console.warn(`webgpu without a GPU is not tested: ${missing}`)
const limits = { timeLimitMs: 200_000, memoryLimitBytes: 2 ** 40 }
const common = { provider: 'webgpu', threads: 1, runs: 2 } as const

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flagperf-webgpu-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe.skipIf(missing)('webgpu on a driver without a GPU', () => {
  test('the adapter is sound', async () => {
    const report = await checkAdapter(webgpu, limits)
    expect(report.checks.filter(({ passed }) => passed !== true)).toEqual([])
    expect(report).toMatchObject({ usable: true, sound: true })
  }, 200_000)

  test('base and operator cases, and the audit of a graph with an operator that it does not have', async () => {
    const model = join(folder, 'mixed.onnx')
    // NonZero has no kernel on webgpu, and what follows it has to come back.
    const weight = new Generator(0).rand([32, 32])
    const traced = trace(
      (x) => {
        const y = ops.relu(ops.matmul(x, constant(weight)))
        const places = ops.nonZero(y)
        return ops.mul(ops.reduceSum(ops.softmax(y)), ops.reduceMax(ops.cast(places, 'float32')))
      },
      [spec('float32', [32, 32])],
    )
    await saveOnnx(model, traced)
    const settings = { scenario: 'SingleStream', minQueryCount: 4, minDurationMs: 1 } as const
    const specs: CaseSpec[] = [
      { kind: 'base', probe: 'gemm', size: 32, ...common },
      { kind: 'base', probe: 'gemm', dtype: 'int8', size: 32, ...common },
      { kind: 'op', from: 'onnx', operator: 'MatMul', dtype: 'float32', size: 32, ...common },
      { kind: 'op', from: 'onnx', operator: 'NonZero', dtype: 'float32', size: 32, ...common },
      { kind: 'op', from: 'flagperf', operator: 'gelu', dtype: 'float32', size: 32, ...common },
      {
        kind: 'model',
        model,
        provider: 'webgpu',
        threads: 1,
        sizes: {},
        fill: {},
        settings,
        profiledRuns: 2,
      },
    ]
    const outcomes = await runSpecs(specs, limits)
    const raws = outcomes.map((outcome) => ('raw' in outcome ? outcome.raw : outcome.failure))
    const [gemm, int8, matmul, nonZero, gelu, mixed] = raws
    if (typeof gemm === 'string' || gemm.kind !== 'base') throw new Error(String(gemm))
    expect(baseNumbers(gemm)).toMatchObject({ unit: 'GFLOP/s', runs: 2 })
    // What has no kernel there is refused, not measured on the CPU.
    expect(int8).toMatch(/fallback to CPU EP has been explicitly disabled/)

    for (const [raw, expected] of [
      [matmul, { fellBack: false, providers: ['WebGpuExecutionProvider'] }],
      [gelu, { fellBack: false, providers: ['WebGpuExecutionProvider'] }],
      [nonZero, { fellBack: true, providers: ['CPUExecutionProvider'] }],
    ] as const) {
      if (typeof raw === 'string' || raw.kind !== 'op') throw new Error(String(raw))
      expect(opNumbers(raw)).toMatchObject(expected)
      expect(opNumbers(raw).relativeError).toBeLessThan(1e-5)
      expect(derive(raw)).toMatchObject({ fellBack: expected.fellBack })
    }

    const { attribution } = modelNumbers(mixed as ModelRaw)
    const fallen = attribution.fallbacks.map(({ operator }) => operator)
    expect(fallen).toContain('NonZero')
    const onDevice = attribution.nodes.filter(({ provider }) => provider === 'WebGpuExecutionProvider')
    expect(onDevice.map(({ operator }) => operator)).toEqual(expect.arrayContaining(['MatMul', 'Softmax']))
    expect(fallen).not.toContain('MatMul')
    // Copies wait for the device; their time is that of other nodes.
    for (const { operator, microseconds } of attribution.nodes)
      if (operator.startsWith('Memcpy')) expect(microseconds).toBe(0)
  }, 200_000)
})
