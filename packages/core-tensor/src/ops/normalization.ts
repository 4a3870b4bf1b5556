import { FlagError } from '../errors.ts'
import { type Dims, mulDims, normalizeAxis, productDims } from '../graph/dims.ts'
import { constant, type Node, type Value } from '../graph/graph.ts'
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
import { dtypeFromOnnx } from '../onnx/dtypes.ts'
import type { NumericDType } from '../tensor/dtype.ts'
import { cast } from './comparison.ts'
import { add, div, mul, neg, rsqrt, sub } from './elementwise.ts'
import { countOf, reduceMean, reduceSum } from './reduction.ts'
import { expand, reshape, unbroadcast } from './shape.ts'

const axisOf = (node: Pick<Node, 'inputs' | 'attributes'>) =>
  normalizeAxis(intOf(node.attributes, 'axis', -1), (node.inputs[0] as Value).rank)

const axesFrom = (first: number, rank: number) => Array.from({ length: rank - first }, (_, i) => first + i)

/** (x - mean) / sqrt(variance + epsilon) over `axes`, and the factor 1 / sqrt(…). */
function standardize(x: Value, axes: readonly number[], epsilon: number) {
  const centred = sub(x, reduceMean(x, axes, true))
  const inverse = rsqrt(add(reduceMean(mul(centred, centred), axes, true), epsilon))
  return { normal: mul(centred, inverse), inverse }
}

/** Gradient of the standardised value: what `d` moves, less its mean and its share along `normal`. */
function throughStandardize(d: Value, normal: Value, inverse: Value, axes: readonly number[]): Value {
  const projected = mul(normal, reduceMean(mul(d, normal), axes, true))
  return mul(inverse, sub(sub(d, reduceMean(d, axes, true)), projected))
}

/** `[C]` as `[C, 1, 1, …]`, to broadcast against `[batch, C, …]`. */
const perChannel = (v: Value, x: Value) => reshape(v, [v.shape[0], ...x.shape.slice(2).map(() => 1)])

/** Sum over everything but the channels (axis 1). */
const overChannels = (g: Value) => reduceSum(g, [0, ...axesFrom(2, g.rank)])

/** Group normalisation of `[batch, C, …]` with a factor and an offset per channel; instance norm has C groups. */
function groupGradient(node: Node, g: Value | undefined, groups: number): (Value | undefined)[] {
  const [x, scale] = node.inputs
  if (!g || !x || !scale) return []
  const perGroup = mulDims(sizeOfChannels(node) / groups, productDims(x.shape.slice(2)))
  const grouped: Dims = [x.shape[0], groups, perGroup]
  const epsilon = floatOf(node.attributes, 'epsilon', 1e-5)
  const { normal, inverse } = standardize(reshape(x, grouped), [2], epsilon)
  const d = reshape(mul(g, perChannel(scale, x)), grouped)
  return [
    reshape(throughStandardize(d, normal, inverse, [2]), x.shape),
    overChannels(mul(g, reshape(normal, x.shape))),
    overChannels(g),
  ]
}

export const normalizations = defineOperators<NormalizationOperator>({
  LayerNormalization: {
    requiredOutputs: 1,
    infer: (application) => {
      const x = inputOf(application, 0)
      const axis = axisOf(application)
      // Statistics are in single precision unless the attribute says otherwise.
      const dtype = dtypeFromOnnx(intOf(application.attributes, 'stash_type', 1))
      const statistics = { dtype, shape: x.shape.map((dim, i) => (i < axis ? dim : 1)) }
      return [{ dtype: x.dtype, shape: x.shape }, statistics, statistics].slice(0, application.outputCount)
    },
    gradient: (node, [g, dMean, dInverse]) => {
      const [x, scale, bias] = node.inputs
      if (!x || !scale) return []
      const axes = axesFrom(axisOf(node), x.rank)
      // In double precision the node's own statistics would be the less exact ones.
      const [, savedMean, savedInverse] = x.dtype === 'float64' ? [] : node.outputs
      const centred = sub(x, savedMean ? cast(savedMean, x.dtype) : reduceMean(x, axes, true))
      const inverse = savedInverse
        ? cast(savedInverse, x.dtype)
        : rsqrt(add(reduceMean(mul(centred, centred), axes, true), floatOf(node.attributes, 'epsilon', 1e-5)))
      const normal = mul(centred, inverse)
      let dx = g && throughStandardize(mul(g, scale), normal, inverse, axes)
      // The statistics are outputs too; second derivatives reach them.
      const count = dMean || dInverse ? countOf(x, axes) : 1
      if (dMean) dx = plus(dx, expand(div(cast(dMean, x.dtype), count), x.shape))
      if (dInverse)
        dx = plus(dx, mul(normal, mul(mul(inverse, inverse), neg(div(cast(dInverse, x.dtype), count)))))
      return [dx, g && unbroadcast(mul(g, normal), scale), g && bias && unbroadcast(g, bias)]
    },
  },
  GroupNormalization: {
    infer: sameAsInput(),
    gradient: (node, [g]) => {
      if ((node.outputs[0].graph.opsets.get('') ?? 1) < 21) {
        throw new FlagError(
          'not-differentiable',
          'GroupNormalization before operator set 21 scales groups, not channels',
        )
      }
      return groupGradient(node, g, intOf(node.attributes, 'num_groups', 1))
    },
  },
  InstanceNormalization: {
    infer: sameAsInput(),
    gradient: (node, [g]) => groupGradient(node, g, sizeOfChannels(node)),
  },
  BatchNormalization: {
    infer: (application) => {
      const [x, , , mean, variance] = application.inputs.map((_, i) => inputOf(application, i))
      return [x, mean, variance].slice(0, application.outputCount)
    },
    gradient: ({ inputs: [x, scale, , mean, variance], attributes }, [g]) => {
      if (!g || !x || !scale || !mean || !variance) return []
      if (intOf(attributes, 'training_mode', 0) === 1) {
        throw new FlagError(
          'not-differentiable',
          'BatchNormalization in training mode has no gradient rule',
          {
            hint: 'use batchNormTraining',
          },
        )
      }
      const inverse = rsqrt(add(variance, floatOf(attributes, 'epsilon', 1e-5)))
      const total = overChannels(g)
      const weighted = overChannels(mul(g, sub(x, perChannel(mean, x))))
      const factor = mul(scale, inverse)
      return [
        mul(g, perChannel(factor, x)),
        mul(weighted, inverse),
        total,
        neg(mul(total, factor)),
        mul(mul(weighted, mul(factor, mul(inverse, inverse))), -0.5),
      ]
    },
  },
})

