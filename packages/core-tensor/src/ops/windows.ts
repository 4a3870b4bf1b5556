import { FlagError } from '../errors.ts'
import { addDims, type Dim, type Dims, floorDivDims } from '../graph/dims.ts'
import type { Attributes } from '../graph/graph.ts'
import { intOf, intsOf, stringOf } from '../graph/operator.ts'

/** How convolutions and poolings slide over one spatial axis. */
export interface Window {
  /** Taps, and how far they are apart. */
  readonly size: number
  readonly dilation: number
  readonly stride: number
  /** Padding, where it does not depend on a symbolic size. */
  readonly before: number | undefined
  readonly after: number | undefined
  readonly output: Dim
}

/** From the first tap to the last. */
export const extent = ({ size, dilation }: Pick<Window, 'size' | 'dilation'>) => dilation * (size - 1) + 1

/** The windows of a Conv or pooling node over `spatial` axes, automatic padding worked out where it can be. */
export function windowsOf(attributes: Attributes, spatial: Dims, kernel: readonly number[]): Window[] {
  const rank = spatial.length
  const list = (name: string) => intsOf(attributes, name) ?? spatial.map(() => 1)
  const [strides, dilations] = [list('strides'), list('dilations')]
  const pads = intsOf(attributes, 'pads') ?? Array<number>(2 * rank).fill(0)
  const auto = stringOf(attributes, 'auto_pad', 'NOTSET')
  const ceil = intOf(attributes, 'ceil_mode', 0) === 1
  return spatial.map((dim, i) => {
    const base = { size: kernel[i], dilation: dilations[i], stride: strides[i] }
    if (auto.startsWith('SAME')) return sameWindow(dim, base, auto === 'SAME_UPPER')
    const [before, after] = auto === 'VALID' ? [0, 0] : [pads[i], pads[i + rank]]
    const span = addDims(dim, before + after - extent(base))
    if (typeof span === 'number' && span < 0) {
      throw new FlagError(
        'shape-mismatch',
        `a window of ${extent(base)} does not fit an axis of ${dim} padded by ${before} and ${after}`,
      )
    }
    let output = addDims(floorDivDims(ceil ? addDims(span, base.stride - 1) : span, base.stride), 1)
    // A window that would start in the padding behind the last element is left out.
    if (ceil && typeof output === 'number' && (output - 1) * base.stride >= (dim as number) + before) output--
    return { ...base, before, after, output }
  })
}

/** The output has `ceil(size / stride)` elements; the padding is what that takes. */
function sameWindow(dim: Dim, base: Pick<Window, 'size' | 'dilation' | 'stride'>, upper: boolean): Window {
  const output = floorDivDims(addDims(dim, base.stride - 1), base.stride)
  let total: number | undefined
  if (typeof dim === 'number') {
    total = Math.max(0, ((output as number) - 1) * base.stride + extent(base) - dim)
  } else if (base.stride === 1) total = extent(base) - 1
  if (total === undefined) return { ...base, before: undefined, after: undefined, output }
  const [less, more] = [Math.floor(total / 2), Math.ceil(total / 2)]
  return { ...base, before: upper ? less : more, after: upper ? more : less, output }
}

/** A number for every spatial axis. */
export const perAxis = (value: number | readonly number[], rank: number): number[] =>
  typeof value === 'number' ? Array<number>(rank).fill(value) : [...value]

/** Padding as ONNX writes it: before every axis, then after every axis. One number per axis pads both sides. */
export function padsOf(padding: number | readonly number[], rank: number): number[] {
  const list = perAxis(padding, rank)
  if (list.length !== rank && list.length !== 2 * rank) {
    throw new FlagError('invalid-argument', `padding [${list}] needs ${rank} or ${2 * rank} numbers`)
  }
  return list.length === rank ? [...list, ...list] : list
}
