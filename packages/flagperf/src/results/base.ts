import { z } from 'zod'
import { median } from '../attribution/attribute.ts'

/**
 * Properties of a machine: `gemm` products of square matrices, `memory` a pass that reads and writes, `memory-add` one
 * that reads twice as much as it writes, `transfer-in` and `transfer-out` copies to and from the provider, `launch` the
 * cost of a node, `capacity` the largest array.
 */
export const baseProbes = [
  'gemm',
  'memory',
  'memory-add',
  'transfer-in',
  'transfer-out',
  'launch',
  'capacity',
] as const
export type BaseProbe = (typeof baseProbes)[number]

/** Element types of products: `int8` is u8 times s8 into int32, `int4` fp32 times blocks of 4 bits. */
export const baseDTypes = ['float32', 'float16', 'int8', 'int4'] as const
export type BaseDType = (typeof baseDTypes)[number]

const times = z.array(z.number())
const attempt = z.object({ bytes: z.number(), failure: z.string().optional() })
export type CapacityAttempt = z.infer<typeof attempt>

/** What was measured of the machine: times of runs whose work is known. */
export const baseRaw = z.object({
  kind: z.literal('base'),
  probe: z.enum(baseProbes),
  dtype: z.enum(baseDTypes).default('float32'),
  /** Work of one run: operations, bytes, or nodes, beyond those of the reference. */
  workPerRun: z.number(),
  timesNs: times,
  /** Times of runs that do all but the work; none where a run does nothing else. */
  referenceNs: times,
  /** `capacity`: the arrays that were made, and the one that could not be. */
  attempts: z.array(attempt).optional(),
  /** `capacity`: bytes beyond which nothing was tried. */
  limitBytes: z.number().optional(),
})
export type BaseRaw = z.infer<typeof baseRaw>

/**
 * A rate of the machine. The best run is the ceiling, the median what lasts; `null` where the work took no longer than
 * what surrounds it, so that nothing can be said.
 */
export interface BaseNumbers {
  readonly unit: string
  readonly best: number | null
  readonly median: number | null
  readonly runs: number
}

const unitOf = ({ probe, dtype }: BaseRaw) =>
  probe === 'launch'
    ? 'us per node'
    : probe === 'capacity'
      ? 'GB'
      : probe !== 'gemm'
        ? 'GB/s'
        : dtype.startsWith('int')
          ? 'GOP/s'
          : 'GFLOP/s'

/** Computes a rate of the machine, the cost of a node, or the size of the largest array. */
export function baseNumbers(raw: BaseRaw): BaseNumbers {
  const { probe, workPerRun, timesNs, referenceNs, attempts = [] } = raw
  const unit = unitOf(raw)
  if (probe === 'capacity') {
    const made = attempts.filter(({ failure }) => failure === undefined).map(({ bytes }) => bytes / 1e9)
    const largest = made.length === 0 ? null : Math.max(...made)
    return { unit, best: largest, median: largest, runs: attempts.length }
  }
  const number = (time: number) => {
    if (time <= 0) return null
    return probe === 'launch' ? time / workPerRun / 1000 : workPerRun / time
  }
  const over = (statistic: (values: readonly number[]) => number) =>
    number(statistic(timesNs) - (referenceNs.length === 0 ? 0 : statistic(referenceNs)))
  return { unit, best: over((values) => Math.min(...values)), median: over(median), runs: timesNs.length }
}
