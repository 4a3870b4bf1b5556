import { FlagError } from '../errors.ts'
import { productDims } from '../graph/dims.ts'
import type { Node, Value, ValueType } from '../graph/graph.ts'
import {
  type Application,
  apply,
  apply1,
  defineOperators,
  inputOf,
  intOf,
  intsOf,
} from '../graph/operator.ts'
import type { PoolingOperator } from '../graph/operatorNames.ts'
import type { NumericDType } from '../tensor/dtype.ts'
import { cast, equal } from './comparison.ts'
import { div, mul } from './elementwise.ts'
import { fillDims } from './fill.ts'
import { scatterElements } from './gather.ts'
import { alongAxis } from './linear.ts'
import { countOf, reduceSum } from './reduction.ts'
import { expand, reshape } from './shape.ts'
import { padsOf, perAxis, type Window, windowsOf } from './windows.ts'

const poolWindows = (node: Pick<Application, 'operator' | 'inputs' | 'attributes'>): Window[] =>
  windowsOf(node.attributes, inputOf(node, 0).shape.slice(2), intsOf(node.attributes, 'kernel_shape') ?? [])

function inferPool(application: Application): ValueType[] {
  const x = inputOf(application, 0)
  const shape = [...x.shape.slice(0, 2), ...poolWindows(application).map(({ output }) => output)]
  return [
    { dtype: x.dtype, shape },
    { dtype: 'int64' as const, shape },
  ].slice(0, application.outputCount)
}

function inferGlobal(application: Application): ValueType[] {
  const { dtype, shape } = inputOf(application, 0)
  return [{ dtype, shape: shape.map((dim, i) => (i < 2 ? dim : 1)) }]
}

const spatialAxes = (x: Value) => x.shape.map((_, i) => i).slice(2)

export const poolings = defineOperators<PoolingOperator>({
  MaxPool: {
    infer: inferPool,
    gradient: (node, [g]) => {
      const [x] = node.inputs
      if (!g || !x) return []
      // The places of the maxima, counted through the whole input; a second pass finds them if this node did not.
      const places = node.outputs[1] ?? apply('MaxPool', [x], node.attributes, { outputs: 2 })[1]
      const zeros = fillDims([productDims(x.shape)], 0, x.dtype as NumericDType)
      const count = [productDims(g.shape)]
      return [reshape(scatterElements(zeros, reshape(places, count), reshape(g, count), 0, 'add'), x.shape)]
    },
  },
  AveragePool: {
    infer: inferPool,
    gradient: (node, [g]) => {
      const [x] = node.inputs
      if (!g || !x) return []
      // Averaging is linear and the axes are independent: one matrix per axis.
      return [averagingMatrices(node, x).reduce((part, m, i) => alongAxis(part, transposed(m), i + 2), g)]
    },
  },
  GlobalAveragePool: {
    infer: inferGlobal,
    gradient: ({ inputs: [x] }, [g]) => [g && x && expand(div(g, countOf(x, spatialAxes(x))), x.shape)],
  },
  GlobalMaxPool: {
    infer: inferGlobal,
    // In equal shares, as reduceMax.
    gradient: ({ inputs: [x], outputs: [y] }, [g]) => {
      if (!g || !x) return []
      const hits = cast(equal(x, y), x.dtype)
      return [mul(div(g, reduceSum(hits, spatialAxes(x), true)), hits)]
    },
  },
})

type Matrix = readonly (readonly number[])[]

const transposed = (m: Matrix): Matrix => m[0].map((_, i) => m.map((row) => row[i]))

function averagingMatrices(node: Node, x: Value): Matrix[] {
  const includePadding = intOf(node.attributes, 'count_include_pad', 0) === 1
  return poolWindows(node).map((window, i) => {
    const size = x.shape[i + 2]
    if (typeof size !== 'number') {
      throw new FlagError(
        'not-differentiable',
        `AveragePool over the symbolic axis ${i + 2} of ${x} has no gradient`,
      )
    }
    const { before = 0, after = 0 } = window
    return Array.from({ length: window.output as number }, (_, o) => {
      const taps = Array.from(
        { length: window.size },
        (_, k) => o * window.stride - before + k * window.dilation,
      )
      const inside = taps.filter((t) => t >= 0 && t < size)
      const counted = includePadding ? taps.filter((t) => t < size + after) : inside
      return Array.from({ length: size }, (_, t) => (inside.includes(t) ? 1 / counted.length : 0))
    })
  })
}

export interface PoolOptions {
  /** The window's size when left out. */
  stride?: number | readonly number[]
  /** As for `conv`. */
  padding?: number | readonly number[]
  dilation?: number | readonly number[]
  /** A last window that is not filled counts too. */
  ceil?: boolean
}

function poolAttributes(x: Value, kernel: number | readonly number[], options: PoolOptions) {
  const sizes = perAxis(kernel, x.rank - 2)
  const attributes = {
    kernel_shape: sizes,
    strides: perAxis(options.stride ?? kernel, x.rank - 2),
    pads: padsOf(options.padding ?? 0, x.rank - 2),
    ...(options.dilation === undefined ? {} : { dilations: perAxis(options.dilation, x.rank - 2) }),
  }
  if (!options.ceil) return attributes
  // Without a window that is not filled, ceil_mode says nothing; ONNX's own shape inference is then wrong about it.
  const outputs = (extra: object) =>
    windowsOf({ ...attributes, ...extra }, x.shape.slice(2), sizes).map(({ output }) => output)
  const plain = outputs({})
  return outputs({ ceil_mode: 1 }).every((dim, i) => dim === plain[i])
    ? attributes
    : { ...attributes, ceil_mode: 1 }
}

/** Largest element of each window over the spatial axes of `[batch, channels, …]`. */
export function maxPool(x: Value, kernel: number | readonly number[], options: PoolOptions = {}): Value {
  return apply('MaxPool', [x], poolAttributes(x, kernel, options), { outputs: 2 })[0]
}

/** Mean of each window; padding counts as zeros, as in torch, unless `countPadding` is false. */
export function averagePool(
  x: Value,
  kernel: number | readonly number[],
  options: PoolOptions & { countPadding?: boolean } = {},
): Value {
  return apply1('AveragePool', [x], {
    ...poolAttributes(x, kernel, options),
    count_include_pad: options.countPadding === false ? 0 : 1,
  })
}

/** Mean over all spatial axes, which stay with size 1. */
export const globalAveragePool = (x: Value): Value => apply1('GlobalAveragePool', [x])

/** Maximum over all spatial axes, which stay with size 1. */
export const globalMaxPool = (x: Value): Value => apply1('GlobalMaxPool', [x])

/** Averages to the spatial sizes `sizes`, each output over its share of the input: torch's adaptive_avg_pool. */
export function adaptiveAveragePool(x: Value, sizes: readonly number[]): Value {
  return sizes.reduce((part, outputs, i) => {
    const size = x.shape[i + 2]
    if (typeof size !== 'number') {
      throw new FlagError('unsupported', `adaptiveAveragePool over the symbolic axis ${i + 2} of ${x}`)
    }
    const rows = Array.from({ length: outputs }, (_, o) => {
      const [from, to] = [Math.floor((o * size) / outputs), Math.ceil(((o + 1) * size) / outputs)]
      return Array.from({ length: size }, (_, t) => (t >= from && t < to ? 1 / (to - from) : 0))
    })
    return alongAxis(part, rows, i + 2)
  }, x)
}
