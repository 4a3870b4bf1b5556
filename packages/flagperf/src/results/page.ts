import { quantileInterval, sorted } from '@flag/core-tensor/statistics'
import type { Column, Report, Section, SectionOf } from '@flag/report'
import { queryLatencies } from '../loadgen/record.ts'
import { reportedPercentiles } from '../loadgen/result.ts'
import { VERSION } from '../version.ts'
import { baseNumbers } from './base.ts'
import { type ModelNumbers, modelNumbers } from './derive.ts'
import type { Environment } from './environment.ts'
import type { CaseRow, ModelRaw, ResultFile } from './schema.ts'

const modelTitle = 'Models under load'
const machineTitle = 'What the machine reaches'

interface ModelCase {
  readonly row: CaseRow
  readonly raw: ModelRaw
  readonly numbers: ModelNumbers
}

/**
 * Results as a report for the page of `@flag/report`. Everything in it is computed from the raw samples. Results of one
 * machine belong together: the ceilings of one are the roof over the models of another. Those of other machines are shown
 * beside each other, and the page says so.
 */
export function toReport(results: readonly ResultFile[]): Report {
  const cases = results.flatMap((result) => result.cases)
  const models = cases.flatMap((row): ModelCase[] =>
    row.raw?.kind === 'model' ? [{ row, raw: row.raw, numbers: modelNumbers(row.raw) }] : [],
  )
  const bases = cases.filter(({ raw }) => raw?.kind === 'base')
  const [{ environment, createdAt }] = results
  const labelOf = labelsOf(models)
  return {
    title:
      models.length > 0 ? [...new Set(models.map(({ row }) => modelName(row)))].join(', ') : machineTitle,
    description:
      'Measured by flagperf; every number follows from raw samples, and every interval is of 95 %.',
    tool: `flagperf ${VERSION}`,
    createdAt,
    environment: factsOf(environment),
    warnings: warningsOf(results, models),
    sections: [
      ...(models.length > 0 ? [loadTable(models, labelOf)] : []),
      ...latencySections(models, labelOf),
      ...models.flatMap((it) => timelineOf(it, labelOf(it.row))),
      ...rooflines(models, bases),
      ...models.slice(0, 1).flatMap(operatorTables),
      ...models.filter(isOtherModel).flatMap(operatorTables),
      ...(bases.length > 0 ? [machineTable(bases), probeTimes(bases)] : []),
      ...noiseTable(cases),
    ],
  }
}

/** What tells the cases of a report apart: without the model's name, if that is the same for all. */
function labelsOf(models: readonly ModelCase[]): (row: CaseRow) => string {
  const names = new Set(models.map(({ row }) => modelName(row)))
  return (row) => {
    const prefix = `${modelName(row)} `
    return names.size === 1 && row.name.startsWith(prefix) ? row.name.slice(prefix.length) : row.name
  }
}

const modelName = ({ options, name }: CaseRow) =>
  typeof options.model === 'string' ? (options.model.split(/[/\\]/).at(-1) ?? name) : name

/** Scenarios of one model are profiled alike: its nodes are shown once. */
const isOtherModel = ({ row }: ModelCase, i: number, all: readonly ModelCase[]) =>
  i > 0 && !all.slice(0, i).some((other) => modelName(other.row) === modelName(row))

const factsOf = (environment: Environment) => [
  { label: 'processor', value: environment.processor },
  { label: 'cores', value: `${environment.availableCores} of ${environment.cores}` },
  { label: 'memory', value: `${(environment.memoryBytes / 2 ** 30).toFixed(1)} GiB` },
  { label: 'system', value: `${environment.platform} ${environment.architecture}, ${environment.kernel}` },
  { label: 'Node', value: environment.node },
  { label: 'ONNX Runtime', value: environment.onnxruntime },
  { label: 'machine', value: environment.fingerprint },
]

/** Shares of time that others took, above which a result is called noisy. */
const STEAL = 0.01

function warningsOf(results: readonly ResultFile[], models: readonly ModelCase[]): string[] {
  const machines = new Set(results.map(({ environment }) => environment.fingerprint))
  const cases = results.flatMap((result) => result.cases)
  return [
    ...(machines.size > 1
      ? [`These are results of ${machines.size} machines or versions: ${[...machines].join(', ')}.`]
      : []),
    ...cases
      .filter(({ status }) => status !== 'ok')
      .map(({ name, status, message = '' }) => `${name}: ${status}: ${message}`),
    ...cases.flatMap(({ name, noise }) =>
      noise?.stealShare && noise.stealShare > STEAL
        ? [
            `${name}: the hypervisor gave ${(100 * noise.stealShare).toFixed(1)} % of the processors' time to others.`,
          ]
        : [],
    ),
    ...models.flatMap(({ row, raw, numbers: { load, attribution } }) => [
      ...(load.valid
        ? []
        : [`${row.name}: INVALID by the rules of MLPerf. ${load.recommendations.join(' ')}`]),
      ...(attribution.fallbacks.length === 0
        ? []
        : [`${row.name}: ${attribution.fallbacks.length} nodes did not run on ${raw.provider}.`]),
      ...(attribution.uncounted.length === 0
        ? []
        : [`${row.name}: no rule counts the work of ${attribution.uncounted.join(', ')}.`]),
    ]),
  ]
}

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

