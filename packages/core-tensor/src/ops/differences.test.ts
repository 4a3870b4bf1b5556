import fc from 'fast-check'
import { describe } from 'vitest'
import { constant, type Value } from '../graph/graph.ts'
import { apply1 } from '../graph/operator.ts'
import * as ops from './index.ts'
import { normal, property, SINGLE, shapes } from './testing/differences.ts'

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
