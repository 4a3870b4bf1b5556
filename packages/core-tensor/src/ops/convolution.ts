import { FlagError } from '../errors.ts'
import { addDims, type Dim, type Dims, mulDims } from '../graph/dims.ts'
import type { Node, Value, ValueType } from '../graph/graph.ts'
import {
  type Application,
  apply,
  apply1,
  defineOperators,
  inputOf,
  intOf,
  intsOf,
  stringOf,
} from '../graph/operator.ts'
import type { ConvolutionOperator } from '../graph/operatorNames.ts'
import { reduceSum } from './reduction.ts'
import { reshape, transpose } from './shape.ts'
import { slice } from './slicing.ts'
import { extent, padsOf, perAxis, type Window, windowsOf } from './windows.ts'

type Applied = Pick<Application, 'operator' | 'inputs' | 'attributes'>

/** The kernel's sizes: numbers, from the attribute or from the weight `[…, …, kernel]`. */
function kernelOf({ operator, inputs, attributes }: Applied): number[] {
  const sizes = intsOf(attributes, 'kernel_shape') ?? inputs[1]?.shape.slice(2) ?? []
  if (sizes.some((size) => typeof size !== 'number')) {
    throw new FlagError('unsupported', `${operator}: the kernel of ${inputs[1]} has symbolic sizes`)
  }
  return sizes as number[]
}

const groupsOf = (node: Applied) => intOf(node.attributes, 'group', 1)

function convWindows(node: Applied): Window[] {
  const x = inputOf(node, 0)
  return windowsOf(node.attributes, x.shape.slice(2), kernelOf(node))
}

export function inferConv(application: Application): ValueType[] {
  const [x, weight] = [inputOf(application, 0), inputOf(application, 1)]
  const [channels, perGroup] = [x.shape[1], weight.shape[1]]
  const fits = typeof channels === 'string' || typeof perGroup === 'string'
  if (x.rank !== weight.rank || (!fits && channels !== perGroup * groupsOf(application))) {
    throw new FlagError(
      'shape-mismatch',
      `Conv: weight ${weight} does not fit ${x} with ${groupsOf(application)} groups`,
    )
  }
  const spatial = convWindows(application).map(({ output }) => output)
  return [{ dtype: x.dtype, shape: [x.shape[0], weight.shape[0], ...spatial] }]
}

/** Windows of a ConvTranspose: as those of the convolution whose input its output would be. */
function transposedWindows(node: Applied): Window[] {
  const spatial = inputOf(node, 0).shape.slice(2)
  const list = (name: string, value: number) => intsOf(node.attributes, name) ?? spatial.map(() => value)
  const pads = intsOf(node.attributes, 'pads') ?? Array<number>(2 * spatial.length).fill(0)
  const auto = stringOf(node.attributes, 'auto_pad', 'NOTSET')
  const extra = list('output_padding', 0)
  const wanted = intsOf(node.attributes, 'output_shape')?.slice(-spatial.length)
  return kernelOf(node).map((size, i) => {
    const base = { size, dilation: list('dilations', 1)[i], stride: list('strides', 1)[i] }
    const full = addDims(mulDims(addDims(spatial[i], -1), base.stride), extra[i] + extent(base))
    const target = wanted?.[i] ?? (auto.startsWith('SAME') ? mulDims(spatial[i], base.stride) : undefined)
    if (target === undefined) {
      const [before, after] = auto === 'VALID' ? [0, 0] : [pads[i], pads[i + spatial.length]]
      return { ...base, before, after, output: addDims(full, -before - after) }
    }
    // SAME pads by what does not depend on the size: extent + extra - stride.
    const known = wanted === undefined ? extra[i] + extent(base) - base.stride : undefined
    const total = known ?? (typeof full === 'number' ? full - (target as number) : undefined)
    if (total === undefined) return { ...base, before: undefined, after: undefined, output: target }
    const [less, more] = [Math.floor(Math.max(total, 0) / 2), Math.ceil(Math.max(total, 0) / 2)]
    const upper = auto === 'SAME_UPPER'
    return { ...base, before: upper ? less : more, after: upper ? more : less, output: target }
  })
}

export const convolutions = defineOperators<ConvolutionOperator>({
  Conv: {
    infer: inferConv,
    gradient: (node, [g]) => {
      const [x, weight, bias] = node.inputs
      if (!g || !x || !weight) return []
      const windows = explicit(node, convWindows(node))
      return [
        convTransposeTo(g, weight, windows, groupsOf(node), x.shape),
        weightGradient(x, g, weight, windows, groupsOf(node)),
        bias && overChannels(g),
      ]
    },
  },
  ConvTranspose: {
    infer: (application) => {
      const [x, weight] = [inputOf(application, 0), inputOf(application, 1)]
      const spatial = transposedWindows(application).map(({ output }) => output)
      const channels = mulDims(weight.shape[1], groupsOf(application))
      return [{ dtype: x.dtype, shape: [x.shape[0], channels, ...spatial] }]
    },
    gradient: (node, [g]) => {
      const [x, weight, bias] = node.inputs
      if (!g || !x || !weight) return []
      const windows = explicit(node, transposedWindows(node))
      const dx = apply('Conv', [g, weight], attributesOf(windows, groupsOf(node)), { types: [x] })[0]
      return [dx, weightGradient(g, x, weight, windows, groupsOf(node)), bias && overChannels(g)]
    },
  },
})

