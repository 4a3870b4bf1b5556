import { normalizeAxis } from '../graph/dims.ts'
import type { Node, Value } from '../graph/graph.ts'
import { apply1, defineOperators, intOf, sameAsInput } from '../graph/operator.ts'
import type { SoftmaxOperator } from '../graph/operatorNames.ts'
import { exp, mul, sub } from './elementwise.ts'
import { reduceSum } from './reduction.ts'

/** Axes that are normalised together: one, or in operator sets before 13 the given one and all behind it. */
function axesOf({ attributes, outputs: [y] }: Node): number[] {
  const old = (y.graph.opsets.get('') ?? 1) < 13
  const axis = normalizeAxis(intOf(attributes, 'axis', old ? 1 : -1), y.rank)
  return old ? y.shape.map((_, i) => i).slice(axis) : [axis]
}

export const softmaxOperators = defineOperators<SoftmaxOperator>({
  Softmax: {
    infer: sameAsInput(),
    gradient: (node, [g]) => {
      const [y] = node.outputs
      if (!g) return []
      const weighted = mul(g, y)
      return [sub(weighted, mul(y, reduceSum(weighted, axesOf(node), true)))]
    },
  },
  LogSoftmax: {
    infer: sameAsInput(),
    gradient: (node, [g]) => {
      const [y] = node.outputs
      return g ? [sub(g, mul(exp(y), reduceSum(g, axesOf(node), true)))] : []
    },
  },
})

export function softmax(x: Value, axis = -1): Value {
  return apply1('Softmax', [x], { axis: normalizeAxis(axis, x.rank) })
}

export function logSoftmax(x: Value, axis = -1): Value {
  return apply1('LogSoftmax', [x], { axis: normalizeAxis(axis, x.rank) })
}
