import { contentsOf } from '../graph/contents.ts'
import type { Dim, Dims } from '../graph/dims.ts'
import { constant, type Value } from '../graph/graph.ts'
import { apply, defineOperators, inputOf, notDifferentiable } from '../graph/operator.ts'
import type { FillOperator } from '../graph/operatorNames.ts'
import type { NumericDType } from '../tensor/dtype.ts'
import { type Shape, type Tensor, zeros } from '../tensor/tensor.ts'
import { expand } from './shape.ts'
import { dimScalar, freshDim, sizesIn } from './sizes.ts'

export const fillOperators = defineOperators<FillOperator>({
  Range: {
    infer: (application) => {
      const { dtype, graph } = inputOf(application, 0)
      const [start, end, step] = [0, 1, 2].map((i) => contentsOf(inputOf(application, i))?.[0])
      if (typeof start === 'number' && typeof end === 'number' && typeof step === 'number')
        return [{ dtype, shape: [Math.max(0, Math.ceil((end - start) / step))] }]
      const counts = start === 0 && step === 1 && end !== undefined
      return [{ dtype, shape: [counts ? end : freshDim(graph, 'Range')] }]
    },
    gradient: notDifferentiable('the length of the result depends on its inputs'),
  },
  ConstantOfShape: {
    infer: (application) => {
      const value = application.attributes.value as Tensor | undefined
      return [{ dtype: value?.dtype ?? 'float32', shape: sizesIn(application, 0) }]
    },
    gradient: notDifferentiable('the result does not depend on values'),
  },
})

/** A value of this shape with all elements equal. */
export function fillDims(dims: Dims, value: number, dtype: NumericDType): Value {
  return expand(constant(value, dtype), dims)
}

export const zerosLike = (x: Value): Value => fillDims(x.shape, 0, x.dtype as NumericDType)
export const onesLike = (x: Value): Value => fillDims(x.shape, 1, x.dtype as NumericDType)

/** Integers `0 … size - 1` as int64, where size may be symbolic. */
export function iota(size: Dim): Value {
  if (typeof size === 'number')
    return constant(
      Array.from({ length: size }, (_, i) => i),
      'int64',
      [size],
    )
  const bounds = [constant(0, 'int64'), dimScalar(size), constant(1, 'int64')]
  return apply('Range', bounds, {}, { types: [{ dtype: 'int64', shape: [size] }] })[0]
}

/** A constant of zeros, as a value. */
export const zerosValue = (shape: Shape, dtype: NumericDType = 'float32'): Value =>
  constant(zeros(shape, dtype))
