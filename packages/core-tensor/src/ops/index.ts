import type { Operator } from '../graph/operator.ts'
import type { OperatorName } from '../graph/operatorNames.ts'
import { activations } from './activation.ts'
import { bitwiseOperators } from './bitwise.ts'
import { comparisons } from './comparison.ts'
import { compositeOperators } from './composite.ts'
import { controlOperators } from './control.ts'
import { convolutions } from './convolution.ts'
import { detectionOperators } from './detection.ts'
import { elementwise } from './elementwise.ts'
import { fillOperators } from './fill.ts'
import { fusedOperators } from './fused.ts'
import { gathers } from './gather.ts'
import { linearOperators } from './linear.ts'
import { normalizations } from './normalization.ts'
import { poolings } from './pooling.ts'
import { quantizationOperators } from './quantization.ts'
import { randomOperators } from './random.ts'
import { rearrangements } from './rearrangement.ts'
import { recurrentOperators } from './recurrent.ts'
import { reductions } from './reduction.ts'
import { resizeOperators } from './resize.ts'
import { samplingOperators } from './sampling.ts'
import { shapeOperators } from './shape.ts'
import { signalOperators } from './signal.ts'
import { slicingOperators } from './slicing.ts'
import { softmaxOperators } from './softmax.ts'
import { textOperators } from './text.ts'
import { thresholdOperators } from './thresholds.ts'
import { trigonometricOperators } from './trigonometric.ts'

/** Every operator's declaration. A name of `OperatorName` without one does not compile. */
export const operators: Record<OperatorName, Operator> = {
  ...activations,
  ...thresholdOperators,
  ...textOperators,
  ...signalOperators,
  ...samplingOperators,
  ...recurrentOperators,
  ...rearrangements,
  ...randomOperators,
  ...fusedOperators,
  ...quantizationOperators,
  ...controlOperators,
  ...compositeOperators,
  ...bitwiseOperators,
  ...comparisons,
  ...convolutions,
  ...detectionOperators,
  ...elementwise,
  ...fillOperators,
  ...gathers,
  ...linearOperators,
  ...normalizations,
  ...poolings,
  ...reductions,
  ...resizeOperators,
  ...shapeOperators,
  ...slicingOperators,
  ...softmaxOperators,
  ...trigonometricOperators,
}

export * from './activation.ts'
export * from './attention.ts'
export * from './comparison.ts'
export * from './convolution.ts'
export * from './detection.ts'
export * from './elementwise.ts'
export * from './fill.ts'
export { multiHeadAttention } from './fused.ts'
export * from './gather.ts'
export * from './linear.ts'
export * from './loss.ts'
export * from './normalization.ts'
export * from './pooling.ts'
export { int4Embedding, int4Linear, int8Embedding, int8Linear } from './quantization.ts'
export * from './rearrangement.ts'
export * from './reduction.ts'
export * from './resize.ts'
export * from './rotary.ts'
export * from './shape.ts'
export * from './sizes.ts'
export * from './slicing.ts'
export * from './softmax.ts'
export * from './trigonometric.ts'
