import { z } from 'zod'
import { median } from '../attribution/attribute.ts'

/** What a training does that is measured to a quality. */
export const trainTarget = z.object({ metric: z.string(), value: z.number(), higherIsBetter: z.boolean() })
export type TrainTarget = z.infer<typeof trainTarget>

/** What was measured of a training. */
export const trainRaw = z.object({
  kind: z.literal('train'),
  task: z.string(),
  batchSize: z.number(),
  /** Preparing and compiling, before the first step. */
  startNs: z.number(),
  stepNs: z.array(z.number()),
  losses: z.array(z.number().nullable()),
  /** Qualities, and how long after the first step began they were known. */
  evaluations: z.array(z.object({ step: z.number(), atNs: z.number(), quality: z.number() })),
  target: trainTarget.optional(),
})
export type TrainRaw = z.infer<typeof trainRaw>

export interface TrainNumbers {
  readonly steps: number
  readonly startMs: number
  readonly firstStepMs: number
  /** Median of the steps after the first. */
  readonly stepMs: number
  readonly samplesPerSecond: number
  readonly finalLoss: number | null
  readonly finalQuality: number | null
  /** FlagPerf's `converged`: whether the target was reached; `null` without a target. */
  readonly converged: boolean | null
  /** MLPerf's measure: evaluations are part of the time. `null`: not reached. */
  readonly secondsToQuality: number | null
}

/** Computes what a report shows of a training. */
export function trainNumbers(raw: TrainRaw): TrainNumbers {
  const { stepNs, batchSize, evaluations, target, losses, startNs } = raw
  const later = stepNs.length > 1 ? stepNs.slice(1) : stepNs
  const stepMs = median(later) / 1e6
  const reached =
    target &&
    evaluations.find(({ quality }) =>
      target.higherIsBetter ? quality >= target.value : quality <= target.value,
    )
  return {
    steps: stepNs.length,
    startMs: startNs / 1e6,
    firstStepMs: stepNs[0] / 1e6,
    stepMs,
    samplesPerSecond: (1000 * batchSize) / stepMs,
    finalLoss: losses.at(-1) ?? null,
    finalQuality: evaluations.at(-1)?.quality ?? null,
    converged: target === undefined ? null : reached !== undefined,
    secondsToQuality: reached === undefined ? null : reached.atNs / 1e9,
  }
}
