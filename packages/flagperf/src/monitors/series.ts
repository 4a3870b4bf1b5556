import { z } from 'zod'

/** What monitors read while a case ran. */
export const monitorSeries = z.object({
  intervalMs: z.number(),
  /** Names of columns and their units. */
  units: z.record(z.string(), z.string()),
  /** Milliseconds since the start of the case. */
  atMs: z.array(z.number()),
  /** One list a column; `null`: it could not be read then. */
  values: z.record(z.string(), z.array(z.number().nullable())),
  /** Monitors that read nothing here, and why. */
  unavailable: z.record(z.string(), z.string()),
})
export type MonitorSeries = z.infer<typeof monitorSeries>

/** Mean, smallest and largest of a column's values; undefined where there are none. */
export function summaryOf(
  series: MonitorSeries,
  column: string,
): { mean: number; min: number; max: number; unit: string } | undefined {
  const values = (series.values[column] ?? []).filter((value) => value !== null)
  if (values.length === 0) return undefined
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return { mean, min: Math.min(...values), max: Math.max(...values), unit: series.units[column] }
}

/**
 * Integral of a column over time, by trapezoids: joules of a power. `undefined` with fewer than two readings. The time before
 * the first and after the last is not in it, and is told.
 */
export function integralOf(
  series: MonitorSeries,
  column: string,
): { value: number; seconds: number } | undefined {
  const points = series.atMs.flatMap((at, i) => {
    const value = series.values[column]?.[i]
    return value === null || value === undefined ? [] : [[at / 1000, value] as const]
  })
  if (points.length < 2) return undefined
  let value = 0
  for (let i = 1; i < points.length; i++)
    value += ((points[i][1] + points[i - 1][1]) / 2) * (points[i][0] - points[i - 1][0])
  return { value, seconds: points[points.length - 1][0] - points[0][0] }
}
