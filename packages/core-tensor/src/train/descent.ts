import { valueAndGrad } from '../grad/gradient.ts'
import type { Value } from '../graph/graph.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { clipByGlobalNorm } from './clip.ts'
import type { Optimizer, OptimizerState, Tensors, Values } from './optimizers.ts'

/** What most training steps carry from one to the next. */
export interface TrainingState<T> {
  readonly params: Readonly<Record<string, T>>
  readonly optimizer: OptimizerState<T>
}

/** The state before the first step. */
export const initialState = (params: Tensors, optimizer: Optimizer): TrainingState<Tensor> => ({
  params,
  optimizer: optimizer.init(params),
})

export interface DescentOptions<B extends readonly unknown[]> {
  /** The loss (a scalar) of parameters and a batch. */
  loss: (params: Values, ...batch: B) => Value
  optimizer: Optimizer
  /** Gradients are scaled down to this global norm. Default: never. */
  maxNorm?: number
}

/**
 * The usual training step, for `compileStep`: gradients of the loss, clipped, and one update. Its metrics are the loss
 * before the update and the global norm of the gradients before clipping.
 */
export function descent<B extends readonly unknown[]>({
  loss,
  optimizer,
  maxNorm = Number.MAX_VALUE,
}: DescentOptions<B>): (
  state: TrainingState<Value>,
  ...batch: B
) => readonly [TrainingState<Value>, { loss: Value; norm: Value }] {
  return (state, ...batch) => {
    const [value, gradients] = valueAndGrad((params: Values) => loss(params, ...batch))(state.params)
    const clipped = clipByGlobalNorm(gradients, maxNorm)
    const next = optimizer.update(clipped.gradients, state.optimizer, state.params)
    return [
      { params: next.params, optimizer: next.state },
      { loss: value, norm: clipped.norm },
    ]
  }
}
