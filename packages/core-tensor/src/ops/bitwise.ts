import { defineOperators, notDifferentiable, sameAsInput } from '../graph/operator.ts'
import type { BitwiseOperator } from '../graph/operatorNames.ts'
import { broadcastInputs } from './rules.ts'

const gradient = notDifferentiable('it works on the bits of integers')
const two = { infer: broadcastInputs, gradient }

export const bitwiseOperators = defineOperators<BitwiseOperator>({
  BitShift: two,
  BitwiseAnd: two,
  BitwiseNot: { infer: sameAsInput(), gradient },
  BitwiseOr: two,
  BitwiseXor: two,
})
