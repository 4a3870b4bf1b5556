import type { Section } from '@flag/report'
import { baseNumbers } from '../base.ts'
import type { CaseRow } from '../schema.ts'
import { numeric, text } from './columns.ts'

export const machineTitle = 'What the machine reaches'

export const machineTable = (bases: readonly CaseRow[]): Section => ({
  kind: 'table',
  group: machineTitle,
  title: 'Probes',
  description: 'The best run is the ceiling, the median what lasts.',
  columns: [
    text('probe'),
    numeric('best'),
    numeric('median'),
    text('unit'),
    { ...numeric('runs'), format: 'integer' },
  ],
  rows: bases.flatMap(({ name, raw }) => {
    if (raw?.kind !== 'base') return []
    const { best, median, unit, runs } = baseNumbers(raw)
    return [[name, best, median, unit, runs]]
  }),
})

/** Relative to the fastest run: probes take very different times. */
export const probeTimes = (bases: readonly CaseRow[]): Section => ({
  kind: 'distribution',
  group: machineTitle,
  title: 'Times of the runs, relative to the fastest',
  axis: { label: 'time / fastest' },
  series: bases.flatMap(({ name, raw }) => {
    if (raw?.kind !== 'base' || raw.timesNs.length === 0) return []
    const fastest = Math.min(...raw.timesNs)
    return [{ name, values: raw.timesNs.map((ns) => ns / fastest) }]
  }),
})

export function noiseTable(cases: readonly CaseRow[]): Section[] {
  const rows = cases.flatMap(({ name, noise }) => (noise ? [{ name, ...noise }] : []))
  if (rows.length === 0) return []
  return [
    {
      kind: 'table',
      title: 'What disturbed the measurement',
      columns: [
        text('case'),
        { ...numeric('involuntary context switches'), format: 'integer' },
        { ...numeric('stolen time'), format: 'percent' },
        numeric('load average'),
        { ...numeric('largest memory'), format: 'bytes' },
      ],
      rows: rows.map((it) => [
        it.name,
        it.involuntaryContextSwitches,
        it.stealShare,
        it.loadAverage,
        it.maxMemoryBytes,
      ]),
    },
  ]
}
