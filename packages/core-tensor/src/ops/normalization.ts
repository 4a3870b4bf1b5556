import { FlagError } from '../errors.ts'
import { normalizeAxis, productDims } from '../graph/dims.ts'
import { stopGradient, type Value } from '../graph/graph.ts'
import {
  type Application,
  apply,
  apply1,
  defineOperators,
  floatOf,
  inputOf,
  intOf,
  sameAsInput,
} from '../graph/operator.ts'
import type { NormalizationOperator } from '../graph/operatorNames.ts'
import { add, div, exp, log, mul, rsqrt, sub } from './elementwise.ts'
import { reduceMax, reduceMean, reduceSum } from './reduction.ts'
import { expand, squeeze, unbroadcast } from './shape.ts'

const axisOf = (node: { inputs: readonly (Value | undefined)[]; attributes: Application['attributes'] }) =>
  normalizeAxis(intOf(node.attributes, 'axis', -1), (node.inputs[0] as Value).rank)

export const normalizations = defineOperators<NormalizationOperator>({
  Softmax: {
    infer: sameAsInput(),
    gradient: (node, [g]) => {
      const [y] = node.outputs
      if (!g) return []
      const weighted = mul(g, y)
      return [sub(weighted, mul(y, reduceSum(weighted, axisOf(node), true)))]
    },
  },
  LogSoftmax: {
    infer: sameAsInput(),
    gradient: (node, [g]) => {
      const [y] = node.outputs
      return g ? [sub(g, mul(exp(y), reduceSum(g, axisOf(node), true)))] : []
    },
  },
  LayerNormalization: {
    infer: (application) => {
      const x = inputOf(application, 0)
      const axis = axisOf(application)
      const statistics = { dtype: x.dtype, shape: x.shape.map((dim, i) => (i < axis ? dim : 1)) }
      return [{ dtype: x.dtype, shape: x.shape }, statistics, statistics].slice(0, application.outputCount)
    },
    gradient: (node, [g, dMean, dInverse]) => {
      const [x, scale, bias] = node.inputs
      if (!x || !scale) return []
      const axes = x.shape.map((_, i) => i).slice(axisOf(node))
      const mean = node.outputs[1] ?? reduceMean(x, axes, true)
      const centred = sub(x, mean)
      const inverse =
        node.outputs[2] ??
        rsqrt(add(reduceMean(mul(centred, centred), axes, true), floatOf(node.attributes, 'epsilon', 1e-5)))
      const normal = mul(centred, inverse)
      let dx: Value | undefined
      if (g) {
        const d = mul(g, scale)
        const projected = mul(normal, reduceMean(mul(d, normal), axes, true))
        dx = mul(inverse, sub(sub(d, reduceMean(d, axes, true)), projected))
      }
      // The statistics are outputs too; second derivatives reach them.
      const count = productDims(axes.map((axis) => x.shape[axis]))
      if ((dMean || dInverse) && typeof count !== 'number') {
        throw new FlagError(
          'not-differentiable',
          `LayerNormalization over symbolic axes of ${x} has no second derivative`,
        )
      }
      if (dMean) dx = plus(dx, expand(div(dMean, count as number), x.shape))
      if (dInverse) dx = plus(dx, mul(normal, mul(mul(inverse, inverse), div(dInverse, -(count as number)))))
      return [dx, g && unbroadcast(mul(g, normal), scale), g && bias && unbroadcast(g, bias)]
    },
  },
})

const plus = (a: Value | undefined, b: Value): Value => (a ? add(a, b) : b)

export function softmax(x: Value, axis = -1): Value {
  return apply1('Softmax', [x], { axis: normalizeAxis(axis, x.rank) })
}

export function logSoftmax(x: Value, axis = -1): Value {
  return apply1('LogSoftmax', [x], { axis: normalizeAxis(axis, x.rank) })
}

/** `log(sum(exp(x)))`, computed after the maximum is taken out. */
export function logSumExp(x: Value, axis = -1, keepDims = false): Value {
  const top = stopGradient(reduceMax(x, axis, true))
  const sum = add(log(reduceSum(exp(sub(x, top)), axis, true)), top)
  return keepDims ? sum : squeeze(sum, axis)
}

/** Layer normalisation over the last axis (Ba et al. 2016). `scale` and `bias` are `[width]`. */
export function layerNorm(x: Value, scale: Value, bias: Value | undefined, epsilon: number): Value {
  return apply(
    'LayerNormalization',
    [x, scale, bias],
    { axis: -1, epsilon: { float: epsilon } },
    { outputs: 3 },
  )[0]
}

/** Root-mean-square normalisation over the last axis (Zhang & Sennrich 2019). */
export function rmsNorm(x: Value, scale: Value, epsilon: number): Value {
  return mul(mul(x, rsqrt(add(reduceMean(mul(x, x), -1, true), epsilon))), scale)
}
