import { ops, type Scope, type Value } from '@flag/core-tensor'
import { linear } from './linear.ts'

/** The projections to queries, keys and values: three layers, which train faster, or one of three times the width. */
export type ProjectionScopes = { query: Scope; key: Scope; value: Scope } | { fused: Scope }

export type AttentionScopes = ProjectionScopes & { output: Scope }

/** Queries [B, Q, D] of `queries` and keys and values [B, T, D] of `states`. */
export function project(scopes: ProjectionScopes, queries: Value, states: Value): [Value, Value, Value] {
  if (!('fused' in scopes)) {
    return [linear(scopes.query, queries), linear(scopes.key, states), linear(scopes.value, states)]
  }
  const thirds = (x: Value) => {
    const all = linear(scopes.fused, x) // [B, T, 3 D]
    const width = (all.shape[2] as number) / 3
    return ops.split(all, [width, width, width], 2)
  }
  const [q, k, v] = thirds(states)
  return [queries === states ? q : thirds(queries)[0], k, v]
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
  const mixed = ops.multiHeadAttention(...project(scopes, queries, states), options) // [B, Q, D]
  return linear(scopes.output, mixed) // [B, Q, D]
}

/** What to add to attention scores so that places where `mask` [B, T] is false are not seen. */
export function paddingBias(mask: Value): Value {
  const bias = ops.where(mask, 0, -1e9, 'float32') // [B, T]
  return ops.unsqueeze(bias, [1, 2]) // [B, 1, 1, T]
}
