import type { Value } from '../graph/graph.ts'
import { apply1, defineOperators, floatOf, sameAsInput, stringOf } from '../graph/operator.ts'
import type { ActivationOperator } from '../graph/operatorNames.ts'
import { greater, less, logicalAnd, where } from './comparison.ts'
import { abs, add, div, erf, exp, minimum, mul, sub } from './elementwise.ts'
import { unary } from './rules.ts'
import { unbroadcast } from './shape.ts'

const same = sameAsInput()

/** Constants of Klambauer et al. 2017, as the ONNX specification rounds them. */
const SELU = { alpha: 1.6732631921768188, gamma: 1.0507010221481323 }

export const activations = defineOperators<ActivationOperator>({
  Relu: { infer: same, gradient: ({ outputs: [y] }, [g]) => [g && where(greater(y, 0), g, 0)] },
  LeakyRelu: {
    infer: same,
    gradient: ({ inputs: [x], attributes }, [g]) => [
      g && where(greater(x as Value, 0), g, mul(g, floatOf(attributes, 'alpha', 0.01))),
    ],
  },
  PRelu: {
    infer: same,
    gradient: ({ inputs: [x, slope] }, [g]) => {
      if (!g || !x || !slope) return []
      const positive = greater(x, 0)
      return [where(positive, g, mul(g, slope)), unbroadcast(where(positive, 0, mul(g, x)), slope)]
    },
  },
  Elu: {
    infer: same,
    gradient: ({ inputs: [x], attributes }, [g]) => [
      g && mul(g, where(greater(x as Value, 0), 1, mul(expOfNegative(x as Value), alphaOf(attributes)))),
    ],
  },
  Celu: {
    infer: same,
    gradient: ({ inputs: [x], attributes }, [g]) => [
      g && mul(g, where(greater(x as Value, 0), 1, expOfNegative(div(x as Value, alphaOf(attributes))))),
    ],
  },
  Selu: {
    infer: same,
    gradient: ({ inputs: [x], attributes }, [g]) => {
      const gamma = floatOf(attributes, 'gamma', SELU.gamma)
      const slope = mul(expOfNegative(x as Value), gamma * floatOf(attributes, 'alpha', SELU.alpha))
      return [g && mul(g, where(greater(x as Value, 0), gamma, slope))]
    },
  },
  Sigmoid: { infer: same, gradient: unary((_, y) => mul(y, sub(1, y))) },
  HardSigmoid: {
    infer: same,
    gradient: ({ outputs: [y], attributes }, [g]) => [
      g && where(logicalAnd(greater(y, 0), less(y, 1)), mul(g, floatOf(attributes, 'alpha', 0.2)), 0),
    ],
  },
  // x clip(x / 6 + 1/2, 0, 1)
  HardSwish: {
    infer: same,
    gradient: unary((x) => {
      const middle = add(div(x, 3), 0.5)
      return where(greater(x, -3), where(less(x, 3), middle, 1), 0)
    }),
  },
  Tanh: { infer: same, gradient: unary((_, y) => sub(1, mul(y, y))) },
  Softplus: { infer: same, gradient: unary((x) => sigmoid(x)) },
  Softsign: {
    infer: same,
    gradient: unary((x) => {
      const scale = add(abs(x), 1)
      return div(1, mul(scale, scale))
    }),
  },
  // x tanh(softplus(x))
  Mish: {
    infer: same,
    gradient: unary((x) => {
      const t = tanh(softplus(x))
      return add(t, mul(mul(x, sigmoid(x)), sub(1, mul(t, t))))
    }),
  },
  Gelu: {
    infer: same,
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

function alphaOf(attributes: Parameters<typeof floatOf>[0]): number {
  return floatOf(attributes, 'alpha', 1)
}

/** `e^min(x, 0)`: the side of the exponential that is used, without overflow on the other. */
function expOfNegative(x: Value): Value {
  return exp(minimum(x, 0))
}

export const relu = (x: Value): Value => apply1('Relu', [x])
export function sigmoid(x: Value): Value {
  return apply1('Sigmoid', [x])
}
export function tanh(x: Value): Value {
  return apply1('Tanh', [x])
}
/** `log(1 + e^x)`. */
export const softplus = (x: Value): Value => apply1('Softplus', [x])
/** `x / (1 + |x|)`. */
export const softsign = (x: Value): Value => apply1('Softsign', [x])

/** Gaussian error linear unit: exact (erf) as in BERT, or the tanh approximation as in GPT-2. Hendrycks & Gimpel 2016. */
export function gelu(x: Value, approximate: 'none' | 'tanh' = 'none'): Value {
  return apply1('Gelu', [x], { approximate })
}

/** `x * sigmoid(1.702 x)`, the GELU of OpenAI's CLIP. */
export const quickGelu = (x: Value): Value => mul(x, sigmoid(mul(x, 1.702)))

/** `x * sigmoid(x)`, also called swish. */
export const silu = (x: Value): Value => mul(x, sigmoid(x))

/** `x` for positive x, `slope x` below. */
export const leakyRelu = (x: Value, slope = 0.01): Value =>
  apply1('LeakyRelu', [x], { alpha: { float: slope } })

/** `x` for positive x, `slope x` below, with a learned slope that broadcasts to x (He et al. 2015). */
export const prelu = (x: Value, slope: Value): Value => apply1('PRelu', [x, slope])

/** `x` for positive x, `alpha (e^x - 1)` below (Clevert et al. 2016). */
export const elu = (x: Value, alpha = 1): Value => apply1('Elu', [x], { alpha: { float: alpha } })

/** `max(0, x) + min(0, alpha (e^(x / alpha) - 1))` (Barron 2017). */
export const celu = (x: Value, alpha = 1): Value => apply1('Celu', [x], { alpha: { float: alpha } })

/** The scaled, self-normalising elu (Klambauer et al. 2017). */
export const selu = (x: Value): Value => apply1('Selu', [x])

/** `clip(x / 6 + 1/2, 0, 1)`, as torch has it (the ONNX default slope is 0.2). */
export const hardSigmoid = (x: Value): Value =>
  apply1('HardSigmoid', [x], { alpha: { float: 1 / 6 }, beta: { float: 0.5 } })

/** `x hardSigmoid(x)` (Howard et al. 2019). */
export const hardSwish = (x: Value): Value => apply1('HardSwish', [x])

/** `x tanh(softplus(x))` (Misra 2019). */
export const mish = (x: Value): Value => apply1('Mish', [x])
