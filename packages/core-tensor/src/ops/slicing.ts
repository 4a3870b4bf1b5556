import { FlagError } from '../errors.ts'
import { contentsOf } from '../graph/contents.ts'
import { addDims, type Dim, type Dims, floorDivDims, normalizeAxis } from '../graph/dims.ts'
import { constant, type Node, type Operand, toValue, type Value, type ValueType } from '../graph/graph.ts'
import {
  type Application,
  apply,
  apply1,
  defineOperators,
  inputOf,
  intOf,
  intsOf,
  sameAsInput,
  stringOf,
} from '../graph/operator.ts'
import type { SlicingOperator } from '../graph/operatorNames.ts'
import type { NumericDType } from '../tensor/dtype.ts'
import { less, where } from './comparison.ts'
import { add, maximum, minimum, sub } from './elementwise.ts'
import { fillDims, zerosLike } from './fill.ts'
import { scatterElements, scatterSlices } from './gather.ts'
import { reduceSum } from './reduction.ts'
import { expand, reshape, unsqueeze } from './shape.ts'
import { axesOf, constantInts, dimsVector, freshDim, sizesIn } from './sizes.ts'

/** Result of slicing one axis, as Python's `x[start:end:step]` counts; undefined when only the running graph knows. */
function slicedDim(dim: Dim, start: Dim, end: Dim, step: number): Dim | undefined {
  if (typeof start === 'string') return undefined
  if (typeof end === 'string')
    return end === dim && step === 1 ? slicedDim(dim, start, 2 ** 31 - 1, 1) : undefined
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
  // Operator sets before 10 have the bounds as attributes.
  const starts = intsOf(application.attributes, 'starts') ?? sizesIn(application, 1)
  const ends = intsOf(application.attributes, 'ends') ?? sizesIn(application, 2)
  const axes = axesOf(application, 3) ?? starts.map((_, i) => i)
  const steps = application.inputs[4] ? constantInts(application, 4) : starts.map(() => 1)
  const shape = [...x.shape]
  axes.forEach((axis, i) => {
    const a = normalizeAxis(axis, x.rank)
    const dim = slicedDim(shape[a], starts[i], ends[i], steps[i])
    shape[a] = dim ?? freshDim(x.graph, `Slice${a}`)
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
        dims.every(
          (d, k) => k === axis || d === other[k] || typeof d === 'string' || typeof other[k] === 'string',
        )
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
  const given = intsOf(application.attributes, 'split') ?? (application.inputs[1] && sizesIn(application, 1))
  const dim = x.shape[axis]
  const count = application.outputCount
  const even = typeof dim === 'number' ? Math.ceil(dim / count) : floorDivDims(dim, count)
  const last = typeof dim === 'number' && typeof even === 'number' ? dim - even * (count - 1) : even
  const sizes: Dims = given ?? Array.from({ length: count }, (_, i) => (i === count - 1 ? last : even))
  return sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.map((d, i) => (i === axis ? size : d)) }))
}

export const slicingOperators = defineOperators<SlicingOperator>({
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
    gradient: (node, [g]) => [g && unslice(g, node)],
  },
  Pad: {
    infer: (application) => {
      const x = inputOf(application, 0)
      // Operator sets before 2 and 11 have the amounts as an attribute, under two names.
      const attribute = intsOf(application.attributes, 'pads') ?? intsOf(application.attributes, 'paddings')
      const pads = attribute ?? contentsOf(inputOf(application, 1)) ?? []
      const axes = application.inputs[3] ? constantInts(application, 3) : x.shape.map((_, i) => i)
      const shape = [...x.shape]
      axes.forEach((axis, i) => {
        const a = normalizeAxis(axis, x.rank)
        const [before, after] = [pads[i], pads[i + axes.length]]
        const known = typeof before === 'number' && typeof after === 'number'
        shape[a] = known ? addDims(shape[a], before + after) : freshDim(x.graph, `Pad${a}`)
      })
      return [{ dtype: x.dtype, shape }]
    },
    gradient: (node, [g]) => {
      const [x, , value] = node.inputs
      if (!g || !x) return []
      const dx = unpad(g, node)
      // The value that was filled in gets what did not come from x.
      return [dx, undefined, value && reshape(sub(reduceSum(g), reduceSum(dx)), value.shape)]
    },
  },
  Trilu: {
    infer: sameAsInput(),
    gradient: ({ inputs: [, k], attributes }, [g]) => [g && apply1('Trilu', [g, k], attributes)],
  },
})

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

