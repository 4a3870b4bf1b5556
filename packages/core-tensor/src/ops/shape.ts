import { FlagError } from '../errors.ts'
import {
  addDims,
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
import { constant, currentGraph, type Operand, toValue, type Value, type ValueType } from '../graph/graph.ts'
import {
  type Application,
  apply,
  apply1,
  defineOperators,
  inputOf,
  intOf,
  intsOf,
  notDifferentiable,
  sameAsInput,
} from '../graph/operator.ts'
import type { ShapeOperator } from '../graph/operatorNames.ts'
import type { NumericDType } from '../tensor/dtype.ts'
import { type Shape, type Tensor, zeros } from '../tensor/tensor.ts'
import { add, maximum, mul, sub } from './elementwise.ts'
import { reduceSum } from './reduction.ts'

/** Integers that an input holds when the graph is built. Throws `unsupported` when they are computed in the graph. */
export function constantInts(application: Application, index: number): number[] {
  const value = inputOf(application, index)
  if (!value.constant) {
    throw new FlagError(
      'unsupported',
      `${application.operator}: input ${index} is computed in the graph; its value is not known`,
    )
  }
  return value.constant.toNumbers()
}

/** Axes of an operator that takes them as an attribute in old operator sets and as an input in newer ones. */
export function axesOf(application: Application, index: number): number[] | undefined {
  const attribute = intsOf(application.attributes, 'axes')
  if (attribute) return [...attribute]
  return application.inputs[index] ? constantInts(application, index) : undefined
}

function inferReshape(application: Application): ValueType[] {
  const x = inputOf(application, 0)
  const target = constantInts(application, 1)
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

/** Result of slicing one axis, as Python's `x[start:end:step]` counts. */
function slicedDim(dim: Dim, start: number, end: number, step: number): Dim {
  if (typeof dim === 'number') {
    const limit = (i: number) =>
      Math.min(Math.max(i < 0 ? i + dim : i, step < 0 ? -1 : 0), step < 0 ? dim - 1 : dim)
    return Math.max(0, Math.ceil((limit(end) - limit(start)) / step))
  }
  const huge = 2 ** 31 - 1
  const first: Dim = start < 0 ? addDims(dim, start) : start
  const last: Dim = end >= huge ? dim : end < 0 ? addDims(dim, end) : end
  if (step === -1 && start === -1 && end <= -huge) return dim
  const span =
    typeof first === 'number'
      ? addDims(last, -first)
      : typeof last === 'string' && last === dim
        ? -start
        : `${last} - (${first})`
  return step === 1 ? span : floorDivDims(addDims(span, step - 1), step)
}

function inferSlice(application: Application): ValueType[] {
  const x = inputOf(application, 0)
  const old = application.attributes.starts !== undefined
  const starts = old ? intsOf(application.attributes, 'starts')! : constantInts(application, 1)
  const ends = old ? intsOf(application.attributes, 'ends')! : constantInts(application, 2)
  const axes = axesOf(application, 3) ?? starts.map((_, i) => i)
  const steps = application.inputs[4] ? constantInts(application, 4) : starts.map(() => 1)
  const shape = [...x.shape]
  axes.forEach((axis, i) => {
    const a = normalizeAxis(axis, x.rank)
    shape[a] = slicedDim(shape[a], starts[i], ends[i], steps[i])
  })
  return [{ dtype: x.dtype, shape }]
}

function inferConcat(application: Application): ValueType[] {
  const inputs = application.inputs.map((_, i) => inputOf(application, i))
  const axis = normalizeAxis(intOf(application.attributes, 'axis', 0), inputs[0].rank)
  const shape = inputs.slice(1).reduce<Dim[]>(
    (dims, { shape: other, dtype }, i) => {
      const fits =
        other.length === dims.length &&
        dims.every((d, k) => k === axis || d === other[k] || typeof d !== typeof other[k])
      if (!fits || dtype !== inputs[0].dtype) {
        throw new FlagError(
          'shape-mismatch',
          `Concat along axis ${axis}: ${inputs[0]} and ${inputs[i + 1]} do not fit`,
        )
      }
      return dims.map((d, k) => (k === axis ? addDims(d, other[k]) : typeof d === 'number' ? d : other[k]))
    },
    [...inputs[0].shape],
  )
  return [{ dtype: inputs[0].dtype, shape }]
}

function inferSplit(application: Application): ValueType[] {
  const x = inputOf(application, 0)
  const axis = normalizeAxis(intOf(application.attributes, 'axis', 0), x.rank)
  const given =
    intsOf(application.attributes, 'split') ?? (application.inputs[1] && constantInts(application, 1))
  const dim = x.shape[axis]
  const count = application.outputCount
  const even = typeof dim === 'number' ? Math.ceil(dim / count) : floorDivDims(dim, count)
  const last = typeof dim === 'number' && typeof even === 'number' ? dim - even * (count - 1) : even
  const sizes: Dims = given ?? Array.from({ length: count }, (_, i) => (i === count - 1 ? last : even))
  return sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.map((d, i) => (i === axis ? size : d)) }))
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
      return [{ dtype: x.dtype, shape: broadcastDims(x.shape, constantInts(application, 1)) }]
    },
    gradient: ({ inputs: [x] }, [g]) => [g && unbroadcast(g, x as Value)],
  },
  Tile: {
    infer: (application) => {
      const x = inputOf(application, 0)
      const repeats = constantInts(application, 1)
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
  Concat: {
    infer: inferConcat,
    gradient: ({ inputs, attributes }, [g]) => {
      if (!g) return []
      const axis = normalizeAxis(intOf(attributes, 'axis', 0), g.rank)
      const sizes = inputs.map((x) => (x as Value).shape[axis])
      return split(g, sizes, axis)
    },
  },
  Split: {
    infer: inferSplit,
    gradient: ({ outputs, attributes }, gradients) => {
      if (gradients.every((g) => !g)) return []
      return [
        concat(
          outputs.map((y, i) => gradients[i] ?? zerosLike(y)),
          intOf(attributes, 'axis', 0),
        ),
      ]
    },
  },
  Slice: {
    infer: inferSlice,
    gradient: ({ inputs: [x, starts, ends, axes, steps] }, [g]) => {
      if (!g || !x) return []
      const list = (value: Value | undefined) => value?.constant?.toNumbers()
      const from = list(starts)
      const to = list(ends)
      if (!from || !to)
        throw new FlagError('not-differentiable', 'Slice: its bounds are computed in the graph')
      const along = (list(axes) ?? from.map((_, i) => i)).map((axis) => normalizeAxis(axis, x.rank))
      const strides = list(steps) ?? from.map(() => 1)
      return [
        along.reduceRight(
          (part, axis, i) => unslice(part, x.shape[axis], axis, from[i], to[i], strides[i]),
          g,
        ),
      ]
    },
  },
  Pad: {
    infer: (application) => {
      const x = inputOf(application, 0)
      const pads = intsOf(application.attributes, 'pads') ?? constantInts(application, 1)
      const axes = application.inputs[3] ? constantInts(application, 3) : x.shape.map((_, i) => i)
      const shape = [...x.shape]
      axes.forEach((axis, i) => {
        const a = normalizeAxis(axis, x.rank)
        shape[a] = addDims(shape[a], pads[i] + pads[i + axes.length])
      })
      return [{ dtype: x.dtype, shape }]
    },
    gradient: ({ inputs: [x, pads], attributes }, [g]) => {
      if (!g || !x) return []
      const amounts = pads?.constant?.toNumbers()
      if (!amounts || (attributes.mode ?? 'constant') !== 'constant') {
        throw new FlagError(
          'not-differentiable',
          'Pad: only constant amounts with mode "constant" have a gradient',
        )
      }
      return [
        x.shape.reduce<Value>((part, dim, axis) => {
          const start = amounts[axis]
          const after = amounts[axis + x.rank]
          if (start === 0 && after === 0) return part
          return start < 0 || after < 0
            ? padAxis(
                part,
                axis,
                Math.max(0, -start),
                Math.max(0, -after),
                Math.max(0, start),
                Math.max(0, after),
              )
            : sliceAxis(part, axis, start, after === 0 ? undefined : -after, dim)
        }, g),
      ]
    },
  },
  Trilu: {
    infer: sameAsInput(),
    gradient: ({ inputs: [, k], attributes }, [g]) => [g && apply1('Trilu', [g, k], attributes)],
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
  Range: {
    infer: (application) => {
      const [start, end, step] = [0, 1, 2].map((i) => constantInts(application, i)[0])
      return [{ dtype: inputOf(application, 0).dtype, shape: [Math.max(0, Math.ceil((end - start) / step))] }]
    },
    gradient: notDifferentiable('the length of the result depends on its inputs'),
  },
  ConstantOfShape: {
    infer: (application) => {
      const value = application.attributes.value as Tensor | undefined
      return [{ dtype: value?.dtype ?? 'float32', shape: constantInts(application, 0) }]
    },
    gradient: notDifferentiable('the result does not depend on values'),
  },
})

/** The int64 vector of the sizes `dims`, constant where they are numbers and read from the graph where they are symbols. */
export function dimsVector(dims: Dims): Value {
  if (dims.every((dim) => typeof dim === 'number')) return constant(dims as number[], 'int64', [dims.length])
  return concat(dims.map(dimVector), 0)
}

/** The size of one axis as an int64 vector of length 1. */
function dimVector(dim: Dim): Value {
  if (typeof dim === 'number') return constant([dim], 'int64')
  const known = currentGraph().symbols.get(dim)
  if (known) return apply1('Shape', [known.value], { start: known.axis, end: known.axis + 1 })
  const [, left, operator, right] = /^(.+) ([*+-]) (\w+|\([^()]*\))$/.exec(dim) ?? []
  if (operator === undefined) {
    throw new FlagError('unsupported', `no value in the graph has the size "${dim}"`, {
      hint: 'name the dimension in the spec of an input',
    })
  }
  const parse = (text: string): Dim => {
    const inner = text.replace(/^\(([^()]*)\)$/, '$1')
    return /^\d+$/.test(inner) ? Number(inner) : inner
  }
  const combine = operator === '*' ? mul : operator === '+' ? add : sub
  return combine(dimVector(parse(left)), dimVector(parse(right)))
}

/** The size of one axis as an int64 scalar. */
export function dimScalar(dim: Dim): Value {
  return typeof dim === 'number' ? constant(dim, 'int64') : reshape(dimVector(dim), [])
}

/** The same elements under another shape; one dimension may be -1. */
export function reshape(x: Value, dims: Dims): Value {
  const free = dims.indexOf(-1)
  const rest = dims.filter((_, i) => i !== free)
  const shape = free < 0 ? dims : dims.map((dim, i) => (i === free ? divideDims(x.shape, rest) : dim))
  if (shape.length === x.rank && shape.every((dim, i) => dim === x.shape[i])) return x
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

export function concat(values: readonly Value[], axis: number): Value {
  return values.length === 1
    ? values[0]
    : apply1('Concat', values, { axis: normalizeAxis(axis, values[0].rank) })
}

/** Values joined along a new axis. */
export function stack(values: readonly Value[], axis: number): Value {
  return concat(
    values.map((x) => unsqueeze(x, axis)),
    axis < 0 ? axis + values[0].rank + 1 : axis,
  )
}

/** Parts of these sizes along an axis. */
export function split(x: Value, sizes: Dims, axis: number): Value[] {
  const a = normalizeAxis(axis, x.rank)
  const types = sizes.map((size) => ({
    dtype: x.dtype,
    shape: x.shape.map((dim, i) => (i === a ? size : dim)),
  }))
  return [...apply('Split', [x, dimsVector(sizes)], { axis: a }, { outputs: sizes.length, types })]
}

/** `x[start:end:step]` along each of `axes`, as Python counts; `undefined` as end takes all that is left. */
export function slice(
  x: Value,
  starts: readonly number[],
  ends: readonly (number | undefined)[],
  axes: readonly number[] = starts.map((_, i) => i),
  steps: readonly number[] = starts.map(() => 1),
): Value {
  const huge = (i: number) => (steps[i] < 0 ? -(2 ** 31) : 2 ** 31 - 1)
  const vector = (list: readonly number[]) => constant(list, 'int64', [list.length])
  return apply1('Slice', [
    x,
    vector(starts),
    vector(ends.map((end, i) => end ?? huge(i))),
    vector(axes),
    vector(steps),
  ])
}

/** One axis sliced, with the resulting size given (for symbolic sizes that inference would write differently). */
function sliceAxis(x: Value, axis: number, start: number, end: number | undefined, size: Dim): Value {
  const vector = (n: number) => constant([n], 'int64')
  const types = [{ dtype: x.dtype, shape: x.shape.map((dim, i) => (i === axis ? size : dim)) }]
  return apply(
    'Slice',
    [x, vector(start), vector(end ?? 2 ** 31 - 1), vector(axis), vector(1)],
    {},
    { types },
  )[0]
}

/** One axis padded with zeros by `before` and `after`, having first been cut by `cutBefore` and `cutAfter`. */
function padAxis(
  x: Value,
  axis: number,
  before: number,
  after: number,
  cutBefore: number,
  cutAfter: number,
): Value {
  const cut = cutBefore || cutAfter ? slice(x, [cutBefore], [cutAfter ? -cutAfter : undefined], [axis]) : x
  const pads = (amount: number) => cut.shape.map((_, i) => (i === axis ? amount : 0))
  return pad(cut, [...pads(before), ...pads(after)])
}

/** The transpose of slicing: `g` put back into zeros of size `dim` along `axis`. */
function unslice(g: Value, dim: Dim, axis: number, start: number, end: number, step: number): Value {
  const size = (text: Dim) => dimVector(text)
  const zero = constant([0], 'int64')
  const first: Value | number = start < 0 ? maximum(add(size(dim), start), zero) : start
  const shape = g.shape.map((d, i) => (i === axis ? dim : d))
  if (step === 1) {
    // zeros before: the start; after: whatever is left.
    const limit = typeof dim === 'number' ? undefined : size(dim)
    const begin =
      typeof first === 'number'
        ? constant([typeof dim === 'number' ? Math.min(first, dim) : first], 'int64')
        : first
    const length = size(g.shape[axis])
    const total = limit ?? constant([dim as number], 'int64')
    const after = maximum(sub(sub(total, begin), length), zero)
    const none = constant(g.shape.map(() => 0).slice(0, axis), 'int64', [axis])
    const rest = constant(g.shape.map(() => 0).slice(axis + 1), 'int64', [g.rank - axis - 1])
    const pads = concat([none, begin, rest, none, after, rest], 0)
    return apply('Pad', [g, pads], {}, { types: [{ dtype: g.dtype, shape }] })[0]
  }
  if (typeof dim !== 'number') {
    throw new FlagError('not-differentiable', `Slice with step ${step} over a symbolic axis has no gradient`)
  }
  // Positions are distinct, so a plain scatter is exact.
  const limit = (i: number) =>
    Math.min(Math.max(i < 0 ? i + dim : i, step < 0 ? -1 : 0), step < 0 ? dim - 1 : dim)
  const positions: number[] = []
  for (let i = limit(start); step > 0 ? i < limit(end) : i > limit(end); i += step) positions.push(i)
  const column = g.shape.map((_, i) => (i === axis ? positions.length : 1))
  const indices = expand(constant(positions, 'int64', column), g.shape)
  return apply(
    'ScatterElements',
    [fillDims(shape, 0, g.dtype as NumericDType), indices, g],
    { axis },
    {
      types: [{ dtype: g.dtype, shape }],
    },
  )[0]
}

/** Pads with a constant; `pads` holds the amounts before all axes, then after all axes. */
export function pad(x: Value, pads: readonly number[], value: Operand = 0): Value {
  return apply1('Pad', [
    x,
    constant(pads, 'int64', [pads.length]),
    value === 0 ? undefined : toValue(value, x),
  ])
}

/** A value of this shape with all elements equal. */
export function fillDims(dims: Dims, value: number, dtype: NumericDType): Value {
  return expand(constant(value, dtype), dims)
}

export const zerosLike = (x: Value): Value => fillDims(x.shape, 0, x.dtype as NumericDType)
export const onesLike = (x: Value): Value => fillDims(x.shape, 1, x.dtype as NumericDType)

/** Integers `0 … size - 1` as int64, where size may be symbolic. */
export function iota(size: Dim): Value {
  if (typeof size === 'number')
    return constant(
      Array.from({ length: size }, (_, i) => i),
      'int64',
      [size],
    )
  const bounds = [constant(0, 'int64'), dimScalar(size), constant(1, 'int64')]
  return apply('Range', bounds, {}, { types: [{ dtype: 'int64', shape: [size] }] })[0]
}

/** The upper (or lower) triangle of the last two axes; the rest is zero. */
export function triangle(x: Value, side: 'upper' | 'lower', diagonal = 0): Value {
  return apply1('Trilu', [x, constant(diagonal, 'int64')], { upper: side === 'upper' ? 1 : 0 })
}

/** A constant of zeros, as a value. */
export const zerosValue = (shape: Shape, dtype: NumericDType = 'float32'): Value =>
  constant(zeros(shape, dtype))

/** `g` summed over the axes along which `like` was broadcast to reach its shape. */
export function unbroadcast(g: Value, like: Value): Value {
  const lead = g.rank - like.rank
  const axes = g.shape.flatMap((dim, i) => (i < lead || (like.shape[i - lead] === 1 && dim !== 1) ? [i] : []))
  return axes.length === 0 ? g : reshape(reduceSum(g, axes, true), like.shape)
}
