import { type Operand, toValue, type Value } from '../graph/graph.ts'
import { softplus } from './activation.ts'
import { cast, equal, greaterOrEqual, less, where } from './comparison.ts'
import { abs, add, div, exp, maximum, mul, neg, sub } from './elementwise.ts'
import { iota } from './fill.ts'
import { gatherElements } from './gather.ts'
import { matmul } from './linear.ts'
import { norm, normalize, reduceMean, reduceSum } from './reduction.ts'
import { squeeze, swapAxes, unsqueeze } from './shape.ts'
import { logSoftmax } from './softmax.ts'

/** What becomes of the losses of single samples. */
export type LossReduction = 'mean' | 'sum' | 'none'

function reduced(losses: Value, reduction: LossReduction): Value {
  if (reduction === 'none') return losses
  return reduction === 'sum' ? reduceSum(losses) : reduceMean(losses)
}

export interface CrossEntropyOptions {
  /** Share of the target that is spread evenly over all classes (Szegedy et al. 2016). */
  labelSmoothing?: number
  /** Samples with this label do not count. */
  ignoreIndex?: number
  /** The mean is over the samples that count. */
  reduction?: LossReduction
}

/** Cross entropy of logits `[..., classes]` and integer labels `[...]`. */
export function crossEntropy(logits: Value, labels: Value, options: CrossEntropyOptions = {}): Value {
  const { labelSmoothing = 0, ignoreIndex, reduction = 'mean' } = options
  const ids = cast(labels, 'int64')
  const ignored = ignoreIndex === undefined ? undefined : equal(ids, ignoreIndex)
  const logProbabilities = logSoftmax(logits, -1)
  const places = unsqueeze(ignored ? where(ignored, 0, ids) : ids, -1)
  let losses = neg(squeeze(gatherElements(logProbabilities, places, -1), -1))
  if (labelSmoothing > 0) {
    const even = mul(reduceMean(logProbabilities, -1), -labelSmoothing)
    losses = add(mul(losses, 1 - labelSmoothing), even)
  }
  if (!ignored) return reduced(losses, reduction)
  const counted = where(ignored, 0, losses)
  if (reduction !== 'mean') return reduced(counted, reduction)
  return div(reduceSum(counted), reduceSum(where(ignored, 0, 1, logits.dtype)))
}

/** Mean squared error. */
export function meanSquaredError(
  prediction: Value,
  target: Operand,
  reduction: LossReduction = 'mean',
): Value {
  const difference = sub(prediction, target)
  return reduced(mul(difference, difference), reduction)
}

/** Mean absolute error. */
export const meanAbsoluteError = (
  prediction: Value,
  target: Operand,
  reduction: LossReduction = 'mean',
): Value => reduced(abs(sub(prediction, target)), reduction)

/** Half the square up to a distance of `delta`, from there a straight line (Huber 1964). */
export function huber(
  prediction: Value,
  target: Operand,
  delta = 1,
  reduction: LossReduction = 'mean',
): Value {
  const difference = sub(prediction, target)
  const distance = abs(difference)
  const losses = where(
    less(distance, delta),
    mul(mul(difference, difference), 0.5),
    mul(sub(distance, delta / 2), delta),
  )
  return reduced(losses, reduction)
}

/**
 * Binary cross entropy of logits and targets in [0, 1], without overflow: torch's
 * `binary_cross_entropy_with_logits`. `positiveWeight` multiplies the term of the positives.
 */
export function binaryCrossEntropy(
  logits: Value,
  targets: Operand,
  options: { positiveWeight?: Operand; reduction?: LossReduction } = {},
): Value {
  const { positiveWeight = 1, reduction = 'mean' } = options
  const y = toValue(targets, logits)
  const positive = mul(mul(y, softplus(neg(logits))), positiveWeight)
  return reduced(add(positive, mul(sub(1, y), softplus(logits))), reduction)
}

/** Kullback–Leibler divergence of log-probabilities from target probabilities, summed over the last axis. */
export function klDivergence(logQ: Value, logP: Value, reduction: LossReduction = 'mean'): Value {
  return reduced(reduceSum(mul(exp(logP), sub(logP, logQ)), -1), reduction)
}

/** Cosine of the angle between a and b along `axis`. */
export function cosineSimilarity(a: Value, b: Value, axis = -1, epsilon = 1e-8): Value {
  const length = (x: Value) => maximum(norm(x, axis), epsilon)
  return div(reduceSum(mul(a, b), axis), mul(length(a), length(b)))
}

/**
 * Symmetric contrastive loss of CLIP (Radford et al. 2021; InfoNCE, van den Oord et al. 2018): row i of `a` and of
 * `b`, both `[batch, width]`, belong together. `scale` is the inverse temperature.
 */
export function infoNCE(a: Value, b: Value, scale: Operand): Value {
  const logits = mul(matmul(normalize(a), swapAxes(normalize(b), 0, 1)), scale)
  const labels = iota(logits.shape[0])
  const sides = add(crossEntropy(logits, labels), crossEntropy(swapAxes(logits, 0, 1), labels))
  return mul(sides, 0.5)
}

/**
 * Dropout (Srivastava et al. 2014) given uniform numbers in [0, 1) of x's shape: elements whose number is below
 * `probability` become 0, the others are scaled up so that the mean stays.
 */
export function dropout(x: Value, uniforms: Value, probability: number): Value {
  return where(greaterOrEqual(uniforms, probability), mul(x, 1 / (1 - probability)), 0)
}
