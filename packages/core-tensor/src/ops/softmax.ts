import { normalizeAxis } from '../graph/dims.ts'
import type { Node, Value } from '../graph/graph.ts'
import { apply1, defineOperators, intOf, sameAsInput } from '../graph/operator.ts'
import type { SoftmaxOperator } from '../graph/operatorNames.ts'
import { exp, mul, sub } from './elementwise.ts'
import { reduceSum } from './reduction.ts'

const axisOf = ({ attributes, outputs: [y] }: Node) => normalizeAxis(intOf(attributes, 'axis', -1), y.rank)

export const softmaxOperators = defineOperators<SoftmaxOperator>({
  Softmax: {
    infer: sameAsInput(),
    gradient: (node, [g]) => {
      const [y] = node.outputs
      if (!g) return []
      const weighted = mul(g, y)
      return [sub(weighted, mul(y, reduceSum(weighted, axisOf(node), true)))]
    },
  },
  LogSoftmax: {
    infer: sameAsInput(),
    gradient: (node, [g]) => {
      const [y] = node.outputs
      return g ? [sub(g, mul(exp(y), reduceSum(g, axisOf(node), true)))] : []
    },
  },
})

export function softmax(x: Value, axis = -1): Value {
  return apply1('Softmax', [x], { axis: normalizeAxis(axis, x.rank) })
}

export function logSoftmax(x: Value, axis = -1): Value {
  return apply1('LogSoftmax', [x], { axis: normalizeAxis(axis, x.rank) })
}
