import { ops, type Scope, type Value } from '@flag/core-tensor'
import { parameter } from './linear.ts'

/** Layer normalisation over the last axis, with the parameters `weight` and `bias`. */
export function layerNorm(scope: Scope, x: Value, epsilon: number): Value {
  return ops.layerNorm(x, parameter(scope, 'weight'), parameter(scope, 'bias'), epsilon) // [..., D]
}