type ExplicitWindow = Window & { before: number; after: number }

/** Windows with their padding known, as gradients need them. */
function explicit(node: Node, windows: readonly Window[]): ExplicitWindow[] {
  const unknown = windows.findIndex(({ before }) => before === undefined)
  if (unknown < 0) return windows as ExplicitWindow[]
  throw new FlagError(
    'not-differentiable',
    `${node.operator}: the padding of axis ${unknown + 2} of ${node.inputs[0]} depends on its symbolic size`,
  )
}

const attributesOf = (windows: readonly ExplicitWindow[], groups: number) => ({
  strides: windows.map(({ stride }) => stride),
  dilations: windows.map(({ dilation }) => dilation),
  pads: [...windows.map(({ before }) => before), ...windows.map(({ after }) => after)],
  group: groups === 1 ? undefined : groups,
})

/** Elements at the end of an axis that no window of a convolution reaches. */
function unreached(dim: Dim, window: ExplicitWindow): number {
  if (window.stride === 1) return 0
  if (typeof dim !== 'number') {
    throw new FlagError(
      'not-differentiable',
      `a convolution with stride ${window.stride} over the symbolic axis "${dim}" has no gradient`,
    )
  }
  return (dim + window.before + window.after - extent(window)) % window.stride
}

/** The transposed convolution whose result has the shape `target`. */
function convTransposeTo(
  g: Value,
  weight: Value,
  windows: readonly ExplicitWindow[],
  groups: number,
  target: Dims,
): Value {
  const extra = windows.map((window, i) => unreached(target[i + 2], window))
  const attributes = { ...attributesOf(windows, groups), output_padding: extra }
  return apply('ConvTranspose', [g, weight], attributes, { types: [{ dtype: g.dtype, shape: target }] })[0]
}

/**
 * Gradient of a convolution's weight: its input convolved with the output's gradient, samples and channels
 * exchanged, strides and dilations exchanged.
 */
function weightGradient(
  x: Value,
  g: Value,
  weight: Value,
  windows: readonly ExplicitWindow[],
  groups: number,
): Value {
  const [batch, , ...spatial] = x.shape
  const [out, perGroup, ...kernel] = weight.shape
  const axes = spatial.map((_, i) => i)
  const grouped = reshape(x, [batch, groups, perGroup, ...spatial])
  const swapped = transpose(grouped, [2, 1, 0, ...axes.map((axis) => axis + 3)])
  const input = reshape(swapped, [perGroup, mulDims(groups, batch), ...spatial])
  const filter = transpose(g, [1, 0, ...axes.map((axis) => axis + 2)])
  const attributes = {
    ...attributesOf(windows, groups),
    strides: windows.map(({ dilation }) => dilation),
    dilations: windows.map(({ stride }) => stride),
  }
  const sizes = windows.map((w, i) => w.size + Math.floor(unreached(spatial[i], w) / w.dilation))
  const types = [{ dtype: x.dtype, shape: [perGroup, out, ...sizes] }]
  const product = apply('Conv', [input, filter], attributes, { types })[0]
  const cut = axes.filter((i) => sizes[i] !== kernel[i])
  const kept =
    cut.length === 0
      ? product
      : slice(
          product,
          cut.map(() => 0),
          cut.map((i) => kernel[i] as number),
          cut.map((i) => i + 2),
        )
  return transpose(kept, [1, 0, ...axes.map((axis) => axis + 2)])
}

const overChannels = (g: Value) => reduceSum(g, [0, ...g.shape.map((_, i) => i).slice(2)])

export interface ConvOptions {
  /** One number for all spatial axes, or one for each. */
  stride?: number | readonly number[]
  /** For all sides, for each axis, or for each axis before and then for each axis after. */
  padding?: number | readonly number[]
  dilation?: number | readonly number[]
  groups?: number
}

function convAttributes(x: Value, weight: Value, options: ConvOptions) {
  const rank = x.rank - 2
  return {
    kernel_shape: kernelOf({ operator: 'Conv', inputs: [x, weight], attributes: {} }),
    strides: perAxis(options.stride ?? 1, rank),
    dilations: perAxis(options.dilation ?? 1, rank),
    pads: padsOf(options.padding ?? 0, rank),
    group: options.groups ?? 1,
  }
}

/**
 * Convolution (cross-correlation) over one, two or three spatial axes: x `[batch, in, …]`, weight
 * `[out, in / groups, …kernel]`, bias `[out]`; torch's conv1d, conv2d and conv3d.
 */
export function conv(x: Value, weight: Value, bias?: Value, options: ConvOptions = {}): Value {
  return apply1('Conv', bias ? [x, weight, bias] : [x, weight], convAttributes(x, weight, options))
}

/**
 * Transposed convolution: x `[batch, in, …]`, weight `[in, out / groups, …kernel]`, bias `[out]`; `outputPadding`
 * adds to one side of the result. Torch's conv_transpose1d, 2d and 3d.
 */
export function convTranspose(
  x: Value,
  weight: Value,
  bias?: Value,
  options: ConvOptions & { outputPadding?: number | readonly number[] } = {},
): Value {
  return apply1('ConvTranspose', bias ? [x, weight, bias] : [x, weight], {
    ...convAttributes(x, weight, options),
    output_padding: perAxis(options.outputPadding ?? 0, x.rank - 2),
  })
}
