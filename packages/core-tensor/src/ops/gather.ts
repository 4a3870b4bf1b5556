import { FlagError } from '../errors.ts'
import { type Dim, type Dims, normalizeAxis, productDims } from '../graph/dims.ts'
import { constant, type Value, type ValueType } from '../graph/graph.ts'
import {
  type Application,
  apply1,
  defineOperators,
  inputOf,
  intOf,
  notDifferentiable,
  stringOf,
} from '../graph/operator.ts'
import type { GatherOperator } from '../graph/operatorNames.ts'
import type { NumericDType } from '../tensor/dtype.ts'
import { fromNumbers } from '../tensor/tensor.ts'
import { cast, less, where } from './comparison.ts'
import { add, mul } from './elementwise.ts'
import { fillDims, iota, zerosLike } from './fill.ts'
import { reduceSum } from './reduction.ts'
import { expand, reshape } from './shape.ts'
import { dimScalar, dimsVector, freshDim, sizesIn } from './sizes.ts'
import { stack } from './slicing.ts'

function inferGather(application: Application): ValueType[] {
  const [x, indices] = [inputOf(application, 0), inputOf(application, 1)]
  const axis = normalizeAxis(intOf(application.attributes, 'axis', 0), x.rank)
  return [
    { dtype: x.dtype, shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)] },
  ]
}

function inferGatherND(application: Application): ValueType[] {
  const [x, indices] = [inputOf(application, 0), inputOf(application, 1)]
  const batch = intOf(application.attributes, 'batch_dims', 0)
  const depth = indices.shape[indices.rank - 1]
  if (typeof depth !== 'number' || batch + depth > x.rank) {
    throw new FlagError('shape-mismatch', `GatherND: index tuples of ${indices} do not fit ${x}`)
  }
  return [{ dtype: x.dtype, shape: [...indices.shape.slice(0, -1), ...x.shape.slice(batch + depth)] }]
}

const likeData = (application: Application): ValueType[] => {
  const { dtype, shape } = inputOf(application, 0)
  return [{ dtype, shape }]
}

/** What a scatter does where it writes. Only writing and adding have gradients. */
function reductionOf(operator: string, attributes: Application['attributes']): 'none' | 'add' {
  const reduction = stringOf(attributes, 'reduction', 'none')
  if (reduction === 'none' || reduction === 'add') return reduction
  throw new FlagError('not-differentiable', `${operator} with reduction "${reduction}" has no gradient rule`)
}

export const gathers = defineOperators<GatherOperator>({
  Gather: {
    infer: inferGather,
    gradient: ({ inputs: [x, indices], attributes }, [g]) => {
      if (!g || !x || !indices) return []
      const axis = normalizeAxis(intOf(attributes, 'axis', 0), x.rank)
      const flat = reshape(indices, [productDims(indices.shape)])
      const slices = reshape(g, [...x.shape.slice(0, axis), flat.shape[0], ...x.shape.slice(axis + 1)])
      return [scatterSlices(slices, flat, axis, x.shape[axis])]
    },
  },
  GatherElements: {
    infer: (application) => [{ dtype: inputOf(application, 0).dtype, shape: inputOf(application, 1).shape }],
    gradient: ({ inputs: [x, indices], attributes }, [g]) => {
      if (!g || !x || !indices) return []
      const axis = normalizeAxis(intOf(attributes, 'axis', 0), x.rank)
      return [scatterElements(zerosLike(x), indices, g, axis, 'add')]
    },
  },
  GatherND: {
    infer: inferGatherND,
    gradient: ({ inputs: [x, indices], attributes }, [g]) =>
      g && x && indices
        ? [scatterND(zerosLike(x), indices, g, 'add', intOf(attributes, 'batch_dims', 0))]
        : [],
  },
  ScatterElements: {
    infer: likeData,
    gradient: ({ inputs: [x, indices, updates], attributes }, [g]) => {
      if (!g || !x || !indices || !updates) return []
      const axis = normalizeAxis(intOf(attributes, 'axis', 0), x.rank)
      const kept = reductionOf('ScatterElements', attributes) === 'add'
      const data = kept ? g : scatterElements(g, indices, zerosLike(updates), axis)
      return [data, undefined, gatherElements(g, indices, axis)]
    },
  },
  ScatterND: {
    infer: likeData,
    gradient: ({ inputs: [x, indices, updates], attributes }, [g]) => {
      if (!g || !x || !indices || !updates) return []
      const kept = reductionOf('ScatterND', attributes) === 'add'
      return [kept ? g : scatterND(g, indices, zerosLike(updates)), undefined, gatherND(g, indices)]
    },
  },
  OneHot: {
    infer: (application) => {
      const indices = inputOf(application, 0)
      const [depth] = sizesIn(application, 1)
      const axis = intOf(application.attributes, 'axis', -1)
      const shape = [...indices.shape]
      shape.splice(axis < 0 ? axis + indices.rank + 1 : axis, 0, depth)
      return [{ dtype: inputOf(application, 2).dtype, shape }]
    },
    gradient: notDifferentiable('its input is an index'),
  },
  NonZero: {
    infer: (application) => {
      const x = inputOf(application, 0)
      return [{ dtype: 'int64', shape: [x.rank, freshDim(x.graph, 'nonzero')] }]
    },
    gradient: notDifferentiable('the result is a list of places'),
  },
})

