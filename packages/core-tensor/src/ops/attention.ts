import { FlagError } from '../errors.ts'
import { mulDims } from '../graph/dims.ts'
import { constant, type Value } from '../graph/graph.ts'
import type { NumericDType } from '../tensor/dtype.ts'
import { cast, greater, lessOrEqual, logicalAnd, where } from './comparison.ts'
import { add, mul } from './elementwise.ts'
import { iota } from './fill.ts'
import { matmul } from './linear.ts'
import { reduceMax } from './reduction.ts'
import { reshape, swapAxes, transpose, unsqueeze } from './shape.ts'
import { softmax } from './softmax.ts'

export interface AttentionOptions {
  /** Factor on the scores; `1 / sqrt(width of a head)` when left out. */
  scale?: number
  /** Added to the scores, broadcast to `[batch, heads, queries, keys]`. */
  bias?: Value
  /** True where a key may be seen; broadcast like `bias`. A query that sees no key gets zeros. */
  mask?: Value
  /** Each query sees the keys up to its own place. */
  causal?: boolean
}

/**
 * Scaled-dot-product attention (Vaswani et al. 2017): `softmax(q kᵀ scale + bias) v`.
 * q is `[..., queries, width]`, k and v `[..., keys, width]`. As in torch, a query whose keys are all masked gives
 * zeros, not NaN.
 */
export function attention(q: Value, k: Value, v: Value, options: AttentionOptions = {}): Value {
  // Scaling q costs less than scaling the larger score matrix.
  let scores = product(mul(q, options.scale ?? 1 / Math.sqrt(widthOf(q))), k, true)
  if (options.bias) scores = add(scores, options.bias)
  let visible = options.mask
  if (options.causal) {
    const queries = unsqueeze(iota(q.shape[q.rank - 2]), 1)
    const earlier = lessOrEqual(unsqueeze(iota(k.shape[k.rank - 2]), 0), queries)
    visible = visible ? logicalAnd(visible, earlier) : earlier
  }
  if (!visible) return product(softmax(scores, -1), v)
  // Finite, so that a row without any key stays free of NaN; half precision ends at 65504.
  const hidden = constant(scores.dtype === 'float16' ? -65504 : -1e9, scores.dtype as NumericDType)
  const mixed = product(softmax(where(visible, scores, hidden), -1), v)
  if (!options.mask) return mixed
  const sees = greater(reduceMax(cast(visible, 'float32'), -1, true), 0)
  return where(sees, mixed, 0)
}

/**
 * `a b`, or `a bᵀ`, over the last two axes. Where the others are the same they become one: ONNX Runtime then reads a
 * transposed operand in place, where it would otherwise merge its transposition with that of `splitHeads` to a slow copy.
 */
function product(a: Value, b: Value, transposed = false): Value {
  const batch = a.shape.slice(0, -2)
  const same = a.rank === b.rank && batch.every((dim, i) => dim === b.shape[i])
  const folded = same && a.rank > 3
  const fold = (x: Value) => (folded ? reshape(x, [-1, ...x.shape.slice(-2)]) : x)
  const right = transposed ? swapAxes(fold(b), -1, -2) : fold(b)
  const result = matmul(fold(a), right)
  return folded ? reshape(result, [...batch, ...result.shape.slice(-2)]) : result
}

function widthOf(x: Value): number {
  const width = x.shape[x.rank - 1]
  if (typeof width === 'number') return width
  throw new FlagError('invalid-argument', `attention: the width of ${x} is symbolic`, {
    hint: 'give a scale',
  })
}

/** `[batch, length, heads * width]` to `[batch, heads, length, width]`. */
export function splitHeads(x: Value, heads: number): Value {
  const [batch, length, width] = x.shape
  if (typeof width !== 'number' || width % heads !== 0) {
    throw new FlagError('shape-mismatch', `splitHeads: ${x} does not have ${heads} heads of equal width`)
  }
  return transpose(reshape(x, [batch, length, heads, width / heads]), [0, 2, 1, 3])
}

/** `[batch, heads, length, width]` to `[batch, length, heads * width]`. */
export function mergeHeads(x: Value): Value {
  const [batch, heads, length, width] = x.shape
  return reshape(transpose(x, [0, 2, 1, 3]), [batch, length, mulDims(heads, width)])
}
