import { ops, type Value } from '@flag/core-tensor'

/** Activation functions by the names that Hugging Face configurations give them. */
export const activations = {
  gelu: (x: Value) => ops.gelu(x),
  quick_gelu: ops.quickGelu,
  gelu_new: (x: Value) => ops.gelu(x, 'tanh'),
  gelu_pytorch_tanh: (x: Value) => ops.gelu(x, 'tanh'),
  relu: ops.relu,
  silu: ops.silu,
} as const satisfies Record<string, (x: Value) => Value>

export type Activation = keyof typeof activations

export const activationNames = Object.keys(activations) as Activation[]
