import fc from 'fast-check'
import { describe } from 'vitest'
import { constant, type Value } from '../graph/graph.ts'
import { apply1 } from '../graph/operator.ts'
import * as ops from './index.ts'
import { normal, property, QUADRATIC, SINGLE, shapes } from './testing/differences.ts'

const between = (min: number, max: number) => fc.integer({ min, max })
const positive = (x: Value) => ops.add(ops.mul(x, x), 0.5)
const int64 = (values: readonly number[], shape?: readonly number[]) => constant(values, 'int64', shape)
const single = (shape: readonly number[], seed: number) => normal(shape, seed, 'float32')

/** Two shapes that broadcast against each other. */
const broadcastable = fc
  .tuple(shapes(0, 4), fc.nat(4), fc.nat(4), fc.array(fc.nat(2), { minLength: 4, maxLength: 4 }))
  .map(([dims, dropA, dropB, ones]) => [
    dims.slice(Math.min(dropA, dims.length)).map((dim) => dim),
    dims.map((dim, i) => (ones[i] === 1 ? 1 : dim)).slice(Math.min(dropB, dims.length)),
  ])

describe('elementwise', () => {
  const two: Record<string, (a: Value, b: Value) => Value> = {
    add: ops.add,
    sub: ops.sub,
    mul: ops.mul,
    div: (a, b) => ops.div(a, positive(b)),
    pow: (a, b) => ops.pow(positive(a), b),
    maximum: ops.maximum,
    minimum: ops.minimum,
    where: (a, b) => ops.where(ops.less(a, b), ops.mul(a, a), ops.mul(b, a)),
    sum: (a, b) => ops.mul(apply1('Sum', [a, b]), a),
  }
  for (const [name, run] of Object.entries(two)) {
    property(name, broadcastable, ([a, b], seed) => ({
      run: (x, y) => run(x, y),
      inputs: [normal(a, seed), normal(b, seed + 1)],
    }))
  }

  const one: Record<string, (x: Value) => Value> = {
    neg: ops.neg,
    abs: ops.abs,
    exp: ops.exp,
    log: (x) => ops.log(positive(x)),
    sqrt: (x) => ops.sqrt(positive(x)),
    rsqrt: (x) => ops.rsqrt(positive(x)),
    reciprocal: (x) => ops.reciprocal(positive(x)),
    clip: (x) => ops.mul(ops.clip(x, -0.5, 0.75), x),
    sin: ops.sin,
    cos: ops.cos,
    relu: (x) => ops.mul(ops.relu(x), x),
    sigmoid: ops.sigmoid,
    tanh: ops.tanh,
    'cube by pow': (x) => ops.pow(x, 3),
  }
  for (const [name, run] of Object.entries(one)) {
    property(name, shapes(0, 4), (shape, seed) => ({ run, inputs: [normal(shape, seed)] }))
  }

  const inside = (x: Value) => ops.mul(ops.tanh(x), 0.9)
  const oneSingle: Record<string, (x: Value) => Value> = {
    elu: (x) => ops.elu(x),
    silu: ops.silu,
    quickGelu: ops.quickGelu,
    erf: ops.erf,
    gelu: (x) => ops.gelu(x),
    'gelu, tanh': (x) => ops.gelu(x, 'tanh'),
    mish: ops.mish,
    softplus: ops.softplus,
    softsign: (x) => ops.mul(ops.softsign(x), x),
    celu: (x) => ops.celu(x, 0.7),
    selu: ops.selu,
    leakyRelu: (x) => ops.mul(ops.leakyRelu(x), x),
    hardSwish: ops.hardSwish,
    hardSigmoid: (x) => ops.mul(ops.hardSigmoid(x), x),
    tan: (x) => ops.tan(inside(x)),
    asin: (x) => ops.asin(inside(x)),
    acos: (x) => ops.acos(inside(x)),
    atan: ops.atan,
    sinh: ops.sinh,
    cosh: ops.cosh,
    asinh: ops.asinh,
    acosh: (x) => ops.acosh(ops.add(positive(x), 1)),
    atanh: (x) => ops.atanh(inside(x)),
  }
  for (const [name, run] of Object.entries(oneSingle)) {
    property(name, shapes(0, 3), (shape, seed) => ({ run, inputs: [single(shape, seed)], options: SINGLE }))
  }
  property('mean', broadcastable, ([a, b], seed) => ({
    run: (x, y) => ops.mul(apply1('Mean', [x, y]), y),
    inputs: [single(a, seed), single(b, seed + 1)],
    options: SINGLE,
  }))
  property('prelu', shapes(1, 3), (shape, seed) => ({
    run: (x, slope) => ops.mul(ops.prelu(x, slope), x),
    inputs: [single(shape, seed), single(shape.slice(-1), seed + 1)],
    options: SINGLE,
  }))
})

