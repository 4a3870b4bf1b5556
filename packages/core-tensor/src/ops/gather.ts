import { type Dim, type Dims, normalizeAxis } from '../graph/dims.ts'
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
import { constantInts, expand, flatten, reshape, zerosLike } from './shape.ts'

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
  const depth = indices.shape[indices.rank - 1] as number
  return [{ dtype: x.dtype, shape: [...indices.shape.slice(0, -1), ...x.shape.slice(batch + depth)] }]
}

const likeData = (application: Application): ValueType[] => {
  const { dtype, shape } = inputOf(application, 0)
  return [{ dtype, shape }]
}

export const gathers = defineOperators<GatherOperator>({
  Gather: {
    infer: inferGather,
    gradient: ({ inputs: [x, indices], attributes }, [g]) => {
      if (!g || !x || !indices) return []
      // ScatterND with duplicate indices is wrong on several threads in ONNX Runtime; ScatterElements is exact.
      const axis = normalizeAxis(intOf(attributes, 'axis', 0), x.rank)
      const flat = flatten(reshape(indices, indices.rank === 0 ? [1] : indices.shape))
      const lead = x.shape.slice(0, axis)
      const tail = x.shape.slice(axis + 1)
      const updates = reshape(g, [...lead, flat.shape[0], ...tail])
      const column: Dims = updates.shape.map((dim, i): Dim => (i === axis ? dim : 1))
      return [
        scatterElements(zerosLike(x), expand(reshape(flat, column), updates.shape), updates, axis, 'add'),
      ]
    },
  },
  GatherElements: {
    infer: (application) => [{ dtype: inputOf(application, 0).dtype, shape: inputOf(application, 1).shape }],
    gradient: ({ inputs: [x, indices], attributes }, [g]) =>
      g && x && indices
        ? [
            scatterElements(
              zerosLike(x),
              indices,
              g,
              normalizeAxis(intOf(attributes, 'axis', 0), x.rank),
              'add',
            ),
          ]
        : [],
  },
  GatherND: {
    infer: inferGatherND,
    gradient: notDifferentiable('scatter of duplicate indices is not reliable; use gather'),
  },
  ScatterElements: {
    infer: likeData,
    gradient: ({ inputs: [x, indices, updates], attributes }, [g]) => {
      if (!g || !x || !indices || !updates) return []
      const axis = normalizeAxis(intOf(attributes, 'axis', 0), x.rank)
      const picked = gatherElements(g, indices, axis)
      if (stringOf(attributes, 'reduction', 'none') === 'add') return [g, undefined, picked]
      return [scatterElements(g, indices, zerosLike(updates), axis), undefined, picked]
    },
  },
  ScatterND: { infer: likeData, gradient: notDifferentiable('use scatterElements') },
  OneHot: {
    infer: (application) => {
      const indices = inputOf(application, 0)
      const depth = constantInts(application, 1)[0]
      const axis = intOf(application.attributes, 'axis', -1)
      const shape = [...indices.shape]
      shape.splice(axis < 0 ? axis + indices.rank + 1 : axis, 0, depth)
      return [{ dtype: inputOf(application, 2).dtype, shape }]
    },
    gradient: notDifferentiable('its input is an index'),
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

/** Elements or slices of `x` at index tuples (last axis of `indices`). */
export function gatherND(x: Value, indices: Value, batchDims = 0): Value {
  return apply1('GatherND', [x, indices], { batch_dims: batchDims })
}

/** 1 at each index along a new axis of size `depth`, else 0. Indices are int64. */
export function oneHot(indices: Value, depth: number, axis = -1, dtype: NumericDType = 'float32'): Value {
  return apply1('OneHot', [indices, constant([depth], 'int64'), constant(fromNumbers([0, 1], [2], dtype))], {
    axis,
  })
}

/** Rows of a table `[vocabulary, width]` at integer ids: `[...ids, width]`. */
export function embedding(table: Value, ids: Value): Value {
  return gather(table, ids, 0)
}
