import { ops, type Scope, type Value } from '@flag/core-tensor'
import { parameter } from './linear.ts'

/** Root-mean-square normalisation (Zhang & Sennrich 2019) over the last axis, with the parameter `weight`. */
export function rmsNorm(scope: Scope, x: Value, epsilon: number): Value {
  return ops.rmsNorm(x, parameter(scope, 'weight'), epsilon) // [..., D]
}
