import fc from 'fast-check'
import { describe } from 'vitest'
import { constant, type Value } from '../graph/graph.ts'
import * as ops from './index.ts'
import { normal, property, QUADRATIC, SINGLE, shapes } from './testing/differences.ts'

const between = (min: number, max: number) => fc.integer({ min, max })
const positive = (x: Value) => ops.add(ops.mul(x, x), 0.5)
const int64 = (values: readonly number[], shape?: readonly number[]) => constant(values, 'int64', shape)
const single = (shape: readonly number[], seed: number) => normal(shape, seed, 'float32')

const windows = fc.record({
  rank: between(1, 2),
  batch: between(1, 2),
  size: between(5, 7),
  kernel: between(1, 3),
  stride: between(1, 3),
  dilation: between(1, 2),
  before: fc.nat(1),
  after: fc.nat(1),
  groups: between(1, 2),
  perGroup: between(1, 2),
  out: between(1, 2),
})

describe('convolution and pooling', () => {
  const all = <T>(rank: number, value: T): T[] => Array.from({ length: rank }, () => value)
  const space = (rank: number, size: number) => all(rank, size).map((n, i) => n + i)

  property('conv', windows, (w, seed) => {
    const pads = [...all(w.rank, w.before), ...all(w.rank, w.after)]
    return {
      run: (x, weight, bias) =>
        ops.conv(x, weight, bias, {
          stride: w.stride,
          dilation: w.dilation,
          padding: pads,
          groups: w.groups,
        }),
      inputs: [
        single([w.batch, w.groups * w.perGroup, ...space(w.rank, w.size)], seed),
        single([w.groups * w.out, w.perGroup, ...all(w.rank, w.kernel)], seed + 1),
        single([w.groups * w.out], seed + 2),
      ],
      options: { ...QUADRATIC, second: true },
    }
  })
  property('convTranspose', windows, (w, seed) => {
    const pads = [...all(w.rank, w.before), ...all(w.rank, w.after)]
    return {
      run: (x, weight, bias) =>
        ops.convTranspose(x, weight, bias, {
          stride: w.stride,
          dilation: w.dilation,
          padding: pads,
          groups: w.groups,
          outputPadding: w.stride > 1 ? 1 : 0,
        }),
      inputs: [
        single([w.batch, w.groups * w.perGroup, ...space(w.rank, w.size)], seed),
        single([w.groups * w.perGroup, w.out, ...all(w.rank, w.kernel)], seed + 1),
        single([w.groups * w.out], seed + 2),
      ],
      options: { ...QUADRATIC, second: true },
    }
  })
  property('averagePool', fc.tuple(windows, fc.boolean(), fc.boolean()), ([w, countPadding, ceil], seed) => ({
    run: (x) =>
      ops.averagePool(x, w.kernel, {
        stride: w.stride,
        padding: w.kernel > 1 ? [...all(w.rank, w.before), ...all(w.rank, w.after)] : 0,
        countPadding,
        ceil,
      }),
    inputs: [single([w.batch, w.out, ...space(w.rank, w.size)], seed)],
    options: QUADRATIC,
  }))
  property('maxPool', windows, (w, seed) => ({
    run: (x) =>
      ops.maxPool(x, w.kernel, {
        stride: w.stride,
        padding: w.kernel > 1 ? [...all(w.rank, w.before), ...all(w.rank, w.after)] : 0,
        dilation: w.dilation,
      }),
    inputs: [normal([w.batch, w.out, ...space(w.rank, w.size)], seed)],
  }))
  property('globalAveragePool', shapes(3, 5), (shape, seed) => ({
    run: ops.globalAveragePool,
    inputs: [single(shape, seed)],
    options: QUADRATIC,
  }))
  property('globalMaxPool', shapes(3, 5), (shape, seed) => ({
    run: ops.globalMaxPool,
    inputs: [single(shape, seed)],
    options: { ...SINGLE, step: 1 / 1024 },
  }))
  property(
    'adaptiveAveragePool',
    fc.tuple(shapes(4, 4, 5), between(1, 5), between(1, 5)),
    ([shape, h, w], seed) => ({
      run: (x) => ops.adaptiveAveragePool(x, [h, w]),
      inputs: [normal(shape, seed)],
    }),
  )
  property(
    'resize',
    fc.record({
      shape: shapes(4, 4, 5),
      sizes: fc.tuple(between(1, 9), between(1, 9)),
      mode: fc.constantFrom('nearest', 'nearest-exact', 'linear', 'cubic'),
      alignCorners: fc.boolean(),
    }),
    ({ shape, sizes, mode, alignCorners }, seed) => ({
      run: (x) =>
        ops.resize(x, {
          sizes,
          mode: mode as 'nearest',
          alignCorners: alignCorners && mode !== 'nearest-exact',
        }),
      inputs: [single(shape, seed)],
      options: QUADRATIC,
    }),
  )
})