/** A shape and some of its axes. */
const reducible = shapes(1, 4, 4).chain((shape) =>
  fc.record({
    shape: fc.constant(shape),
    axes: fc.uniqueArray(fc.nat(shape.length - 1), { minLength: 1 }),
    keep: fc.boolean(),
  }),
)

describe('reduction', () => {
  const reduce = {
    reduceSum: ops.reduceSum,
    reduceMean: ops.reduceMean,
    reduceMax: ops.reduceMax,
    reduceMin: ops.reduceMin,
    reduceProd: ops.reduceProd,
    variance: ops.variance,
    norm: ops.norm,
  }
  for (const [name, run] of Object.entries(reduce)) {
    property(name, reducible, ({ shape, axes, keep }, seed) => ({
      run: (x) => {
        const y = run(x, axes, keep)
        return ops.mul(y, y)
      },
      inputs: [normal(shape, seed)],
    }))
  }
  for (const name of ['ReduceL1', 'ReduceSumSquare', 'ReduceLogSum'] as const) {
    property(name, reducible, ({ shape, axes, keep }, seed) => ({
      run: (x) => {
        const y = apply1(name, [positive(x), int64(axes)], { keepdims: keep ? 1 : 0 })
        return ops.mul(y, y)
      },
      inputs: [single(shape, seed)],
      options: SINGLE,
    }))
  }
  const along: Record<string, (x: Value, axis: number) => Value> = {
    logSumExp: (x, axis) => ops.logSumExp(x, axis),
    softmax: ops.softmax,
    logSoftmax: ops.logSoftmax,
    normalize: (x, axis) => ops.normalize(x, axis),
    cumSum: (x, axis) => ops.mul(ops.cumSum(x, axis), x),
    'cumSum, exclusive': (x, axis) => ops.mul(ops.cumSum(x, axis, { exclusive: true }), x),
    'cumSum, reverse': (x, axis) => ops.mul(ops.cumSum(x, axis, { reverse: true }), x),
    topK: (x, axis) => {
      const { values } = ops.topK(x, 1, axis)
      return ops.mul(values, values)
    },
  }
  for (const [name, run] of Object.entries(along)) {
    property(name, reducible, ({ shape, axes }, seed) => ({
      run: (x) => run(x, axes[0]),
      inputs: [normal(shape, seed)],
    }))
  }
})

describe('products', () => {
  const product = fc
    .tuple(broadcastable, between(1, 3), between(1, 3), between(1, 3))
    .map(([[a, b], m, k, n]) => [
      [...a.slice(-2), m, k],
      [...b.slice(-2), k, n],
    ])
  property('matmul', product, ([a, b], seed) => ({
    run: ops.matmul,
    inputs: [normal(a, seed), normal(b, seed + 1)],
  }))
  property('linear', shapes(3, 5), ([width, out, ...lead], seed) => ({
    run: ops.linear,
    inputs: [normal([...lead, width], seed), normal([out, width], seed + 1), normal([out], seed + 2)],
  }))
  property('gemm', fc.tuple(shapes(3, 3), fc.nat(1), fc.nat(1)), ([[m, k, n], transA, transB], seed) => ({
    run: (a, b, c) => ops.gemm(a, b, c, { transA, transB, alpha: 0.5, beta: -2 }),
    inputs: [
      normal(transA ? [k, m] : [m, k], seed),
      normal(transB ? [n, k] : [k, n], seed + 1),
      normal([n], seed + 2),
    ],
  }))
  property('einsum', shapes(4, 4), ([i, j, k, l], seed) => ({
    run: (a, b, c) => ops.einsum('ijk,kl,il->jl', a, b, c),
    inputs: [normal([i, j, k], seed), normal([k, l], seed + 1), normal([i, l], seed + 2)],
  }))
  property('einsum with an ellipsis', broadcastable, ([a, b], seed) => ({
    run: (x, y) => ops.einsum('...ij,...kj->...ki', x, y),
    inputs: [normal([...a.slice(-2), 2, 3], seed), normal([...b.slice(-2), 2, 3], seed + 1)],
  }))
})

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

