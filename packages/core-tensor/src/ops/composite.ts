import { addDims, type Dim } from '../graph/dims.ts'
import type { ValueType } from '../graph/graph.ts'
import {
  type Application,
  defineOperators,
  inputOf,
  intOf,
  notDifferentiable,
  sameAsInput,
  stringOf,
} from '../graph/operator.ts'
import type { CompositeOperator } from '../graph/operatorNames.ts'

// Operators that stand for a few others. Traced functions are written with those others; models in files have these.

/** One loss, or with reduction "none" one for each label. */
function inferLoss(application: Application): ValueType[] {
  const [scores, labels] = [inputOf(application, 0), inputOf(application, 1)]
  const each = stringOf(application.attributes, 'reduction', 'mean') === 'none'
  return [
    { dtype: scores.dtype, shape: each ? labels.shape : [] },
    { dtype: scores.dtype, shape: scores.shape },
  ]
}

/** Queries, keys and values as `[batch, heads, length, width]` or `[batch, length, heads * width]`. */
function inferAttention(application: Application): ValueType[] {
  const [query, key, value] = [0, 1, 2].map((i) => inputOf(application, i))
  const heads = (name: string, { shape }: ValueType) =>
    shape.length === 4 ? shape[1] : intOf(application.attributes, name, 1)
  const [queryHeads, keyHeads] = [heads('q_num_heads', query), heads('kv_num_heads', key)]
  const length = ({ shape }: ValueType) => shape[shape.length - 2]
  const width = ({ shape }: ValueType, count: Dim): Dim => {
    const last = shape[shape.length - 1]
    return shape.length === 4 || typeof last !== 'number' ? last : last / Number(count)
  }
  const past = application.inputs[4]?.shape[2] ?? 0
  const total = addDims(past, length(key))
  const [batch, { dtype }] = [query.shape[0], query]
  const valueWidth = width(value, keyHeads)
  const result =
    query.rank === 4
      ? [batch, queryHeads, length(query), valueWidth]
      : [batch, length(query), typeof valueWidth === 'number' ? Number(queryHeads) * valueWidth : valueWidth]
  return [
    { dtype, shape: result },
    { dtype, shape: [batch, keyHeads, total, width(key, keyHeads)] },
    { dtype: value.dtype, shape: [batch, keyHeads, total, valueWidth] },
    { dtype, shape: [batch, queryHeads, length(query), total] },
  ]
}

export const compositeOperators = defineOperators<CompositeOperator>({
  Attention: {
    requiredOutputs: 1,
    infer: inferAttention,
    gradient: notDifferentiable('use attention()'),
  },
  Det: {
    infer: (application) => {
      const { dtype, shape } = inputOf(application, 0)
      return [{ dtype, shape: shape.slice(0, -2) }]
    },
    gradient: notDifferentiable('ONNX has no inverse of a matrix'),
  },
  LpNormalization: { infer: sameAsInput(), gradient: notDifferentiable('use normalize()') },
  LRN: { infer: sameAsInput(), gradient: notDifferentiable('only old networks have it') },
  MeanVarianceNormalization: {
    infer: sameAsInput(),
    gradient: notDifferentiable('use layerNorm() or instanceNorm()'),
  },
  NegativeLogLikelihoodLoss: { infer: inferLoss, gradient: notDifferentiable('use crossEntropy()') },
  RMSNormalization: { infer: sameAsInput(), gradient: notDifferentiable('use rmsNorm()') },
  RotaryEmbedding: { infer: sameAsInput(), gradient: notDifferentiable('use rotary()') },
  SoftmaxCrossEntropyLoss: {
    requiredOutputs: 1,
    infer: inferLoss,
    gradient: notDifferentiable('use crossEntropy()'),
  },
})
