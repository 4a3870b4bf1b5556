import type { Dims } from '../graph/dims.ts'
import type { Value } from '../graph/graph.ts'
import { apply1, CONTRIB, defineOperators, inputOf, notDifferentiable } from '../graph/operator.ts'
import type { FusedOperator } from '../graph/operatorNames.ts'
import { attention, mergeHeads, splitHeads } from './attention.ts'
import { expand } from './shape.ts'

export const fusedOperators = defineOperators<FusedOperator>({
  MultiHeadAttention: {
    domain: CONTRIB,
    infer: (application) => {
      const [q, v] = [inputOf(application, 0), inputOf(application, 2)]
      return [{ dtype: q.dtype, shape: [q.shape[0], q.shape[1], v.shape[2]] }]
    },
    gradient: notDifferentiable('it keeps no intermediate results'),
  },
})

/**
 * Scaled-dot-product attention of `heads` heads that lie side by side: `q` `[batch, queries, heads * width]`, `k` and
 * `v` `[batch, keys, heads * width]`, the result like `q`. `bias` is added to the scores, broadcast to
 * `[batch, heads, queries, keys]`. One operator of ONNX Runtime where the graph is `fused`.
 */
export function multiHeadAttention(
  q: Value,
  k: Value,
  v: Value,
  { heads, bias }: { heads: number; bias?: Value },
): Value {
  if (!q.graph.fused) {
    const split = (x: Value) => splitHeads(x, heads)
    return mergeHeads(attention(split(q), split(k), split(v), { bias }))
  }
  const inputs = [q, k, v, undefined, undefined, bias && everyPlace(bias, [q.shape[1], k.shape[1]])]
  return apply1('MultiHeadAttention', inputs, { num_heads: heads }, CONTRIB)
}

/** The operator broadcasts a bias over pictures or texts and over heads, but not over queries and keys. */
function everyPlace(bias: Value, places: Dims): Value {
  const leading = [1, 1, ...bias.shape.slice(0, -2)].slice(-2)
  return expand(bias, [...leading, ...places])
}
