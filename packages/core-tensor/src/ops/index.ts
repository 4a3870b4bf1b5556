import type { Operator } from '../graph/operator.ts'
import type { OperatorName } from '../graph/operatorNames.ts'
import { activations } from './activation.ts'
import { comparisons } from './comparison.ts'
import { elementwise } from './elementwise.ts'
import { gathers } from './gather.ts'
import { linearOperators } from './linear.ts'
import { normalizations } from './normalization.ts'
import { reductions } from './reduction.ts'
import { shapeOperators } from './shape.ts'

/** Every operator's declaration. A name of `OperatorName` without one does not compile. */
export const operators: Record<OperatorName, Operator> = {
  ...activations,
  ...comparisons,
  ...elementwise,
  ...gathers,
  ...linearOperators,
  ...normalizations,
  ...reductions,
  ...shapeOperators,
}

export * from './activation.ts'
export * from './attention.ts'
export * from './comparison.ts'
export * from './elementwise.ts'
export * from './gather.ts'
export * from './linear.ts'
export * from './normalization.ts'
export * from './reduction.ts'
export * from './shape.ts'
