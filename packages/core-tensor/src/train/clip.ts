import type { Value } from '../graph/graph.ts'
import { add, div, minimum, mul } from '../ops/elementwise.ts'
import { norm } from '../ops/reduction.ts'
import { reshape } from '../ops/shape.ts'
import { concat } from '../ops/slicing.ts'
import { isSmall, oneVector } from './oneVector.ts'
import type { Values } from './optimizers.ts'

/** Length of all gradients taken as one vector. */
export function globalNorm(gradients: Values): Value {
  const all = Object.values(gradients)
  const small = all.filter(isSmall)
  const parts = [
    ...all.filter((g) => !isSmall(g)),
    ...(small.length > 0 ? [oneVector(small.map(({ shape }) => shape as number[])).join(small)] : []),
  ]
  return norm(
    concat(
      parts.map((g) => reshape(norm(g), [1])),
      0,
    ),
  )
}

/** Gradients scaled down so that their global norm is at most `limit`, as torch's clip_grad_norm_; and that norm. */
export function clipByGlobalNorm(gradients: Values, limit: number): { gradients: Values; norm: Value } {
  const norm = globalNorm(gradients)
  const factor = minimum(div(limit, add(norm, 1e-6)), 1)
  return {
    gradients: Object.fromEntries(Object.entries(gradients).map(([name, g]) => [name, mul(g, factor)])),
    norm,
  }
}