/** The transpose of slicing: `g` put back into zeros of the input's shape. */
function unslice(g: Value, { inputs }: Node): Value {
  const [x, starts, ends, axesInput, stepsInput] = inputs as Value[]
  const [from, to] = [starts.constant?.toNumbers(), ends.constant?.toNumbers()]
  const count = starts.shape[0] as number
  const axes = axesInput?.constant?.toNumbers() ?? Array.from({ length: count }, (_, i) => i)
  const along = axes.map((axis) => normalizeAxis(axis, x.rank))
  const steps = stepsInput?.constant?.toNumbers() ?? along.map(() => 1)
  if ([axesInput, stepsInput].some((value) => value && !value.constant)) {
    throw new FlagError('not-differentiable', 'Slice: its axes or steps are computed in the graph')
  }
  const sizes = along.map((axis) => x.shape[axis])
  if (from && to && sizes.every((size) => typeof size === 'number')) {
    return along.reduceRight((part, axis, i) => {
      const size = sizes[i] as number
      return spread(part, axis, size, slicedPlaces(size, from[i], to[i], steps[i]), steps[i])
    }, g)
  }
  if (steps.some((step) => step !== 1)) {
    throw new FlagError(
      'not-differentiable',
      `Slice with steps [${steps}] over symbolic axes has no gradient`,
    )
  }
  const [zero, total] = [constant(0, 'int64'), dimsVector(sizes)]
  const begin = minimum(maximum(where(less(starts, 0), add(starts, total), starts), zero), total)
  const after = sub(sub(total, begin), dimsVector(along.map((axis) => g.shape[axis])))
  const inputsOfPad = [g, concat([begin, after], 0), undefined, constant(along, 'int64')]
  return apply('Pad', inputsOfPad, {}, { types: [x] })[0]
}

/** The places along an axis of this size that `[start:end:step]` takes. */
function slicedPlaces(size: number, start: number, end: number, step: number): number[] {
  const [lowest, highest] = step < 0 ? [-1, size - 1] : [0, size]
  const limit = (i: number) => Math.min(Math.max(i < 0 ? i + size : i, lowest), highest)
  const count = Math.max(0, Math.ceil((limit(end) - limit(start)) / step))
  return Array.from({ length: count }, (_, i) => limit(start) + i * step)
}

/** `g` at these places of an axis of zeros. */
function spread(g: Value, axis: number, size: number, places: readonly number[], step: number): Value {
  const shape = g.shape.map((dim, i) => (i === axis ? size : dim))
  if (places.length === 0) return fillDims(shape, 0, g.dtype as NumericDType)
  if (step === 1) {
    const at = (amount: number) => g.shape.map((_, i) => (i === axis ? amount : 0))
    const after = size - places[0] - places.length
    return places.length === size ? g : pad(g, [...at(places[0]), ...at(after)])
  }
  // The places are distinct, so a plain scatter is exact.
  const zeros = fillDims(shape, 0, g.dtype as NumericDType)
  const column = g.shape.map((_, i) => (i === axis ? places.length : 1))
  return scatterElements(zeros, expand(constant(places, 'int64', column), g.shape), g, axis)
}

/** Amounts that a Pad node adds before and after every axis, if they are known. */
function padAmounts({ inputs, attributes }: Node): { before: number[]; after: number[] } | undefined {
  const [x, pads, , axesInput] = inputs as Value[]
  const amounts = intsOf(attributes, 'pads') ?? pads.constant?.toNumbers()
  if (!amounts) return undefined
  const axes = axesInput?.constant?.toNumbers() ?? x.shape.map((_, i) => i)
  const before = x.shape.map(() => 0)
  const after = x.shape.map(() => 0)
  axes.forEach((axis, i) => {
    const a = normalizeAxis(axis, x.rank)
    before[a] = amounts[i]
    after[a] = amounts[i + axes.length]
  })
  return { before, after }
}

