import type { Value } from '../graph/graph.ts'
import { apply1, defineOperators, sameAsInput, stringOf } from '../graph/operator.ts'
import type { ActivationOperator } from '../graph/operatorNames.ts'
import { greater, where } from './comparison.ts'
import { add, erf, exp, mul, neg, sub } from './elementwise.ts'

export const activations = defineOperators<ActivationOperator>({
  Relu: { infer: sameAsInput(), gradient: ({ outputs: [y] }, [g]) => [g && where(greater(y, 0), g, 0)] },
  Sigmoid: {
    infer: sameAsInput(),
    gradient: ({ outputs: [y] }, [g]) => [g && mul(g, mul(y, sub(1, y)))],
  },
  Tanh: { infer: sameAsInput(), gradient: ({ outputs: [y] }, [g]) => [g && mul(g, sub(1, mul(y, y)))] },
  Softplus: { infer: sameAsInput(), gradient: ({ inputs: [x] }, [g]) => [g && mul(g, sigmoid(x as Value))] },
  Gelu: {
    infer: sameAsInput(),
    gradient: ({ inputs: [input], attributes }, [g]) => {
      if (!g) return []
      const x = input as Value
      if (stringOf(attributes, 'approximate', 'none') === 'tanh') {
        const c = Math.sqrt(2 / Math.PI)
        const square = mul(x, x)
        const t = tanh(mul(mul(x, add(mul(square, 0.044715), 1)), c))
        const inner = mul(add(mul(square, 3 * 0.044715), 1), c)
        return [mul(g, mul(0.5, add(add(1, t), mul(x, mul(sub(1, mul(t, t)), inner)))))]
      }
      const cumulative = mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5)
      const density = mul(exp(mul(mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI))
      return [mul(g, add(cumulative, mul(x, density)))]
    },
  },
})

export const relu = (x: Value): Value => apply1('Relu', [x])
export function sigmoid(x: Value): Value {
  return apply1('Sigmoid', [x])
}
export function tanh(x: Value): Value {
  return apply1('Tanh', [x])
}
export const softplus = (x: Value): Value => apply1('Softplus', [x])

/** Gaussian error linear unit: exact (erf) as in BERT, or the tanh approximation as in GPT-2. Hendrycks & Gimpel 2016. */
export function gelu(x: Value, approximate: 'none' | 'tanh' = 'none'): Value {
  return apply1('Gelu', [x], { approximate })
}

/** `x * sigmoid(1.702 x)`, the GELU of OpenAI's CLIP. */
export const quickGelu = (x: Value): Value => mul(x, sigmoid(mul(x, 1.702)))

/** `x * sigmoid(x)`, also called swish. */
export const silu = (x: Value): Value => mul(x, sigmoid(x))

export const leakyRelu = (x: Value, slope = 0.01): Value => where(greater(x, 0), x, mul(x, slope))

/** `x` for positive x, `alpha (e^x - 1)` below. */
export const elu = (x: Value, alpha = 1): Value =>
  where(greater(x, 0), x, mul(sub(exp(neg(relu(neg(x)))), 1), alpha))
