import { theilSen } from '@flag/core-tensor/statistics'
import { z } from 'zod'
import { median } from '../attribution/attribute.ts'

/** Memory of a process that runs a model over and over. */
export const soakRaw = z.object({
  kind: z.literal('soak'),
  provider: z.string(),
  readings: z.array(
    z.object({
      /** Milliseconds since the first run, and runs so far. */
      atMs: z.number(),
      runs: z.number(),
      residentBytes: z.number(),
      heapBytes: z.number(),
    }),
  ),
})
export type SoakRaw = z.infer<typeof soakRaw>

/** Whether memory grows. */
export interface SoakNumbers {
  readonly runs: number
  readonly seconds: number
  readonly residentBytes: number
  /** Slope of memory over runs, with its 95 % interval; over the readings after the first third, in which pools fill. */
  readonly bytesPerRun: { readonly slope: number; readonly low: number; readonly high: number } | null
  /**
   * `grows`: all of the interval is above 0, and what was added in the time that was looked at is more than can be
   * noise of the allocator; `not shown` otherwise; `too short` with too few readings to say.
   */
  readonly verdict: 'grows' | 'not shown' | 'too short'
}

/** Share of the readings that warms up. */
const WARM_UP = 1 / 3
const FEWEST = 20
/** Growth in the time that was looked at, of the memory: below it, allocators move as much without a leak. */
const NOISE = 0.01

/** Computes the slope of memory. */
export function soakNumbers({ readings }: SoakRaw): SoakNumbers {
  const steady = readings.slice(Math.ceil(readings.length * WARM_UP))
  const last = readings[readings.length - 1]
  const known = {
    runs: last?.runs ?? 0,
    seconds: (last?.atMs ?? 0) / 1000,
    residentBytes: readings.length === 0 ? 0 : median(readings.map(({ residentBytes }) => residentBytes)),
  }
  const first = steady[0]
  if (steady.length < FEWEST || first === undefined || first.runs === last.runs)
    return { ...known, bytesPerRun: null, verdict: 'too short' }
  const { slope, interval } = theilSen(
    steady.map(({ runs }) => runs),
    steady.map(({ residentBytes }) => residentBytes),
  )
  const added = slope * (last.runs - first.runs)
  const grows = interval.low > 0 && added > NOISE * known.residentBytes
  return { ...known, bytesPerRun: { slope, ...interval }, verdict: grows ? 'grows' : 'not shown' }
}