/** The transpose of padding. */
function unpad(g: Value, node: Node): Value {
  const [x, pads, , axes] = node.inputs as Value[]
  const mode = stringOf(node.attributes, 'mode', 'constant')
  const amounts = padAmounts(node)
  if (!amounts) {
    if (mode !== 'constant') {
      throw new FlagError(
        'not-differentiable',
        `Pad with mode "${mode}" and computed amounts has no gradient`,
      )
    }
    const along = axes?.constant?.toNumbers() ?? x.shape.map((_, i) => i)
    const sizes = along.map((axis) => x.shape[normalizeAxis(axis, x.rank)])
    const [begin] = split(pads, [along.length, along.length], 0)
    const bounds = [begin, add(begin, dimsVector(sizes)), constant(along, 'int64')]
    return apply('Slice', [g, ...bounds], {}, { types: [x] })[0]
  }
  const { before, after } = amounts
  const padded = x.shape.flatMap((_, axis) => (before[axis] !== 0 || after[axis] !== 0 ? [axis] : []))
  if (mode !== 'constant') {
    return padded.reduceRight((part, axis) => {
      const size = x.shape[axis]
      if (typeof size !== 'number') {
        throw new FlagError(
          'not-differentiable',
          `Pad with mode "${mode}" of the symbolic axis ${axis} of ${x}`,
        )
      }
      const sources = constant(padSources(mode, size, before[axis], after[axis]), 'int64')
      return scatterSlices(part, sources, axis, size)
    }, g)
  }
  if (padded.length === 0) return g
  const positive = (n: number) => Math.max(0, n)
  const cut = padded.filter((axis) => before[axis] > 0 || after[axis] > 0)
  const inner = slice(
    g,
    cut.map((axis) => positive(before[axis])),
    cut.map((axis) => (after[axis] > 0 ? -after[axis] : undefined)),
    cut,
  )
  // Negative amounts cut x; what was cut off has no influence.
  const missing = [...before.map((n) => positive(-n)), ...after.map((n) => positive(-n))]
  return reshape(missing.some((n) => n > 0) ? pad(inner, missing) : inner, x.shape)
}

/** For every place of a padded axis, the place it was copied from. */
function padSources(mode: string, size: number, before: number, after: number): number[] {
  const wrap = (i: number, period: number) => ((i % period) + period) % period
  const source = (i: number) => {
    if (mode === 'edge') return Math.min(Math.max(i, 0), size - 1)
    if (mode === 'wrap') return wrap(i, size)
    const period = Math.max(1, 2 * (size - 1))
    const folded = wrap(i, period)
    return folded < size ? folded : period - folded
  }
  return Array.from({ length: size + before + after }, (_, i) => source(i - before))
}

/**
 * Pads by the amounts in `pads`, first those before all axes, then those after all axes, with a constant or with the
 * value's own elements: mirrored without the edge (`reflect`), the edge (torch's `replicate`), or from the other end
 * (`wrap`, torch's `circular`).
 */
export function pad(
  x: Value,
  pads: readonly number[],
  value: Operand = 0,
  mode: 'constant' | 'reflect' | 'edge' | 'wrap' = 'constant',
): Value {
  const fill = value === 0 ? undefined : toValue(value, x)
  return apply1('Pad', [x, constant(pads, 'int64', [pads.length]), fill], {
    mode: mode === 'constant' ? undefined : mode,
  })
}

/** The upper (or lower) triangle of the last two axes; the rest is zero. */
export function triangle(x: Value, side: 'upper' | 'lower', diagonal = 0): Value {
  return apply1('Trilu', [x, constant(diagonal, 'int64')], { upper: side === 'upper' ? 1 : 0 })
}
