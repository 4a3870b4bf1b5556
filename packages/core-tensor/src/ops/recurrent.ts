import type { ValueType } from '../graph/graph.ts'
import { type Application, defineOperators, inputOf, intOf, notDifferentiable } from '../graph/operator.ts'
import type { RecurrentOperator } from '../graph/operatorNames.ts'

/** All states `[steps, directions, batch, hidden]`, then the last ones; with layout 1 the batch is the first axis. */
function inferRecurrent(application: Application): ValueType[] {
  const [x, weight, recurrence] = [0, 1, 2].map((i) => inputOf(application, i))
  const [directions, hidden] = [weight.shape[0], recurrence.shape[2]]
  const batchFirst = intOf(application.attributes, 'layout', 0) === 1
  const [steps, batch] = batchFirst ? [x.shape[1], x.shape[0]] : [x.shape[0], x.shape[1]]
  const all = batchFirst ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden]
  const last = batchFirst ? [batch, directions, hidden] : [directions, batch, hidden]
  return [all, last, last].map((shape) => ({ dtype: x.dtype, shape }))
}

const recurrent = {
  requiredOutputs: 0,
  infer: inferRecurrent,
  gradient: notDifferentiable('write it as steps of matmul, sigmoid and tanh'),
}

export const recurrentOperators = defineOperators<RecurrentOperator>({
  GRU: recurrent,
  LSTM: recurrent,
  RNN: recurrent,
})