describe('places', () => {
  const bound = between(-6, 6)
  property(
    'slice',
    fc.record({
      shape: shapes(2, 3, 5),
      starts: fc.tuple(bound, bound),
      ends: fc.tuple(bound, bound),
      steps: fc.tuple(fc.constantFrom(1, 2, -1, -2), fc.constantFrom(1, 1, 3)),
    }),
    ({ shape, starts, ends, steps }, seed) => ({
      run: (x) => {
        const y = ops.slice(x, starts, ends, [0, -1], steps)
        return ops.mul(y, y)
      },
      inputs: [normal(shape, seed)],
    }),
  )
  property(
    'pad',
    fc.record({ shape: shapes(2, 3, 4), pads: fc.array(between(-1, 3), { minLength: 6, maxLength: 6 }) }),
    ({ shape, pads }, seed) => ({
      run: (x, value) => {
        const y = ops.pad(
          x,
          pads.slice(0, 2 * shape.length).map((n, i) => (shape[i % shape.length] < 2 ? Math.max(0, n) : n)),
          value,
        )
        return ops.mul(y, y)
      },
      inputs: [
        normal(
          shape.map((n) => n + 1),
          seed,
        ),
        normal([], seed + 1),
      ],
    }),
  )
  property(
    'pad with its own elements',
    fc.record({
      shape: shapes(2, 3, 3),
      pads: fc.array(fc.nat(2), { minLength: 6, maxLength: 6 }),
      mode: fc.constantFrom('reflect', 'edge', 'wrap'),
    }),
    ({ shape, pads, mode }, seed) => ({
      run: (x) => {
        const y = ops.pad(x, pads.slice(0, 2 * shape.length), 0, mode as 'edge')
        return ops.mul(y, y)
      },
      inputs: [
        normal(
          shape.map((n) => n + 2),
          seed,
        ),
      ],
    }),
  )
  property(
    'concat and split',
    fc.tuple(shapes(1, 3), fc.nat(2), shapes(2, 3)),
    ([shape, at, sizes], seed) => {
      const axis = at % shape.length
      const part = (size: number) => shape.map((dim, i) => (i === axis ? size : dim))
      return {
        run: (...parts) =>
          ops.split(
            ops.concat(
              parts.map((x) => ops.mul(x, x)),
              axis,
            ),
            [...sizes].reverse(),
            axis,
          ),
        inputs: sizes.map((size, i) => normal(part(size), seed + i)),
      }
    },
  )
  property(
    'transpose, tile and expand',
    fc.tuple(shapes(3, 3), fc.nat(2), between(1, 3)),
    ([shape, axis, n], seed) => ({
      run: (x) => {
        const y = ops.tile(ops.swapAxes(ops.mul(x, x), 0, axis), [1, n, 2])
        return ops.expand(y, [2, ...y.shape])
      },
      inputs: [normal(shape, seed)],
    }),
  )
  const indexed = shapes(2, 3, 4).chain((shape) =>
    fc.nat(shape.length - 1).chain((axis) =>
      fc.record({
        shape: fc.constant(shape),
        axis: fc.constant(axis),
        indices: fc.array(between(-shape[axis], shape[axis] - 1), { minLength: 1, maxLength: 5 }),
        add: fc.boolean(),
      }),
    ),
  )
  property('gather', indexed, ({ shape, axis, indices }, seed) => ({
    run: (x) => ops.gather(ops.mul(x, x), int64(indices), axis),
    inputs: [normal(shape, seed)],
  }))
  property('gatherND', indexed, ({ shape, indices }, seed) => ({
    run: (x) => {
      const pairs = indices.flatMap((i) => [i % shape[0], i % shape[1]])
      return ops.gatherND(ops.mul(x, x), int64(pairs, [indices.length, 2]))
    },
    inputs: [normal(shape, seed)],
  }))
  property('gatherElements', indexed, ({ shape, axis, indices }, seed) => ({
    run: (x) => {
      const places = ops.expand(
        int64(
          indices,
          shape.map((_, i) => (i === axis ? indices.length : 1)),
        ),
        shape.map((dim, i) => (i === axis ? indices.length : dim)),
      )
      return ops.gatherElements(ops.mul(x, x), places, axis)
    },
    inputs: [normal(shape, seed)],
  }))
  property('scatterElements', indexed, ({ shape, axis, indices, add }, seed) => {
    const distinct = [...new Set(indices.map((i) => (i < 0 ? i + shape[axis] : i)))]
    const used = add ? indices : distinct
    const taken = shape.map((dim, i) => (i === axis ? used.length : dim))
    return {
      run: (x, updates) => {
        const places = ops.expand(
          int64(
            used,
            shape.map((_, i) => (i === axis ? used.length : 1)),
          ),
          taken,
        )
        const y = ops.scatterElements(x, places, updates, axis, add ? 'add' : 'none')
        return ops.mul(y, y)
      },
      inputs: [normal(shape, seed), normal(taken, seed + 1)],
    }
  })
  property('scatterND', indexed, ({ shape, indices, add }, seed) => {
    const rows = indices.map((i) => ((i % shape[0]) + shape[0]) % shape[0])
    const used = add ? rows : [...new Set(rows)]
    return {
      run: (x, updates) => {
        const y = ops.scatterND(x, int64(used, [used.length, 1]), updates, add ? 'add' : 'none')
        return ops.mul(y, y)
      },
      inputs: [normal(shape, seed), normal([used.length, ...shape.slice(1)], seed + 1)],
    }
  })
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
