import { productDims } from '../graph/dims.ts'
import type { Value } from '../graph/graph.ts'
import { reshape } from '../ops/shape.ts'
import { concat, split } from '../ops/slicing.ts'

/** Up to this many elements, starting an operator costs more than its arithmetic. */
const SMALL = 4096
export const isSmall = ({ shape }: Value) => (productDims(shape) as number) <= SMALL

/** Values of these shapes end to end as one vector, and the way back. One value alone stays as it is. */
export function oneVector(shapes: readonly (readonly number[])[]): {
  join(values: readonly Value[]): Value
  cut(vector: Value): Value[]
} {
  if (shapes.length === 1) return { join: ([value]) => value, cut: (value) => [value] }
  const sizes = shapes.map((shape) => productDims(shape))
  return {
    join: (values) =>
      concat(
        values.map((value) => reshape(value, [-1])),
        0,
      ),
    cut: (vector) => split(vector, sizes, 0).map((part, i) => reshape(part, shapes[i])),
  }
}
