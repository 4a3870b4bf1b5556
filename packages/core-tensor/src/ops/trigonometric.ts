import type { Value } from '../graph/graph.ts'
import { apply1, defineOperators, sameAsInput } from '../graph/operator.ts'
import type { TrigonometricOperator } from '../graph/operatorNames.ts'
import { add, mul, neg, reciprocal, rsqrt, sub } from './elementwise.ts'
import { unary } from './rules.ts'

const same = sameAsInput()

export const trigonometricOperators = defineOperators<TrigonometricOperator>({
  Sin: { infer: same, gradient: unary((x) => cos(x)) },
  Cos: { infer: same, gradient: unary((x) => neg(sin(x))) },
  Tan: { infer: same, gradient: unary((_, y) => add(mul(y, y), 1)) },
  Asin: { infer: same, gradient: unary((x) => rsqrt(sub(1, mul(x, x)))) },
  Acos: { infer: same, gradient: unary((x) => neg(rsqrt(sub(1, mul(x, x))))) },
  Atan: { infer: same, gradient: unary((x) => reciprocal(add(mul(x, x), 1))) },
  Sinh: { infer: same, gradient: unary((x) => cosh(x)) },
  Cosh: { infer: same, gradient: unary((x) => sinh(x)) },
  Asinh: { infer: same, gradient: unary((x) => rsqrt(add(mul(x, x), 1))) },
  // sqrt(x - 1) sqrt(x + 1) rather than sqrt(x² - 1): no cancellation near 1.
  Acosh: { infer: same, gradient: unary((x) => mul(rsqrt(sub(x, 1)), rsqrt(add(x, 1)))) },
  Atanh: { infer: same, gradient: unary((x) => reciprocal(mul(sub(1, x), add(1, x)))) },
})

export const sin = (x: Value): Value => apply1('Sin', [x])
export const cos = (x: Value): Value => apply1('Cos', [x])
export const tan = (x: Value): Value => apply1('Tan', [x])
export const asin = (x: Value): Value => apply1('Asin', [x])
export const acos = (x: Value): Value => apply1('Acos', [x])
export const atan = (x: Value): Value => apply1('Atan', [x])
export const sinh = (x: Value): Value => apply1('Sinh', [x])
export const cosh = (x: Value): Value => apply1('Cosh', [x])
export const asinh = (x: Value): Value => apply1('Asinh', [x])
export const acosh = (x: Value): Value => apply1('Acosh', [x])
export const atanh = (x: Value): Value => apply1('Atanh', [x])