function sizeOfChannels({ inputs: [x] }: Pick<Application, 'inputs'>): number {
  const channels = x?.shape[1]
  if (typeof channels === 'number') return channels
  throw new FlagError('not-differentiable', `normalising ${x}: the number of channels is symbolic`)
}

const plus = (a: Value | undefined, b: Value): Value => (a ? add(a, b) : b)

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

/**
 * Group normalisation of `[batch, C, …]`: each of `groups` groups of channels of one sample is standardised, then
 * scaled and shifted per channel; `scale` and `bias` are `[C]` (Wu & He 2018).
 */
export function groupNorm(x: Value, groups: number, scale: Value, bias: Value, epsilon = 1e-5): Value {
  const [batch, channels, ...spatial] = x.shape
  if (typeof channels !== 'number' || channels % groups !== 0) {
    throw new FlagError('invalid-argument', `groupNorm: ${channels} channels are not ${groups} equal groups`)
  }
  // As instances of one channel each: 8 times the speed of GroupNormalization, which ONNX Runtime takes apart.
  const grouped = reshape(x, [batch, groups, mulDims(channels / groups, productDims(spatial))])
  const same = (value: number) => constant(Array<number>(groups).fill(value), x.dtype as NumericDType)
  const normal = reshape(instanceNorm(grouped, same(1), same(0), epsilon), x.shape)
  return add(mul(normal, perChannel(scale, x)), perChannel(bias, x))
}

/** Each channel of each sample of `[batch, C, …]` standardised, then scaled and shifted (Ulyanov et al. 2016). */
export function instanceNorm(x: Value, scale: Value, bias: Value, epsilon = 1e-5): Value {
  return apply1('InstanceNormalization', [x, scale, bias], { epsilon: { float: epsilon } })
}

export interface BatchStatistics {
  mean: Value
  variance: Value
}

/** Batch normalisation of `[batch, C, …]` with known statistics `[C]`, as at inference (Ioffe & Szegedy 2015). */
export function batchNorm(
  x: Value,
  scale: Value,
  bias: Value,
  statistics: BatchStatistics,
  epsilon = 1e-5,
): Value {
  const inputs = [x, scale, bias, statistics.mean, statistics.variance]
  return apply1('BatchNormalization', inputs, { epsilon: { float: epsilon } })
}

/**
 * Batch normalisation with the statistics of this batch, as in training, and those statistics (population variance)
 * for the running averages; gradients flow through them.
 */
export function batchNormTraining(
  x: Value,
  scale: Value,
  bias: Value,
  epsilon = 1e-5,
): { y: Value; statistics: BatchStatistics } {
  const axes = [0, ...axesFrom(2, x.rank)]
  const mean = reduceMean(x, axes, true)
  const centred = sub(x, mean)
  const variance = reduceMean(mul(centred, centred), axes, true)
  const factor = mul(rsqrt(add(variance, epsilon)), perChannel(scale, x))
  const y = add(mul(centred, factor), perChannel(bias, x))
  const flat = (v: Value) => reshape(v, [x.shape[1]])
  return { y, statistics: { mean: flat(mean), variance: flat(variance) } }
}
