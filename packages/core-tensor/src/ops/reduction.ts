import { contentsOf } from '../graph/contents.ts'
import { type Dims, normalizeAxes, normalizeAxis } from '../graph/dims.ts'
import { constant, type Value, type ValueType } from '../graph/graph.ts'
import {
  type Application,
  apply,
  apply1,
  defineOperators,
  inputOf,
  intOf,
  notDifferentiable,
  sameAsInput,
} from '../graph/operator.ts'
import type { ReductionOperator } from '../graph/operatorNames.ts'
import type { NumericDType } from '../tensor/dtype.ts'
import { cast, equal, where } from './comparison.ts'
import { div, exp, maximum, mul, sign, sub } from './elementwise.ts'
import { fillDims } from './fill.ts'
import { scatterElements } from './gather.ts'
import { expand, reshape } from './shape.ts'
import { axesOf, dimScalar, freshDim, sizesIn } from './sizes.ts'

/** Axes that a Reduce* node sums over, counted from the front. */
function reducedAxes(application: Pick<Application, 'operator' | 'inputs' | 'attributes'>): number[] {
  const x = inputOf(application, 0)
  const axes = axesOf(application as Application, 1)
  const none = axes === undefined || axes.length === 0
  if (none && intOf(application.attributes, 'noop_with_empty_axes', 0) === 1) return []
  return normalizeAxes(none ? undefined : axes, x.rank)
}

function inferReduction(application: Application): ValueType[] {
  const x = inputOf(application, 0)
  const keep = intOf(application.attributes, 'keepdims', 1) === 1
  const given = application.inputs[1] && contentsOf(application.inputs[1])
  if (given?.includes(undefined)) {
    // Some of the axes, known when the graph runs.
    const rank = keep ? x.rank : x.rank - given.length
    return [
      { dtype: x.dtype, shape: Array.from({ length: rank }, (_, i) => freshDim(x.graph, `reduced${i}`)) },
    ]
  }
  const axes = reducedAxes(application)
  const shape = keep
    ? x.shape.map((dim, i) => (axes.includes(i) ? 1 : dim))
    : x.shape.filter((_, i) => !axes.includes(i))
  return [{ dtype: x.dtype, shape }]
}

const keptDims = (x: Value, axes: readonly number[]): Dims =>
  x.shape.map((dim, i) => (axes.includes(i) ? 1 : dim))

/** A rule for a reduction, given the gradient that an input element gets, which is broadcast to all of them. */
const reduction =
  (spread: (g: Value, x: Value, y: Value, axes: readonly number[]) => Value) =>
  (
    node: {
      operator: string
      inputs: readonly (Value | undefined)[]
      outputs: readonly Value[]
      attributes: Application['attributes']
    },
    [g]: readonly (Value | undefined)[],
  ) => {
    const x = node.inputs[0]
    if (!g || !x) return []
    const axes = reducedAxes(node)
    const kept = keptDims(x, axes)
    return [expand(spread(reshape(g, kept), x, reshape(node.outputs[0], kept), axes), x.shape)]
  }

const toExtremum = reduction((g, x, y, axes) => {
  const hits = cast(equal(x, y), x.dtype)
  return mul(div(g, reduceSum(hits, axes, true)), hits)
})

function inferArg(application: Application): ValueType[] {
  const x = inputOf(application, 0)
  const axis = normalizeAxis(intOf(application.attributes, 'axis', 0), x.rank)
  const keep = intOf(application.attributes, 'keepdims', 1) === 1
  const shape = keep ? x.shape.map((dim, i) => (i === axis ? 1 : dim)) : x.shape.filter((_, i) => i !== axis)
  return [{ dtype: 'int64', shape }]
}

const argument = { infer: inferArg, gradient: notDifferentiable('the result is an index') }

export const reductions = defineOperators<ReductionOperator>({
  ReduceSum: { infer: inferReduction, gradient: reduction((g) => g) },
  ReduceMean: {
    infer: inferReduction,
    gradient: reduction((g, x, _, axes) => div(g, countOf(x, axes))),
  },
  ReduceMax: { infer: inferReduction, gradient: toExtremum },
  ReduceMin: { infer: inferReduction, gradient: toExtremum },
  ReduceProd: {
    infer: inferReduction,
    gradient: reduction((g, x, _, axes) => {
      // The product of the others: y / x, but where one factor is 0 only that one has a gradient.
      const isZero = equal(x, 0)
      const others = where(isZero, 1, x)
      const product = mul(g, reduceProd(others, axes, true))
      const zeros = reduceSum(cast(isZero, x.dtype), axes, true)
      const alone = where(equal(zeros, 1), product, 0)
      return where(isZero, alone, where(equal(zeros, 0), div(product, others), 0))
    }),
  },
  ReduceL1: { infer: inferReduction, gradient: reduction((g, x) => mul(g, sign(x))) },
  ReduceL2: {
    infer: inferReduction,
    // 0 at the origin, as in PyTorch.
    gradient: reduction((g, x, y) => {
      const isZero = equal(y, 0)
      return mul(where(isZero, 0, div(g, where(isZero, 1, y))), x)
    }),
  },
  ReduceSumSquare: { infer: inferReduction, gradient: reduction((g, x) => mul(mul(g, 2), x)) },
  ReduceLogSum: { infer: inferReduction, gradient: reduction((g, _, y) => div(g, exp(y))) },
  ReduceLogSumExp: { infer: inferReduction, gradient: reduction((g, x, y) => mul(g, exp(sub(x, y)))) },
  ArgMax: argument,
  ArgMin: argument,
  TopK: {
    infer: (application) => {
      const x = inputOf(application, 0)
      const axis = normalizeAxis(intOf(application.attributes, 'axis', -1), x.rank)
      const k = intOf(application.attributes, 'k', -1)
      const count = k >= 0 ? k : sizesIn(application, 1)[0]
      const shape = x.shape.map((dim, i) => (i === axis ? count : dim))
      return [
        { dtype: x.dtype, shape },
        { dtype: 'int64', shape },
      ]
    },
    gradient: ({ inputs: [x], outputs: [, indices], attributes }, [g]) => {
      if (!g || !x) return []
      // The indices are distinct, so a plain scatter is exact.
      const zeros = fillDims(x.shape, 0, x.dtype as NumericDType)
      return [scatterElements(zeros, indices, g, normalizeAxis(intOf(attributes, 'axis', -1), x.rank))]
    },
  },
  CumProd: { infer: sameAsInput(), gradient: notDifferentiable('use exp(cumSum(log(x))) for positive x') },
  CumSum: {
    infer: sameAsInput(),
    gradient: ({ inputs: [, axis], attributes }, [g]) => [
      g && apply1('CumSum', [g, axis], { ...attributes, reverse: 1 - intOf(attributes, 'reverse', 0) }),
    ],
  },
})

