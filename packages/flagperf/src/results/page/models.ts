import { quantileInterval, sorted } from '@flag/core-tensor/statistics'
import type { Column, Section, SectionOf } from '@flag/report'
import { queryLatencies } from '../../loadgen/record.ts'
import { reportedPercentiles } from '../../loadgen/result.ts'
import type { ModelNumbers } from '../derive.ts'
import type { CaseRow, ModelRaw } from '../schema.ts'
import { code, numeric, text } from './columns.ts'

const modelTitle = 'Models under load'

export interface ModelCase {
  readonly row: CaseRow
  readonly raw: ModelRaw
  readonly numbers: ModelNumbers
}

/** What tells the cases of a report apart: without the model's name, if that is the same for all. */
export function labelsOf(models: readonly ModelCase[]): (row: CaseRow) => string {
  const names = new Set(models.map(({ row }) => modelName(row)))
  return (row) => {
    const prefix = `${modelName(row)} `
    return names.size === 1 && row.name.startsWith(prefix) ? row.name.slice(prefix.length) : row.name
  }
}

export const modelName = ({ options, name }: CaseRow) =>
  typeof options.model === 'string' ? (options.model.split(/[/\\]/).at(-1) ?? name) : name

/** Scenarios of one model are profiled alike: its nodes are shown once. */
export const isOtherModel = ({ row }: ModelCase, i: number, all: readonly ModelCase[]) =>
  i > 0 && !all.slice(0, i).some((other) => modelName(other.row) === modelName(row))

const PERCENTILES = [0.5, 0.9, 0.99] as const

/** Offline sends one query: only its rate means something. */
const hasLatencies = ({ raw }: ModelCase) => raw.settings.scenario !== 'Offline'
const millisecondsOf = ({ raw }: ModelCase) => queryLatencies(raw.record).map((ns) => ns / 1e6)

/** LoadGen's percentiles with the order statistics that enclose them; no interval where there are too few samples. */
function percentilesOf(it: ModelCase) {
  const { percentiles } = it.numbers.load.queryLatency ?? it.numbers.load.sampleLatency
  const rising = sorted(millisecondsOf(it))
  return PERCENTILES.map((p) => {
    const value = percentiles[reportedPercentiles.indexOf(p)] / 1e6
    const { low, high } = quantileInterval(rising, p)
    return { name: `p${100 * p}`, value, ...(low !== null && high !== null && { low, high }) }
  })
}

export function loadTable(models: readonly ModelCase[], labelOf: (row: CaseRow) => string): Section {
  return {
    kind: 'table',
    title: modelTitle,
    description:
      'Loads and verdicts of MLPerf LoadGen. Percentiles with the order statistics that enclose them.',
    columns: [
      text('case'),
      text('scenario'),
      text('verdict'),
      { ...numeric('samples'), format: 'integer' },
      numeric('samples/s'),
      ...PERCENTILES.map((p) => numeric(`p${100 * p}`, 'ms')),
      numeric('open', 'ms'),
      numeric('first run', 'ms'),
      numeric('work of a run', 'MFLOP'),
    ],
    rows: models.map((it) => {
      const { load, openMs, firstRunMs, attribution } = it.numbers
      const percentiles = percentilesOf(it).map(({ value, low, high }) => {
        if (!hasLatencies(it)) return null
        return low === undefined || high === undefined ? value : { value, low, high }
      })
      return [
        labelOf(it.row),
        String(it.raw.settings.scenario),
        load.valid ? 'VALID' : 'INVALID',
        load.sampleCount,
        load.samplesPerSecond,
        ...percentiles,
        openMs,
        firstRunMs,
        attribution.flops / 1e6,
      ]
    }),
  }
}

export function latencySections(models: readonly ModelCase[], labelOf: (row: CaseRow) => string): Section[] {
  const series = models
    .filter(hasLatencies)
    .map((it) => ({ name: labelOf(it.row), values: millisecondsOf(it), marks: percentilesOf(it) }))
  if (series.length === 0) return []
  const description = 'Of queries, from when each was due. Thick: the interval of the percentile.'
  return [
    { kind: 'distribution', title: 'Latency', description, axis: { label: 'latency', unit: 'ms' }, series },
  ]
}

export function timelineOf(it: ModelCase, title: string): Section[] {
  const { query, completedNs } = it.raw.record
  const seconds = (ns: number) => ns / 1e9
  const lastOf = new Map<number, number>()
  query.forEach((id, i) => {
    lastOf.set(id, Math.max(lastOf.get(id) ?? 0, completedNs[i]))
  })
  const done = [...completedNs].sort((a, b) => a - b)
  const latencies = queryLatencies(it.raw.record)
  const ends = [...lastOf].map(([id, ns]): [number, number] => [seconds(ns), latencies[id] / 1e6])
  const series: SectionOf<'timeline'>['series'] = [
    ...(hasLatencies(it)
      ? [
          {
            name: 'latency',
            label: 'latency',
            unit: 'ms',
            style: 'dots' as const,
            points: ends.sort((a, b) => a[0] - b[0]),
          },
        ]
      : []),
    {
      name: 'samples done',
      label: 'samples done',
      style: 'step',
      format: 'integer',
      points: done.map((ns, i): [number, number] => [seconds(ns), i + 1]),
    },
  ]
  return [
    {
      kind: 'timeline',
      group: 'The runs over time',
      title,
      axis: { label: 'time since the start', unit: 's' },
      series,
    },
  ]
}

export function operatorTables(it: ModelCase): Section[] {
  const { attribution } = it.numbers
  const group = `Where the time of ${modelName(it.row)} goes`
  const share: Column = { type: 'bar', label: 'share', format: 'percent' }
  const rate = (amount: number, microseconds: number) =>
    microseconds === 0 ? null : amount / microseconds / 1000
  return [
    {
      kind: 'table',
      group,
      title: 'Operators',
      columns: [
        text('operator'),
        { ...numeric('nodes'), format: 'integer' },
        numeric('time', 'ms'),
        share,
        numeric('MFLOP'),
        numeric('GFLOP/s'),
      ],
      rows: attribution.operators.map(({ operator, count, microseconds, share, flops }) => [
        operator,
        count,
        microseconds / 1000,
        share,
        flops / 1e6,
        rate(flops, microseconds),
      ]),
      sort: { column: 3, descending: true },
    },
    {
      kind: 'table',
      group,
      title: 'Nodes',
      description: 'Median kernel times of the profiled runs.',
      columns: [
        code('node'),
        text('operator'),
        text('provider'),
        numeric('time', 'ms'),
        share,
        numeric('MFLOP'),
        numeric('MB'),
        numeric('GFLOP/s'),
        numeric('GB/s'),
      ],
      rows: attribution.nodes.map(({ name, operator, provider, microseconds, share, work }) => [
        name,
        operator,
        provider,
        microseconds / 1000,
        share,
        work.flops / 1e6,
        work.bytes / 1e6,
        rate(work.flops, microseconds),
        rate(work.bytes, microseconds),
      ]),
      sort: { column: 4, descending: true },
    },
  ]
}
