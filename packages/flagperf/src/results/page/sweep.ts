import type { Section } from '@flag/report'
import { frontOf, placeOf, sweepTable } from '../../sweep/markdown.ts'
import { objectivesOf } from '../../sweep/pareto.ts'
import type { SweepPlace } from '../../sweep/sweep.ts'
import type { CaseRow } from '../schema.ts'
import { tableOf } from './columns.ts'

const group = 'Settings'

/** Settings by latency and throughput with the line of those that no other dominates, and all of them as a table. */
export function sweepSections(cases: readonly CaseRow[]): Section[] {
  const rows = cases.filter(placeOf)
  if (rows.length === 0) return []
  const places = rows.map((row) => placeOf(row) as SweepPlace)
  const objectives = rows.map((row, i) => objectivesOf(row, places[i].batch))
  const front = frontOf(rows)
  const models = new Set(places.map(({ model }) => model))
  const points = objectives.flatMap((known, i) => {
    if (!known) return []
    const { model, provider, threads, batch, droppedFor } = places[i]
    const setting = `${provider}, ${threads} threads, batch ${batch}`
    return [
      {
        name: models.size > 1 ? `${model}, ${setting}` : setting,
        x: known.latencyMs,
        y: known.samplesPerSecond,
        group: front.has(i) ? 'Pareto front' : droppedFor ? 'dropped early' : 'dominated',
      },
    ]
  })
  const line = points
    .filter((point) => point.group === 'Pareto front')
    .map(({ x, y }): [number, number] => [x, y])
    .sort(([a], [b]) => a - b)
  const { header, body } = sweepTable(rows)
  return [
    ...(points.length > 0
      ? [
          {
            kind: 'scatter' as const,
            group,
            title: 'Latency and throughput',
            description:
              'The line joins the settings that no other beats in latency, throughput and memory together. Those that were ' +
              'dropped early were measured for a shorter time.',
            x: { label: 'median latency of a query', unit: 'ms', scale: 'log' as const },
            y: { label: 'samples a second', scale: 'log' as const },
            points,
            front: line,
          },
        ]
      : []),
    { ...tableOf(header, body), group, title: 'All settings' },
  ]
}
