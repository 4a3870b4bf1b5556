import { FlagError } from '../errors.ts'
import { valueAndGrad } from '../grad/gradient.ts'
import type { Value } from '../graph/graph.ts'
import { isValue } from '../graph/trace.ts'
import { leavesOf, mapTree } from '../graph/tree.ts'
import { add, div } from '../ops/elementwise.ts'
import { split } from '../ops/slicing.ts'

/**
 * Loss and gradients as the mean over `count` equal parts of the batch, one after another in the same graph: the
 * memory of one part, the gradient of the whole. Only for losses that are means over examples (not contrastive ones).
 * Every value of the batch is cut along its first axis.
 */
export function accumulateGradients<P, B>(
  loss: (params: P, batch: B) => Value,
  count: number,
): (params: P, batch: B) => [Value, P] {
  return (params, batch) => {
    const parts = new Map(
      leavesOf(batch, isValue).map(({ path, leaf }) => {
        const [size] = leaf.shape
        if (typeof size !== 'number' || size % count !== 0) {
          throw new FlagError(
            'shape-mismatch',
            `batch value "${path}" of ${size} rows cannot be cut into ${count} equal parts`,
          )
        }
        return [path, split(leaf, new Array(count).fill(size / count), 0)]
      }),
    )
    const results = Array.from({ length: count }, (_, i) =>
      valueAndGrad(loss)(
        params,
        mapTree(batch, isValue, (_leaf, path) => (parts.get(path) as Value[])[i]) as B,
      ),
    )
    const mean = (values: Value[]) =>
      div(
        values.reduce((sum, value) => add(sum, value)),
        count,
      )
    const gradients = results.map(
      ([, gradient]) => new Map(leavesOf(gradient, isValue).map((g) => [g.path, g.leaf])),
    )
    const averaged = mapTree(params, isValue, (_leaf, path) =>
      mean(gradients.map((g) => g.get(path) as Value)),
    )
    return [mean(results.map(([value]) => value)), averaged as P]
  }
}
