import { ops, type Scope, type Value } from '@flag/core-tensor'

/** A parameter as float32, whatever precision it is stored in. */
export function parameter(scope: Scope, name: string): Value {
  return ops.cast(scope.param(name), 'float32')
}

/** `x @ weightᵀ`, plus `bias` where the checkpoint has one. The weight is stored `[out, in]`. */
export function linear(scope: Scope, x: Value): Value {
  const bias = scope.has('bias') ? parameter(scope, 'bias') : undefined
  return ops.linear(x, parameter(scope, 'weight'), bias) // [..., out]
}

/** Rows of the table `weight` at integer ids. Only the rows that are used are brought to float32. */
export function embedding(scope: Scope, ids: Value): Value {
  return ops.cast(ops.embedding(scope.param('weight'), ids), 'float32') // [...ids, D]
}
