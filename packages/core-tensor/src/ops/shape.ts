import { FlagError } from '../errors.ts'
import {
  broadcastDims,
  type Dim,
  type Dims,
  floorDivDims,
  formatDims,
  mulDims,
  normalizeAxes,
  normalizeAxis,
  productDims,
} from '../graph/dims.ts'
import { constant, type Value, type ValueType } from '../graph/graph.ts'
import {
  type Application,
  apply,
  apply1,
  defineOperators,
  inputOf,
  intOf,
  intsOf,
  notDifferentiable,
} from '../graph/operator.ts'
import type { ShapeOperator } from '../graph/operatorNames.ts'
import { reduceSum } from './reduction.ts'
import { axesOf, dimsVector, sizesIn } from './sizes.ts'

function inferReshape(application: Application): ValueType[] {
  const x = inputOf(application, 0)
  // Operator sets before 5 have the shape as an attribute.
  const target = intsOf(application.attributes, 'shape') ?? sizesIn(application, 1)
  const copyZero = intOf(application.attributes, 'allowzero', 0) === 0
  const shape: Dim[] = target.map((dim, i) => (dim === 0 && copyZero ? x.shape[i] : dim))
  const free = shape.indexOf(-1)
  if (free >= 0) {
    const rest = productDims(shape.filter((_, i) => i !== free))
    const total = productDims(x.shape)
    if (typeof total === 'number' && typeof rest === 'number') shape[free] = rest === 0 ? 0 : total / rest
    else
      shape[free] = divideDims(
        x.shape,
        shape.filter((_, i) => i !== free),
      )
  }
  const [before, after] = [productDims(x.shape), productDims(shape)]
  if (typeof before === 'number' && typeof after === 'number' && before !== after) {
    throw new FlagError(
      'shape-mismatch',
      `Reshape: ${x} has ${before} elements, ${formatDims(shape)} has ${after}`,
    )
  }
  return [{ dtype: x.dtype, shape }]
}

/** `product(a) / product(b)` with equal factors cancelled. */
function divideDims(a: Dims, b: Dims): Dim {
  const numerator: Dim[] = [...a]
  let divisor = 1
  for (const dim of b) {
    const same = typeof dim === 'string' ? numerator.indexOf(dim) : -1
    if (same >= 0) numerator.splice(same, 1)
    else if (typeof dim === 'number') divisor *= dim
    else return `(${productDims(a)}) / (${productDims(b)})`
  }
  const numbers = numerator.filter((dim) => typeof dim === 'number').reduce((p, n) => p * n, 1)
  const symbols = numerator.filter((dim) => typeof dim === 'string')
  if (numbers % divisor === 0) return productDims([...symbols, numbers / divisor])
  return floorDivDims(productDims([...symbols, numbers]), divisor)
}

export const shapeOperators = defineOperators<ShapeOperator>({
  Reshape: { infer: inferReshape, gradient: ({ inputs: [x] }, [g]) => [g && reshape(g, (x as Value).shape)] },
  Flatten: {
    infer: (application) => {
      const x = inputOf(application, 0)
      const axis = intOf(application.attributes, 'axis', 1)
      const at = axis < 0 ? axis + x.rank : axis
      return [{ dtype: x.dtype, shape: [productDims(x.shape.slice(0, at)), productDims(x.shape.slice(at))] }]
    },
    gradient: ({ inputs: [x] }, [g]) => [g && reshape(g, (x as Value).shape)],
  },
  Squeeze: {
    infer: (application) => {
      const x = inputOf(application, 0)
      const axes = axesOf(application, 1)?.map((axis) => normalizeAxis(axis, x.rank))
      return [{ dtype: x.dtype, shape: x.shape.filter((dim, i) => (axes ? !axes.includes(i) : dim !== 1)) }]
    },
    gradient: ({ inputs: [x] }, [g]) => [g && reshape(g, (x as Value).shape)],
  },
  Unsqueeze: {
    infer: (application) => {
      const x = inputOf(application, 0)
      const given = axesOf(application, 1) ?? []
      const axes = normalizeAxes(given, x.rank + given.length)
      const shape: Dim[] = [...x.shape]
      for (const axis of axes) shape.splice(axis, 0, 1)
      return [{ dtype: x.dtype, shape }]
    },
    gradient: ({ inputs: [x] }, [g]) => [g && reshape(g, (x as Value).shape)],
  },
  Transpose: {
    infer: (application) => {
      const x = inputOf(application, 0)
      const order = intsOf(application.attributes, 'perm') ?? x.shape.map((_, i) => x.rank - 1 - i)
      return [{ dtype: x.dtype, shape: order.map((axis) => x.shape[axis]) }]
    },
    gradient: ({ inputs: [x], attributes }, [g]) => {
      const order = intsOf(attributes, 'perm') ?? (x as Value).shape.map((_, i, { length }) => length - 1 - i)
      return [
        g &&
          transpose(
            g,
            order.map((_, i) => order.indexOf(i)),
          ),
      ]
    },
  },
  Expand: {
    infer: (application) => {
      const x = inputOf(application, 0)
      return [{ dtype: x.dtype, shape: broadcastDims(x.shape, sizesIn(application, 1)) }]
    },
    gradient: ({ inputs: [x] }, [g]) => [g && unbroadcast(g, x as Value)],
  },
  Tile: {
    infer: (application) => {
      const x = inputOf(application, 0)
      const repeats = sizesIn(application, 1)
      return [{ dtype: x.dtype, shape: x.shape.map((dim, i) => mulDims(dim, repeats[i])) }]
    },
    gradient: ({ inputs: [x, repeats] }, [g]) => {
      if (!g || !x) return []
      const counts = repeats?.constant?.toNumbers()
      if (!counts) throw new FlagError('not-differentiable', 'Tile: the repeats are computed in the graph')
      const split = x.shape.flatMap((dim, i): Dim[] => [counts[i], dim])
      return [
        reduceSum(
          reshape(g, split),
          x.shape.map((_, i) => 2 * i),
          false,
        ),
      ]
    },
  },
  Shape: {
    infer: (application) => {
      const { rank } = inputOf(application, 0)
      const limit = (i: number) => Math.min(Math.max(i < 0 ? i + rank : i, 0), rank)
      const start = limit(intOf(application.attributes, 'start', 0))
      const end = limit(intOf(application.attributes, 'end', rank))
      return [{ dtype: 'int64', shape: [Math.max(0, end - start)] }]
    },
    gradient: notDifferentiable('the result is a shape'),
  },
})

