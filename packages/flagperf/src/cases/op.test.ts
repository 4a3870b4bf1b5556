import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { constant, createSession, Generator, ops, saveOnnx, spec, trace } from '@flag/core-tensor'
import { describe, expect, test } from 'vitest'
import { opNumbers } from '../results/op.ts'
import { type Example, modelOf } from './op/example.ts'
import { nodesOfModel } from './op/modelNodes.ts'
import { measureOp, operatorSets } from './op.ts'
import { agreementWithCpu } from './reference.ts'
import type { OpSpec } from './spec.ts'

const opSpec = (parts: Partial<OpSpec>): OpSpec => ({
  kind: 'op',
  from: 'onnx',
  operator: 'MatMul',
  dtype: 'float32',
  size: 16,
  provider: 'cpu',
  threads: 1,
  runs: 3,
  ...parts,
})

// What FlagPerf's operation/benchmarks has (1b5a030).
const flagperf =
  'abs add addmm all amax argmax bitwise_and bitwise_not bitwise_or bmm cos cross_entropy_loss div dropout eq exp ge gelu ' +
  'group_norm gt isinf isnan layer_norm le linear log_softmax lt max mean min mm mul mv native_dropout native_group_norm ne neg ' +
  'outer pow prod reciprocal relu rsqrt rsub sigmoid silu sin softmax sub sum tanh triu'

test("FlagPerf's 52 operators have graphs", () => {
  expect(Object.keys(operatorSets.flagperf)).toEqual(flagperf.split(' '))
  expect(flagperf.split(' ').length).toBe(52)
})

describe.each(Object.entries(operatorSets))('every operator runs: %s', (_, set) => {
  test.each(Object.entries(set))('%s', async (name, example: Example) => {
    const model = modelOf(name, example, example.dtypes[0], 8)
    const session = await createSession(model.bytes, {
      isolation: 'inline',
      threads: 1,
      optimization: 'disabled',
    })
    const outputs = Object.values(await session.run(model.feeds))
    await session.dispose()
    expect(outputs.length).toBe(example.outputs ?? 1)
    expect(outputs.every(({ shape }) => shape.every((size) => size >= 0))).toBe(true)
  })
})

test('times, rates and where it ran', async () => {
  const raw = await measureOp(opSpec({ size: 128 }))
  expect([raw.timesNs.length, raw.profile.length, raw.profile[0].microseconds.length]).toEqual([3, 1, 3])
  const numbers = opNumbers(raw)
  expect(numbers).toMatchObject({
    flops: 2 * 128 ** 3,
    bytes: 3 * 4 * 128 ** 2,
    fellBack: false,
    uncounted: [],
  })
  expect(numbers.providers).toEqual(['CPUExecutionProvider'])
  expect(numbers.firstMs).toBeGreaterThan(0)
  // A result that is cut to an element is not the operator's work, and operators that the runtime takes apart are whole.
  const parts = await measureOp(opSpec({ from: 'flagperf', operator: 'gelu', size: 128 }))
  expect(parts.profile.map(({ operator }) => operator)).toEqual(['Gelu'])
  const loss = await measureOp(opSpec({ operator: 'SoftmaxCrossEntropyLoss' }))
  expect(loss.profile.length).toBeGreaterThan(0)
})

test('kernel time below the step of the clock is not a rate', () => {
  const profile = {
    name: 'Add_0',
    operator: 'Add',
    domain: '',
    attributes: {},
    provider: 'CPUExecutionProvider',
  }
  const type = { dtype: 'float32', shape: [2] }
  const raw = { kind: 'op', provider: 'cpu', openNs: 1, firstRunNs: 5000, timesNs: [4000, 2000] } as const
  const numbers = opNumbers({
    ...raw,
    timesNs: [...raw.timesNs],
    profile: [{ ...profile, microseconds: [0, 0], inputs: [type, type], outputs: [type] }],
  })
  expect(numbers).toMatchObject({
    kernelUs: null,
    gigaflops: null,
    gigabytes: null,
    callUs: 3,
    bestCallUs: 2,
    flops: 2,
  })
})

test('the nodes of a model, each once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'flagperf-op-'))
  try {
    const model = join(folder, 'net.onnx')
    const weight = constantOf()
    const traced = trace(
      (x) => ops.relu(ops.matmul(ops.relu(ops.matmul(x, weight())), weight())),
      [spec('float32', ['batch', 8])],
    )
    await saveOnnx(model, traced)
    const source = { model, sizes: { batch: 4 } }
    const nodes = await nodesOfModel(source)
    expect([...nodes].map(([key, { count }]) => [key, count])).toEqual([
      ['MatMul float32[4, 8] float32[8, 8]', 2],
      ['Relu float32[4, 8]', 2],
    ])
    const raw = await measureOp(opSpec({ from: source, operator: 'MatMul float32[4, 8] float32[8, 8]' }))
    expect(opNumbers(raw).flops).toBe(2 * 4 * 8 * 8)
    await expect(measureOp(opSpec({ from: source, operator: 'Conv' }))).rejects.toThrow(/has no node "Conv"/)
  } finally {
    await rm(folder, { recursive: true })
  }
})

const constantOf = () => {
  const tensor = new Generator(0).rand([8, 8])
  return () => constant(tensor)
}

test('what is not known is said', async () => {
  await expect(measureOp(opSpec({ operator: 'Frobnicate' }))).rejects.toThrow(/"Frobnicate" is not known/)
  await expect(measureOp(opSpec({ operator: 'And' }))).rejects.toThrow(/measured on bool, not on float32/)
})

test('how far results are from those of the CPU, for every output', async () => {
  const model = modelOf('MatMul', operatorSets.onnx.MatMul, 'float32', 8)
  const session = await createSession(model.bytes, { isolation: 'inline', threads: 1 })
  const outputs = await session.run(model.feeds)
  await session.dispose()
  const agreement = await agreementWithCpu(model.bytes, model.feeds, outputs, { isolation: 'inline' })
  expect(agreement).toMatchObject([{ elements: expect.any(Number), maxAbs: 0, maxRel: 0 }])
  const raw = { kind: 'op', provider: 'webgpu', openNs: 1, firstRunNs: 1, timesNs: [1], profile: [] } as const
  const errorOf = (...maxRel: (number | null)[]) =>
    opNumbers({
      ...raw,
      timesNs: [1],
      profile: [],
      agreement: maxRel.map((each) => ({ ...agreement[0], maxRel: each })),
    }).relativeError
  expect([errorOf(), errorOf(0.1, 0.3), errorOf(0.1, null)]).toEqual([undefined, 0.3, null])
})
