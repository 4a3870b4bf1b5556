import { ops, type Scope, type Value } from '@flag/core-tensor'
import { linear } from './linear.ts'

/** The four projections of an attention layer. Three separate ones for q, k and v train faster than one that is split. */
export interface AttentionScopes {
  query: Scope
  key: Scope
  value: Scope
  output: Scope
}

/**
 * Multi-head attention (Vaswani et al. 2017) of `queries` [B, Q, D] over `states` [B, T, D].
 * `bias` is added to the scores and broadcast to [B, heads, Q, T]; see `paddingBias`.
 */
export function attention(
  scopes: AttentionScopes,
  queries: Value,
  states: Value,
  options: { heads: number; bias?: Value },
): Value {
  const split = (x: Value) => ops.splitHeads(x, options.heads)
  const q = split(linear(scopes.query, queries)) // [B, heads, Q, D / heads]
  const k = split(linear(scopes.key, states)) // [B, heads, T, D / heads]
  const v = split(linear(scopes.value, states)) // [B, heads, T, D / heads]
  const mixed = ops.mergeHeads(ops.attention(q, k, v, { bias: options.bias })) // [B, Q, D]
  return linear(scopes.output, mixed) // [B, Q, D]
}

/** What to add to attention scores so that places where `mask` [B, T] is false are not seen. */
export function paddingBias(mask: Value): Value {
  const bias = ops.where(mask, 0, -1e9, 'float32') // [B, T]
  return ops.unsqueeze(bias, [1, 2]) // [B, 1, 1, T]
}
