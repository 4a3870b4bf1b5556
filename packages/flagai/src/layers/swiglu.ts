import { ops, type Scope, type Value } from '@flag/core-tensor'
import { linear } from './linear.ts'

/** The gated half of a SwiGLU feed-forward layer (Shazeer 2020): `silu(gate x) * up x`. */
export function swiglu(gate: Scope, up: Scope, x: Value): Value {
  return ops.mul(ops.silu(linear(gate, x)), linear(up, x)) // [..., F]
}

/** The same from one layer of twice the width, whose first half is the gate. */
export function packedSwiglu(both: Scope, x: Value): Value {
  const hidden = linear(both, x) // [..., 2 F]
  const width = (hidden.shape[hidden.rank - 1] as number) / 2
  const [gate, up] = ops.split(hidden, [width, width], hidden.rank - 1)
  return ops.mul(ops.silu(gate), up) // [..., F]
}
