import type { Scope, Value } from '@flag/core-tensor'
import { type Activation, activations } from './activation.ts'
import { linear } from './linear.ts'

/** Two linear layers with an activation between them. */
export function mlp(up: Scope, down: Scope, x: Value, activation: Activation): Value {
  const hidden = activations[activation](linear(up, x)) // [..., F]
  return linear(down, hidden) // [..., D]
}