/** Slices of `x` along `axis` at integer `indices`: shape `x[:axis] + indices + x[axis+1:]`. */
export function gather(x: Value, indices: Value, axis = 0): Value {
  return apply1('Gather', [x, indices], { axis: normalizeAxis(axis, x.rank) })
}

/** Slice number `index` along `axis`, with that axis removed: torch's `select`. */
export function select(x: Value, axis: number, index: number): Value {
  return gather(x, constant(index, 'int64'), axis)
}

/**
 * The transpose of gathering: zeros with `size` slices along `axis`, to which slice i of `updates` is added at
 * `indices[i]`. `indices` is a vector; places may repeat.
 */
export function scatterSlices(updates: Value, indices: Value, axis: number, size: Dim): Value {
  // ScatterND with duplicate indices is wrong on several threads in ONNX Runtime; ScatterElements is exact.
  const shape = updates.shape.map((dim, i) => (i === axis ? size : dim))
  const column: Dims = updates.shape.map((dim, i) => (i === axis ? dim : 1))
  const places = expand(reshape(indices, column), updates.shape)
  return scatterElements(fillDims(shape, 0, updates.dtype as NumericDType), places, updates, axis, 'add')
}

/** `y[i][j] = x[indices[i][j]][j]` for axis 0, and so on: torch's `gather`. */
export function gatherElements(x: Value, indices: Value, axis: number): Value {
  return apply1('GatherElements', [x, indices], { axis: normalizeAxis(axis, x.rank) })
}

/** `x` with `updates` written (or added) at `indices` along `axis`: torch's `scatter` and `scatter_add`. */
export function scatterElements(
  x: Value,
  indices: Value,
  updates: Value,
  axis: number,
  reduction: 'none' | 'add' | 'mul' | 'max' | 'min' = 'none',
): Value {
  const mode = reduction === 'none' ? undefined : reduction
  return apply1('ScatterElements', [x, indices, updates], {
    axis: normalizeAxis(axis, x.rank),
    reduction: mode,
  })
}

/**
 * Elements or slices of `x` at index tuples (last axis of `indices`). The first `batchDims` axes of both are walked
 * through together.
 */
export function gatherND(x: Value, indices: Value, batchDims = 0): Value {
  return apply1('GatherND', [x, indices], { batch_dims: batchDims || undefined })
}

/**
 * `x` with slices of `updates` written (or added) at the index tuples in the last axis of `indices`. Adding sums up
 * what meets at one place; of several slices written to one place, one stays.
 */
export function scatterND(
  x: Value,
  indices: Value,
  updates: Value,
  reduction: 'none' | 'add' = 'none',
  batchDims = 0,
): Value {
  if (reduction === 'none' && batchDims === 0) return apply1('ScatterND', [x, indices, updates])
  // Rows of a matrix instead of tuples, because ScatterND adds wrongly on several threads (see scatterSlices).
  const depth = indices.shape[indices.rank - 1] as number
  const [outer, inner] = [x.shape.slice(0, batchDims + depth), x.shape.slice(batchDims + depth)]
  const rows = rowNumbers(x, indices, batchDims)
  const [count, width] = [productDims(rows.shape), productDims(inner)]
  const places = expand(reshape(rows, [count, 1]), [count, width])
  const mode = reduction === 'none' ? undefined : reduction
  const table = reshape(x, [productDims(outer), width])
  return reshape(scatterElements(table, places, reshape(updates, [count, width]), 0, mode), x.shape)
}

/** Index tuples as row numbers of x seen as a matrix `[indexed axes, the rest]`. */
function rowNumbers(x: Value, indices: Value, batchDims: number): Value {
  const depth = indices.shape[indices.rank - 1] as number
  const sizes = x.shape.slice(0, batchDims + depth)
  const stride = (axis: number) =>
    sizes.slice(axis + 1).reduce<Value>((product, dim) => mul(product, dimScalar(dim)), constant(1, 'int64'))
  const strides = stack(
    Array.from({ length: depth }, (_, i) => stride(batchDims + i)),
    0,
  )
  const tuples = cast(indices, 'int64')
  const positive = where(less(tuples, 0), add(tuples, dimsVector(sizes.slice(batchDims))), tuples)
  const within = reduceSum(mul(positive, strides), -1)
  return Array.from({ length: batchDims }, (_, axis) => axis).reduce((rows, axis) => {
    const column = within.shape.map((dim, i) => (i === axis ? dim : 1))
    return add(rows, reshape(mul(iota(sizes[axis]), stride(axis)), column))
  }, within)
}

/** 1 at each index along a new axis of size `depth`, else 0. Indices are int64. */
export function oneHot(indices: Value, depth: number, axis = -1, dtype: NumericDType = 'float32'): Value {
  return apply1('OneHot', [indices, constant([depth], 'int64'), constant(fromNumbers([0, 1], [2], dtype))], {
    axis,
  })
}

/** Places of the elements that are not 0, as int64 `[rank, count]`; the count is known when the graph runs. */
export const nonZero = (x: Value): Value => apply1('NonZero', [x])

/** Rows of a table `[vocabulary, width]` at integer ids: `[...ids, width]`. */
export function embedding(table: Value, ids: Value): Value {
  return gather(table, ids, 0)
}