const text = (label: string): Column => ({ type: 'text', label })
const code = (label: string): Column => ({ type: 'code', label })
const numeric = (label: string, unit?: string): Column => ({ type: 'number', label, ...(unit && { unit }) })

function loadTable(models: readonly ModelCase[], labelOf: (row: CaseRow) => string): Section {
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

function latencySections(models: readonly ModelCase[], labelOf: (row: CaseRow) => string): Section[] {
  const series = models
    .filter(hasLatencies)
    .map((it) => ({ name: labelOf(it.row), values: millisecondsOf(it), marks: percentilesOf(it) }))
  if (series.length === 0) return []
  const description = 'Of queries, from when each was due. Thick: the interval of the percentile.'
  return [
    { kind: 'distribution', title: 'Latency', description, axis: { label: 'latency', unit: 'ms' }, series },
  ]
}

function timelineOf(it: ModelCase, title: string): Section[] {
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

interface Ceiling {
  readonly name: string
  readonly value: number
  readonly kind: 'compute' | 'bandwidth'
  readonly row: CaseRow
}

function ceilingsOf(bases: readonly CaseRow[]): Ceiling[] {
  return bases.flatMap((row): Ceiling[] => {
    if (row.raw?.kind !== 'base') return []
    const { unit, best } = baseNumbers(row.raw)
    const kind = row.raw.probe === 'gemm' ? 'compute' : row.raw.probe === 'memory' ? 'bandwidth' : undefined
    if (kind === undefined || best === null || !(best > 0) || !/^G(FLOP|B)\/s$/.test(unit)) return []
    return [{ name: row.name, value: best, kind, row }]
  })
}

/** Models under the ceilings that were measured with their provider and threads. */
function rooflines(models: readonly ModelCase[], bases: readonly CaseRow[]): Section[] {
  const ceilings = ceilingsOf(bases)
  const profiled = models.filter((it, i, all) => i === 0 || isOtherModel(it, i, all))
  return profiled.flatMap((it): Section[] => {
    const fits = ({ row }: Ceiling) =>
      row.options.provider === it.row.options.provider && row.options.threads === it.row.options.threads
    const own = ceilings.filter(fits)
    const highest = (kind: Ceiling['kind']) =>
      own
        .filter((ceiling) => ceiling.kind === kind)
        .sort((a, b) => b.value - a.value)
        .slice(0, 1)
    const [compute, bandwidth] = [highest('compute'), highest('bandwidth')]
    if (compute.length === 0 || bandwidth.length === 0) return []
    const { nodes, flops, bytes, microseconds } = it.numbers.attribution
    const counted = nodes.filter(
      ({ work, microseconds: time }) => work.flops > 0 && work.bytes > 0 && time > 0,
    )
    const whole = {
      name: 'the whole model',
      intensity: flops / bytes,
      performance: flops / microseconds / 1000,
      group: 'all nodes',
    }
    const plain = ({ name, value }: Ceiling) => ({ name, value })
    return [
      {
        kind: 'roofline',
        group: 'Rooflines',
        title: modelName(it.row),
        description:
          'Nodes under ceilings that were measured through the same runtime, with the same threads: the best product of ' +
          'matrices and the best pass over an array larger than the caches. Bytes are those of all inputs, weights and ' +
          'outputs, so that nodes whose data lies in a cache may exceed the slope. The area is the share of the time.',
        compute: compute.map(plain),
        bandwidth: bandwidth.map(plain),
        points: [
          ...(flops > 0 && bytes > 0 && microseconds > 0 ? [whole] : []),
          ...counted.map(({ name, operator, work, gigaflops, share }) => ({
            name,
            intensity: work.flops / work.bytes,
            performance: gigaflops,
            share,
            group: operator,
          })),
        ],
      },
    ]
  })
}

function operatorTables(it: ModelCase): Section[] {
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

const machineTable = (bases: readonly CaseRow[]): Section => ({
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
const probeTimes = (bases: readonly CaseRow[]): Section => ({
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

function noiseTable(cases: readonly CaseRow[]): Section[] {
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
