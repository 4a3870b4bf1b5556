import { FlagError } from '../errors.ts'
import { broadcastDims } from '../graph/dims.ts'
import { constant, type Operand, toValue, toValues, type Value, type ValueType } from '../graph/graph.ts'
import {
  type Application,
  apply1,
  defineOperators,
  inputOf,
  intOf,
  notDifferentiable,
  sameAsInput,
} from '../graph/operator.ts'
import type { ComparisonOperator } from '../graph/operatorNames.ts'
import { dtypeFromOnnx, onnxDType } from '../onnx/dtypes.ts'
import { type DType, isFloat } from '../tensor/dtype.ts'
import { unbroadcast } from './shape.ts'

function compare(application: Application): ValueType[] {
  const [a, b] = [inputOf(application, 0), inputOf(application, 1)]
  if (a.dtype !== b.dtype) {
    throw new FlagError('dtype-mismatch', `${application.operator}: ${a} and ${b} have different types`)
  }
  return [{ dtype: 'bool', shape: broadcastDims(a.shape, b.shape) }]
}

const comparison = { infer: compare, gradient: notDifferentiable('the result is a truth value') }
const predicate = { infer: sameAsInput('bool'), gradient: comparison.gradient }

export const comparisons = defineOperators<ComparisonOperator>({
  Equal: comparison,
  Greater: comparison,
  GreaterOrEqual: comparison,
  Less: comparison,
  LessOrEqual: comparison,
  And: comparison,
  Or: comparison,
  Xor: comparison,
  Not: predicate,
  IsNaN: predicate,
  IsInf: predicate,
  Where: {
    infer: (application) => {
      const [condition, a, b] = [0, 1, 2].map((i) => inputOf(application, i))
      if (a.dtype !== b.dtype)
        throw new FlagError('dtype-mismatch', `Where: ${a} and ${b} have different types`)
      return [{ dtype: a.dtype, shape: broadcastDims(condition.shape, broadcastDims(a.shape, b.shape)) }]
    },
    gradient: ({ inputs: [condition, a, b] }, [g]) =>
      g && condition && a && b
        ? [undefined, unbroadcast(where(condition, g, 0), a), unbroadcast(where(condition, 0, g), b)]
        : [],
  },
  Cast: {
    infer: (application) => [
      { dtype: dtypeFromOnnx(intOf(application.attributes, 'to', 1)), shape: inputOf(application, 0).shape },
    ],
    gradient: ({ inputs: [x] }, [g]) => [g && x && isFloat(x.dtype) ? cast(g, x.dtype) : undefined],
  },
})

const two =
  (name: ComparisonOperator) =>
  (a: Operand, b: Operand): Value =>
    apply1(name, toValues(a, b))

export const equal = two('Equal')
export const greater = two('Greater')
export const greaterOrEqual = two('GreaterOrEqual')
export const less = two('Less')
export const lessOrEqual = two('LessOrEqual')
export const logicalAnd = two('And')
export const logicalOr = two('Or')
export const logicalXor = two('Xor')
export const logicalNot = (x: Value): Value => apply1('Not', [x])
export const isNan = (x: Value): Value => apply1('IsNaN', [x])
export const isInf = (x: Value): Value => apply1('IsInf', [x])

/** `a` where `condition` holds, else `b`. `dtype` is needed only when both are bare numbers. */
export function where(condition: Value, a: Operand, b: Operand, dtype?: DType): Value {
  const typed = (x: Operand) => (typeof x === 'number' && dtype ? constant(x, dtype as 'float32') : x)
  return apply1('Where', [condition, ...toValues(typed(a), typed(b))])
}

/** Elements as another type; gives `x` itself when nothing changes. */
export function cast(x: Operand, dtype: DType): Value {
  const value = toValue(x)
  return value.dtype === dtype ? value : apply1('Cast', [value], { to: onnxDType(dtype) })
}