describe('normalisation', () => {
  const image = fc.tuple(between(1, 2), between(1, 2), between(1, 2), shapes(1, 2, 3))
  property('layerNorm', shapes(1, 3, 4), (shape, seed) => {
    const widened = [...shape, 4]
    return {
      run: (x, scale, bias) => ops.layerNorm(x, scale, bias, 0.1),
      inputs: [normal(widened, seed), normal([4], seed + 1), normal([4], seed + 2)],
    }
  })
  property('rmsNorm', shapes(1, 3, 4), (shape, seed) => ({
    run: (x, scale) => ops.rmsNorm(x, scale, 0.1),
    inputs: [normal(shape, seed), normal(shape.slice(-1), seed + 1)],
  }))
  property('groupNorm', image, ([batch, groups, perGroup, space], seed) => ({
    run: (x, scale, bias) => ops.groupNorm(x, groups, scale, bias, 1),
    inputs: [
      single([batch, groups * perGroup, ...space], seed),
      single([groups * perGroup], seed + 1),
      single([groups * perGroup], seed + 2),
    ],
    options: SINGLE,
  }))
  property('instanceNorm', image, ([batch, , channels, space], seed) => ({
    run: (x, scale, bias) => ops.instanceNorm(x, scale, bias, 1),
    inputs: [
      single([batch, channels, ...space], seed),
      single([channels], seed + 1),
      single([channels], seed + 2),
    ],
    options: SINGLE,
  }))
  property('batchNorm', image, ([batch, , channels, space], seed) => ({
    run: (x, scale, bias, mean, variance) =>
      ops.batchNorm(x, scale, bias, { mean, variance: positive(variance) }, 0.1),
    inputs: [
      normal([batch, channels, ...space], seed),
      ...[1, 2, 3, 4].map((n) => normal([channels], seed + n)),
    ],
  }))
  property('batchNormTraining', image, ([batch, , channels, space], seed) => ({
    run: (x, scale, bias) => ops.batchNormTraining(x, scale, bias, 0.1).y,
    inputs: [
      normal([batch, channels, ...space], seed),
      normal([channels], seed + 1),
      normal([channels], seed + 2),
    ],
  }))
})

describe('attention, boxes and losses', () => {
  property(
    'attention',
    fc.record({
      lead: shapes(0, 2, 2),
      queries: between(1, 3),
      keys: between(1, 3),
      causal: fc.boolean(),
      mask: fc.option(fc.array(fc.boolean(), { minLength: 9, maxLength: 9 })),
    }),
    ({ lead, queries, keys, causal, mask }, seed) => ({
      run: (q, k, v, bias) => {
        const seen = mask && constant(mask.slice(0, queries * keys).map(Number), 'bool', [queries, keys])
        return ops.attention(q, k, v, { bias, causal, mask: seen ?? undefined })
      },
      inputs: [
        normal([...lead, queries, 4], seed),
        normal([...lead, keys, 4], seed + 1),
        normal([...lead, keys, 3], seed + 2),
        normal([queries, keys], seed + 3),
      ],
    }),
  )
  property(
    'rotary',
    fc.tuple(shapes(1, 3), fc.constantFrom('interleaved', 'halves')),
    ([shape, layout], seed) => ({
      run: (x) => {
        const turn = ops.rotation(ops.iota(shape[shape.length - 1]), 4)
        const wide = { cos: ops.cast(turn.cos, 'float64'), sin: ops.cast(turn.sin, 'float64') }
        return ops.rotary(ops.mul(x, x), wide, layout as 'halves')
      },
      inputs: [normal([...shape, 6], seed)],
    }),
  )
  property(
    'roiAlign',
    fc.record({
      shape: shapes(2, 2, 2),
      height: between(1, 6),
      width: between(1, 6),
      boxes: fc.array(fc.array(fc.integer({ min: -20, max: 100 }), { minLength: 4, maxLength: 4 }), {
        minLength: 1,
        maxLength: 3,
      }),
      aligned: fc.boolean(),
      samples: between(1, 3),
    }),
    ({ shape, height, width, boxes, aligned, samples }, seed) => ({
      run: (x) => {
        const corners = boxes.flatMap(([a, b, c, d]) => [
          a / 10,
          b / 10,
          (a + Math.abs(c)) / 10,
          (b + Math.abs(d)) / 10,
        ])
        const pictures = boxes.map((_, i) => i % shape[0])
        return ops.roiAlign(x, constant(corners, 'float32', [boxes.length, 4]), int64(pictures), {
          size: [2, 3],
          scale: 0.5,
          aligned,
          samples,
        })
      },
      inputs: [single([...shape, height, width], seed)],
      options: QUADRATIC,
    }),
  )
  const batch = fc.tuple(between(1, 4), between(2, 4))
  const losses: Record<string, (a: Value, b: Value, rows: number) => Value> = {
    crossEntropy: (a, _, rows) =>
      ops.crossEntropy(a, int64(Array.from({ length: rows }, (_, i) => i % 2)), { labelSmoothing: 0.1 }),
    'crossEntropy, ignored': (a, _, rows) =>
      ops.crossEntropy(a, int64(Array.from({ length: rows }, (_, i) => (i === 1 ? 0 : 1))), {
        ignoreIndex: 0,
        reduction: 'sum',
      }),
    meanSquaredError: (a, b) => ops.meanSquaredError(a, b),
    huber: (a, b) => ops.huber(a, b, 0.8),
    klDivergence: (a, b) => ops.klDivergence(ops.logSoftmax(a), ops.logSoftmax(b)),
    cosineSimilarity: (a, b) => ops.cosineSimilarity(a, b),
    infoNCE: (a, b) => ops.infoNCE(a, b, 3),
  }
  for (const [name, run] of Object.entries(losses)) {
    property(name, batch, ([rows, width], seed) => ({
      run: (a, b) => run(a, b, rows),
      inputs: [normal([rows, width], seed), normal([rows, width], seed + 1)],
    }))
  }
  property('binaryCrossEntropy', batch, ([rows, width], seed) => ({
    run: (a, b) => ops.binaryCrossEntropy(a, ops.sigmoid(b), { positiveWeight: 2 }),
    inputs: [single([rows, width], seed), single([rows, width], seed + 1)],
    options: SINGLE,
  }))
})
