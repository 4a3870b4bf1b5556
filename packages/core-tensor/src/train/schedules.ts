import { constant, type Value } from '../graph/graph.ts'
import { less, where } from '../ops/comparison.ts'
import { add, clip, div, mul, pow, sub } from '../ops/elementwise.ts'
import { cos } from '../ops/trigonometric.ts'

/** A learning rate as a function of the number of updates made so far (float32 scalar), traced into the step. */
export type Schedule = (step: Value) => Value

export interface WarmupOptions {
  /** Highest learning rate. */
  peak: number
  /** Updates over which the rate grows linearly from `peak / warmup` to `peak`. */
  warmup?: number
}

export interface DecayScheduleOptions extends WarmupOptions {
  /** Number of updates in all; afterwards the rate stays at `floor`. */
  total: number
  /** Lowest learning rate at the end. Default 0. */
  floor?: number
}

/** Grows linearly, then follows `after`, which is given the share of the decay that has passed (0 to 1). */
function warmed(
  { peak, warmup = 0 }: WarmupOptions,
  total: number,
  after: (progress: Value) => Value,
): Schedule {
  return (step) => {
    const progress = clip(div(sub(step, warmup), Math.max(1, total - warmup)), 0, 1)
    const decayed = after(progress)
    return warmup === 0 ? decayed : where(less(step, warmup), mul(add(step, 1), peak / warmup), decayed)
  }
}

/** Warm-up, then `peak` for ever. */
export const constantSchedule = (options: WarmupOptions): Schedule =>
  warmed(options, Number.MAX_SAFE_INTEGER, () => constant(options.peak, 'float32'))

/** Warm-up, then a straight line down to `floor`. */
export const linearSchedule = (options: DecayScheduleOptions): Schedule => {
  const { peak, total, floor = 0 } = options
  return warmed(options, total, (progress) => sub(peak, mul(progress, peak - floor)))
}

/** Warm-up, then half a cosine wave down to `floor` (Loshchilov & Hutter 2017). */
export const cosineSchedule = (options: DecayScheduleOptions): Schedule => {
  const { peak, total, floor = 0 } = options
  return warmed(options, total, (progress) =>
    add(mul(add(cos(mul(progress, Math.PI)), 1), (peak - floor) / 2), floor),
  )
}

/** Warm-up, then multiplied by the same factor each update until `floor` (which must be positive) is reached. */
export const exponentialSchedule = (options: DecayScheduleOptions & { floor: number }): Schedule => {
  const { peak, total, floor } = options
  return warmed(options, total, (progress) => mul(pow(constant(floor / peak, 'float32'), progress), peak))
}
