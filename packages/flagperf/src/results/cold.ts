import { z } from 'zod'
import { median } from '../attribution/attribute.ts'

/** What was measured of a model in processes that had not run anything yet. */
export const coldRaw = z.object({
  kind: z.literal('cold'),
  provider: z.string(),
  /** One for each process. */
  starts: z.array(
    z.object({
      /** Loading the runtime itself, opening the model, and its first two runs. */
      runtimeNs: z.number(),
      openNs: z.number(),
      firstRunNs: z.number(),
      secondRunNs: z.number(),
      residentBytes: z.number(),
    }),
  ),
})
export type ColdRaw = z.infer<typeof coldRaw>

/** Medians over the processes, in milliseconds; the range of the sum shows how much they differ. */
export interface ColdNumbers {
  readonly processes: number
  readonly runtimeMs: number
  readonly openMs: number
  readonly firstRunMs: number
  readonly secondRunMs: number
  /** From the start of loading to the first result. */
  readonly toFirstResultMs: { readonly median: number; readonly min: number; readonly max: number }
  readonly residentBytes: number
}

/** Computes what a report shows of a cold start. */
export function coldNumbers({ starts }: ColdRaw): ColdNumbers {
  const ms = (key: keyof ColdRaw['starts'][number]) => median(starts.map((start) => start[key])) / 1e6
  const sums = starts.map(({ runtimeNs, openNs, firstRunNs }) => (runtimeNs + openNs + firstRunNs) / 1e6)
  return {
    processes: starts.length,
    runtimeMs: ms('runtimeNs'),
    openMs: ms('openNs'),
    firstRunMs: ms('firstRunNs'),
    secondRunMs: ms('secondRunNs'),
    toFirstResultMs: { median: median(sums), min: Math.min(...sums), max: Math.max(...sums) },
    residentBytes: median(starts.map(({ residentBytes }) => residentBytes)),
  }
}