/** The same elements under another shape; one dimension may be -1. */
export function reshape(x: Value, dims: Dims): Value {
  const free = dims.indexOf(-1)
  const rest = dims.filter((_, i) => i !== free)
  const shape = free < 0 ? dims : dims.map((dim, i) => (i === free ? divideDims(x.shape, rest) : dim))
  if (shape.length === x.rank && shape.every((dim, i) => dim === x.shape[i])) return x
  // A reshaped value in another shape: the elements are those of the value that was reshaped.
  const reshaped = x.origin.kind === 'node' && x.origin.node.operator === 'Reshape'
  if (reshaped && !x.graph.stopped.has(x)) return reshape(x.origin.node.inputs[0] as Value, shape)
  const [before, after] = [productDims(x.shape), productDims(shape)]
  if (typeof before === 'number' && typeof after === 'number' && before !== after) {
    throw new FlagError(
      'shape-mismatch',
      `reshape: ${x} has ${before} elements, ${formatDims(shape)} has ${after}`,
    )
  }
  const hasZero = shape.includes(0)
  let unknown = 0
  const target = shape.map((dim, i) => {
    if (typeof dim === 'number') return dim
    if (dim === x.shape[i] && !hasZero) return 0
    unknown++
    return -1
  })
  const vector =
    unknown > 1 || (unknown > 0 && hasZero) ? dimsVector(shape) : constant(target, 'int64', [target.length])
  const attributes = hasZero ? { allowzero: 1 } : {}
  return apply('Reshape', [x, vector], attributes, { types: [{ dtype: x.dtype, shape }] })[0]
}

/** Merges axes `start` to `end` (inclusive) into one, as torch.flatten. */
export function flatten(x: Value, start = 0, end = -1): Value {
  const [from, to] = [normalizeAxis(start, x.rank), normalizeAxis(end, x.rank)]
  return reshape(x, [
    ...x.shape.slice(0, from),
    productDims(x.shape.slice(from, to + 1)),
    ...x.shape.slice(to + 1),
  ])
}

/** Removes axes of size 1. */
export function squeeze(x: Value, axes: number | readonly number[]): Value {
  const drop = normalizeAxes(axes, x.rank)
  const wrong = drop.find((axis) => typeof x.shape[axis] === 'number' && x.shape[axis] !== 1)
  if (wrong !== undefined) throw new FlagError('shape-mismatch', `squeeze: axis ${wrong} of ${x} is not 1`)
  return reshape(
    x,
    x.shape.filter((_, i) => !drop.includes(i)),
  )
}

/** Adds an axis of size 1 at each of these places of the result. */
export function unsqueeze(x: Value, axes: number | readonly number[]): Value {
  const list = typeof axes === 'number' ? [axes] : axes
  const shape = [...x.shape]
  for (const axis of normalizeAxes(list, x.rank + list.length)) shape.splice(axis, 0, 1)
  return reshape(x, shape)
}

/** Axes in another order; reversed when `order` is left out. */
export function transpose(x: Value, order?: readonly number[]): Value {
  const axes = (order ?? x.shape.map((_, i) => x.rank - 1 - i)).map((axis) => normalizeAxis(axis, x.rank))
  if (axes.length !== x.rank || new Set(axes).size !== x.rank) {
    throw new FlagError('invalid-argument', `transpose: [${axes}] is not an order of the axes of ${x}`)
  }
  return axes.every((axis, i) => axis === i) ? x : apply1('Transpose', [x], { perm: axes })
}

/** Two axes exchanged. */
export function swapAxes(x: Value, a: number, b: number): Value {
  const order = x.shape.map((_, i) => i)
  const [i, j] = [normalizeAxis(a, x.rank), normalizeAxis(b, x.rank)]
  order[i] = j
  order[j] = i
  return transpose(x, order)
}

/** Repeats axes of size 1, and adds leading axes, until the shape is `dims`. */
export function expand(x: Value, dims: Dims): Value {
  if (dims.length === x.rank && dims.every((dim, i) => dim === x.shape[i])) return x
  const shape = broadcastDims(x.shape, dims)
  return apply('Expand', [x, dimsVector(dims)], {}, { types: [{ dtype: x.dtype, shape }] })[0]
}

/** Repeats the whole value `counts[i]` times along axis i. */
export function tile(x: Value, counts: readonly number[]): Value {
  return apply1('Tile', [x, constant(counts, 'int64')])
}

/** `g` summed over the axes along which `like` was broadcast to reach its shape. */
export function unbroadcast(g: Value, like: Value): Value {
  const lead = g.rank - like.rank
  const axes = g.shape.flatMap((dim, i) => (i < lead || (like.shape[i - lead] === 1 && dim !== 1) ? [i] : []))
  return axes.length === 0 ? g : reshape(reduceSum(g, axes, true), like.shape)
}
