import type { Section, SectionOf } from '@flag/report'
import type { MonitorSeries } from '../../monitors/series.ts'
import type { CaseRow } from '../schema.ts'

/** Fewer readings than these are no line. */
const FEWEST = 4

/** What the monitors read while each case ran. */
export function monitorSections(cases: readonly CaseRow[]): Section[] {
  return cases.flatMap(({ name, monitor }): Section[] => {
    if (!monitor || monitor.atMs.length < FEWEST) return []
    const series = Object.keys(monitor.units).flatMap((column) => seriesOf(monitor, column))
    if (series.length === 0) return []
    const unread = Object.entries(monitor.unavailable).map(([monitor, reason]) => `${monitor}: ${reason}`)
    return [
      {
        kind: 'timeline',
        group: 'The machine meanwhile',
        title: name,
        ...(unread.length > 0 ? { description: `Not read: ${unread.join('; ')}.` } : {}),
        axis: { label: 'time since the start of the case', unit: 's' },
        series,
      },
    ]
  })
}

const formats: Readonly<Record<string, { label?: string; unit?: string; format?: 'percent' | 'bytes' }>> = {
  share: { label: 'share', format: 'percent' },
  B: { label: 'memory', format: 'bytes' },
}

/** A column without a reading is left out; a single reading that failed is a gap. */
function seriesOf(monitor: MonitorSeries, column: string): SectionOf<'timeline'>['series'] {
  const points = monitor.atMs.flatMap((at, i): [number, number][] => {
    const value = monitor.values[column]?.[i]
    return value === null || value === undefined ? [] : [[at / 1000, value]]
  })
  if (points.length === 0) return []
  const unit = monitor.units[column]
  const { label = column, ...format } = formats[unit] ?? { unit }
  return [{ name: column, label, ...format, points }]
}