/** How many elements are reduced into one, as a number or, with symbolic axes, as a scalar of x's dtype. */
export function countOf(x: Value, axes: readonly number[]): Value | number {
  const numbers = axes.reduce(
    (n, axis) => (typeof x.shape[axis] === 'number' ? n * (x.shape[axis] as number) : n),
    1,
  )
  const symbols = axes.filter((axis) => typeof x.shape[axis] === 'string')
  if (symbols.length === 0) return numbers
  return symbols.reduce<Value>(
    (count, axis) => mul(count, cast(dimScalar(x.shape[axis]), x.dtype)),
    constant(numbers, x.dtype as NumericDType),
  )
}

type ReduceName = Extract<ReductionOperator, `Reduce${string}`>

const reduce =
  (name: ReduceName) =>
  /** Over `axes` (all when undefined); the reduced axes stay with size 1 when `keepDims`. */
  (x: Value, axes?: number | readonly number[], keepDims = false): Value => {
    const list = normalizeAxes(axes, x.rank)
    return list.length === 0 ? x : apply1(name, [x, constant(list, 'int64')], { keepdims: keepDims ? 1 : 0 })
  }

export function reduceSum(x: Value, axes?: number | readonly number[], keepDims = false): Value {
  return reduce('ReduceSum')(x, axes, keepDims)
}
export const reduceMean = reduce('ReduceMean')
export const reduceMax = reduce('ReduceMax')
export const reduceMin = reduce('ReduceMin')
export function reduceProd(x: Value, axes?: number | readonly number[], keepDims = false): Value {
  return reduce('ReduceProd')(x, axes, keepDims)
}

/** Mean of squared deviations (population variance). */
export function variance(x: Value, axes?: number | readonly number[], keepDims = false): Value {
  const deviation = sub(x, reduceMean(x, axes, true))
  return reduceMean(mul(deviation, deviation), axes, keepDims)
}

/** Euclidean norm; its gradient at the origin is 0. */
export const norm = reduce('ReduceL2')

/** `log(sum(exp(x)))` along `axis`, without overflow. */
export const logSumExp = (x: Value, axis = -1, keepDims = false): Value =>
  reduce('ReduceLogSumExp')(x, axis, keepDims)

/** Index of the first largest element along `axis`, int64. */
export function argMax(x: Value, axis = -1, keepDims = false): Value {
  return apply1('ArgMax', [x], { axis: normalizeAxis(axis, x.rank), keepdims: keepDims ? 1 : 0 })
}

/** Index of the first smallest element along `axis`, int64. */
export function argMin(x: Value, axis = -1, keepDims = false): Value {
  return apply1('ArgMin', [x], { axis: normalizeAxis(axis, x.rank), keepdims: keepDims ? 1 : 0 })
}

/** The k largest (or smallest) elements along `axis` in order, and their int64 indices. */
export function topK(x: Value, k: number, axis = -1, largest = true): { values: Value; indices: Value } {
  const attributes = { axis: normalizeAxis(axis, x.rank), largest: largest ? 1 : 0, sorted: 1 }
  const [values, indices] = apply('TopK', [x, constant([k], 'int64')], attributes, { outputs: 2 })
  return { values, indices }
}

/** Running sum along `axis`. */
export function cumSum(
  x: Value,
  axis: number,
  options: { exclusive?: boolean; reverse?: boolean } = {},
): Value {
  return apply1('CumSum', [x, constant(normalizeAxis(axis, x.rank), 'int64')], {
    exclusive: options.exclusive ? 1 : 0,
    reverse: options.reverse ? 1 : 0,
  })
}

/** x divided by its Euclidean norm along `axis`, or by `epsilon` where the norm is smaller: torch's `normalize`. */
export function normalize(x: Value, axis = -1, epsilon = 1e-12): Value {
  return div(x, maximum(norm(x, axis, true), epsilon))
}
