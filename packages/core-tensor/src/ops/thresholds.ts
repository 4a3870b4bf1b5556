import { defineOperators, floatOf, sameAsInput } from '../graph/operator.ts'
import type { ThresholdOperator } from '../graph/operatorNames.ts'
import { sigmoid } from './activation.ts'
import { greater, where } from './comparison.ts'
import { abs, add, mul, sub } from './elementwise.ts'

export const thresholdOperators = defineOperators<ThresholdOperator>({
  Hardmax: { infer: sameAsInput(), gradient: () => [] },
  Shrink: {
    infer: sameAsInput(),
    gradient: ({ inputs: [x], attributes }, [g]) => [
      g && x && where(greater(abs(x), floatOf(attributes, 'lambd', 0.5)), g, 0),
    ],
  },
  Swish: {
    infer: sameAsInput(),
    gradient: ({ inputs: [x], attributes }, [g]) => {
      if (!g || !x) return []
      const alpha = floatOf(attributes, 'alpha', 1)
      const gate = sigmoid(mul(x, alpha))
      return [mul(g, add(gate, mul(mul(mul(x, alpha), gate), sub(1, gate))))]
    },
  },
  ThresholdedRelu: {
    infer: sameAsInput(),
    gradient: ({ inputs: [x], attributes }, [g]) => [
      g && x && where(greater(x, floatOf(attributes, 'alpha', 1)), g, 0),
    ],
  },
})
