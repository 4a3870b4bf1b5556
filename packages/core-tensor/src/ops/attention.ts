import { constant, type Value } from '../graph/graph.ts'
import type { NumericDType } from '../tensor/dtype.ts'
import { lessOrEqual, where } from './comparison.ts'
import { add, mul } from './elementwise.ts'
import { matmul } from './linear.ts'
import { softmax } from './normalization.ts'
import { iota, reshape, swapAxes, transpose, unsqueeze } from './shape.ts'

export interface AttentionOptions {
  /** Factor on the scores; `1 / sqrt(width of a head)` when left out. */
  scale?: number
  /** Added to the scores, broadcast to `[batch, heads, queries, keys]`. */
  bias?: Value
  /** True where a key may be seen; broadcast like `bias`. */
  mask?: Value
  /** Each query sees the keys up to its own place. */
  causal?: boolean
}

/**
 * Scaled-dot-product attention (Vaswani et al. 2017): `softmax(q kᵀ scale + bias) v`.
 * q is `[..., queries, width]`, k and v `[..., keys, width]`.
 */
export function attention(q: Value, k: Value, v: Value, options: AttentionOptions = {}): Value {
  const width = q.shape[q.rank - 1] as number
  // Scaling q costs less than scaling the larger score matrix.
  let scores = matmul(mul(q, options.scale ?? 1 / Math.sqrt(width)), swapAxes(k, -1, -2))
  if (options.bias) scores = add(scores, options.bias)
  const hidden = constant(-1e9, scores.dtype as NumericDType)
  if (options.mask) scores = where(options.mask, scores, hidden)
  if (options.causal) {
    const queries = unsqueeze(iota(q.shape[q.rank - 2]), 1)
    scores = where(lessOrEqual(unsqueeze(iota(k.shape[k.rank - 2]), 0), queries), scores, hidden)
  }
  return matmul(softmax(scores, -1), v)
}

/** `[batch, length, heads * width]` to `[batch, heads, length, width]`. */
export function splitHeads(x: Value, heads: number): Value {
  const [batch, length, width] = x.shape
  return transpose(reshape(x, [batch, length, heads, (width as number) / heads]), [0, 2, 1, 3])
}

/** `[batch, heads, length, width]` to `[batch, length, heads * width]`. */
export function mergeHeads(x: Value): Value {
  const [batch, heads, length, width] = x.shape
  return reshape(transpose(x, [0, 2, 1, 3]), [batch, length, (heads as number) * (width as number)])
}
