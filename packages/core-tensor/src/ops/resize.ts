import { FlagError } from '../errors.ts'
import { type Dim, mulDims, normalizeAxis } from '../graph/dims.ts'
import { constant, type Node, type Value, type ValueType } from '../graph/graph.ts'
import {
  type Application,
  apply1,
  defineOperators,
  floatOf,
  inputOf,
  intOf,
  intsOf,
  stringOf,
} from '../graph/operator.ts'
import type { ResizeOperator } from '../graph/operatorNames.ts'
import { interpolationMatrix } from './interpolation.ts'
import { alongAxis } from './linear.ts'
import { reduceSum } from './reduction.ts'
import { reshape } from './shape.ts'
import { constantInts, freshDim } from './sizes.ts'
import { perAxis } from './windows.ts'

/** What a Resize node makes of one axis. */
interface ResizedAxis {
  readonly axis: number
  readonly output: Dim
  readonly scale: number | undefined
}

type Applied = Pick<Application, 'operator' | 'inputs' | 'attributes'>

function resizedAxes(node: Applied): ResizedAxis[] {
  const x = inputOf(node, 0)
  const axes = (intsOf(node.attributes, 'axes') ?? x.shape.map((_, i) => i)).map((a) =>
    normalizeAxis(a, x.rank),
  )
  const given = (index: number) =>
    node.inputs[index] && (node.inputs[index].shape[0] !== 0 || axes.length === 0)
      ? constantInts(node as Application, index)
      : undefined
  const sizes = given(3)
  const policy = stringOf(node.attributes, 'keep_aspect_ratio_policy', 'stretch')
  if (sizes && policy !== 'stretch') {
    // One scale for all axes, so that the result fits into the sizes, or covers them.
    const ratios = axes.map((axis, i) => sizes[i] / Number(x.shape[axis]))
    const scale = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios)
    return axes.map((axis) => {
      const dim = x.shape[axis]
      const known = typeof dim === 'number' && !Number.isNaN(scale)
      return known
        ? { axis, output: Math.round(scale * dim), scale: Math.fround(scale) }
        : { axis, output: freshDim(x.graph, `resized${axis}`), scale: undefined }
    })
  }
  if (sizes) {
    return axes.map((axis, i) => {
      const dim = x.shape[axis]
      // ONNX Runtime divides in single precision.
      const scale = typeof dim === 'number' ? Math.fround(sizes[i] / dim) : undefined
      return { axis, output: sizes[i], scale }
    })
  }
  const scales = given(2)
  if (!scales) throw new FlagError('invalid-argument', 'Resize needs scales or sizes')
  return axes.map((axis, i) => ({ axis, output: scaledDim(x, axis, scales[i]), scale: scales[i] }))
}

function scaledDim(x: Value, axis: number, scale: number): Dim {
  const dim = x.shape[axis]
  if (typeof dim === 'number') return Math.floor(dim * scale)
  return Number.isInteger(scale) ? mulDims(dim, scale) : freshDim(x.graph, `resized${axis}`)
}

export const resizeOperators = defineOperators<ResizeOperator>({
  Resize: {
    infer: (application): ValueType[] => {
      const x = inputOf(application, 0)
      const shape = [...x.shape]
      for (const { axis, output } of resizedAxes(application)) shape[axis] = output
      return [{ dtype: x.dtype, shape }]
    },
    gradient: (node, [g]) => {
      const [x] = node.inputs
      if (!g || !x) return []
      const changed = resizedAxes(node).filter(
        ({ axis, output, scale }) => output !== x.shape[axis] || scale !== 1,
      )
      // Interpolation is linear and the axes are independent, so the transpose goes axis by axis.
      return [changed.reduce((part, axis) => axisGradient(node, part, x.shape[axis.axis], axis), g)]
    },
  },
})

function axisGradient(node: Node, g: Value, size: Dim, { axis, output, scale }: ResizedAxis): Value {
  const { attributes } = node
  const mode = stringOf(attributes, 'mode', 'nearest')
  const coordinates = stringOf(attributes, 'coordinate_transformation_mode', 'half_pixel')
  const rounding = stringOf(attributes, 'nearest_mode', 'round_prefer_floor')
  const repeats =
    mode === 'nearest' && coordinates === 'asymmetric' && rounding === 'floor' && Number.isInteger(scale)
  if (repeats) {
    // Every element was repeated: sum over its copies, also where the size is symbolic.
    const blocks = [...g.shape.slice(0, axis), size, scale as number, ...g.shape.slice(axis + 1)]
    return reduceSum(reshape(g, blocks), axis + 1)
  }
  if (typeof size !== 'number' || typeof output !== 'number' || scale === undefined) {
    throw new FlagError(
      'not-differentiable',
      `Resize of the symbolic axis ${axis} of ${node.inputs[0]} has no gradient`,
    )
  }
  if (intOf(attributes, 'antialias', 0) === 1) {
    throw new FlagError('not-differentiable', 'Resize with antialiasing has no gradient rule')
  }
  const matrix = interpolationMatrix(size, output, scale, {
    mode,
    coordinates,
    rounding,
    cubic: floatOf(attributes, 'cubic_coeff_a', -0.75),
    excludeOutside: intOf(attributes, 'exclude_outside', 0) === 1,
  })
  return alongAxis(
    g,
    matrix[0].map((_, i) => matrix.map((row) => row[i])),
    axis,
  )
}

export interface ResizeOptions {
  /** New sizes of the last axes. */
  sizes?: readonly number[]
  /** Or a factor for all axes after the second, or one for each. */
  scale?: number | readonly number[]
  /** `linear` is torch's bilinear, `cubic` its bicubic (a = -0.75). */
  mode?: 'nearest' | 'nearest-exact' | 'linear' | 'cubic'
  /** The corner elements' centres, not their outer edges, stay in place. */
  alignCorners?: boolean
  /** Weighs all the elements an output covers when shrinking (linear and cubic); no gradient. */
  antialias?: boolean
}

/** Resizes the spatial axes of `[batch, channels, …]` with the conventions of torch's `interpolate`. */
export function resize(x: Value, options: ResizeOptions): Value {
  const { mode = 'nearest', alignCorners = false, sizes, scale } = options
  if ((sizes === undefined) === (scale === undefined)) {
    throw new FlagError('invalid-argument', 'resize needs either sizes or a scale')
  }
  const count = sizes?.length ?? x.rank - 2
  const axes = Array.from({ length: count }, (_, i) => x.rank - count + i)
  const nearest = mode.startsWith('nearest')
  const attributes = {
    axes,
    mode: nearest ? 'nearest' : mode,
    coordinate_transformation_mode:
      mode === 'nearest' ? 'asymmetric' : alignCorners ? 'align_corners' : 'half_pixel',
    nearest_mode: mode === 'nearest' ? 'floor' : nearest ? 'round_prefer_ceil' : undefined,
    antialias: options.antialias ? 1 : undefined,
  }
  return apply1(
    'Resize',
    sizes
      ? [x, undefined, undefined, constant(sizes, 'int64')]
      : [x, undefined, constant(perAxis(scale as number, count), 'float32')],
    attributes,
  )
}
