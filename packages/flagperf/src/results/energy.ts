import { z } from 'zod'
import { type MonitorSeries, monitorSeries, summaryOf } from '../monitors/series.ts'

/** Power while a model runs, and before and after it. */
export const energyRaw = z.object({
  kind: z.literal('energy'),
  provider: z.string(),
  runs: z.number(),
  /** Milliseconds since the first reading in which nothing, the model, and again nothing ran. */
  idleBefore: z.tuple([z.number(), z.number()]),
  work: z.tuple([z.number(), z.number()]),
  idleAfter: z.tuple([z.number(), z.number()]),
  series: monitorSeries,
})
export type EnergyRaw = z.infer<typeof energyRaw>

/** Energy of a run, as one meter has it. */
export interface Meter {
  /** Column of the power: `power.processor` or `gpu.power`. */
  readonly column: string
  readonly method: string
  readonly workWatts: number
  readonly idleWatts: number
  /** All that was drawn, and what was drawn beyond the idle power. */
  readonly joulesPerRun: number
  readonly joulesPerRunAboveIdle: number
}

export interface EnergyNumbers {
  readonly runs: number
  readonly seconds: number
  readonly meters: readonly Meter[]
  /** Meters that are not there, and why: not the same as no energy. */
  readonly unavailable: Readonly<Record<string, string>>
}

const methods = {
  'power.processor': 'RAPL energy counters of the packages',
  'gpu.power': 'nvidia-smi power.draw.instant, averaged over the work',
} as const

/** Share of the work that is left out: power rises slowly, and its reading is an average of what was. */
const RAMP = 0.2

/** Computes joules by run. */
export function energyNumbers({
  runs,
  work,
  idleBefore,
  idleAfter,
  series,
  provider,
}: EnergyRaw): EnergyNumbers {
  const seconds = (work[1] - work[0]) / 1000
  const steady = [work[0] + RAMP * (work[1] - work[0]), work[1]] as const
  const meters = Object.entries(methods).flatMap(([column, method]): Meter[] => {
    // What a card draws while the processor works is not the energy of that work.
    if (provider === 'cpu' && column === 'gpu.power') return []
    const mean = (from: number, to: number) => summaryOf(part(series, from, to), column)?.mean
    const workWatts = mean(...steady)
    const idle = [mean(...idleBefore), mean(...idleAfter)].filter((value) => value !== undefined)
    if (workWatts === undefined || idle.length < 2) return []
    const idleWatts = (idle[0] + idle[1]) / 2
    const joules = (watts: number) => (watts * seconds) / runs
    return [
      {
        column,
        method,
        workWatts,
        idleWatts,
        joulesPerRun: joules(workWatts),
        joulesPerRunAboveIdle: joules(workWatts - idleWatts),
      },
    ]
  })
  const { power, nvidia } = series.unavailable
  return {
    runs,
    seconds,
    meters,
    unavailable: { ...(power === undefined ? {} : { power }), ...(nvidia === undefined ? {} : { nvidia }) },
  }
}

function part(series: MonitorSeries, from: number, to: number): MonitorSeries {
  const inside = series.atMs.map((at) => at >= from && at <= to)
  return {
    ...series,
    atMs: series.atMs.filter((_, i) => inside[i]),
    values: Object.fromEntries(
      Object.entries(series.values).map(([column, values]) => [column, values.filter((_, i) => inside[i])]),
    ),
  }
}
