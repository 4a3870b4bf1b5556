import type { Report } from '@flag/report'
import { placeOf } from '../sweep/markdown.ts'
import { VERSION } from '../version.ts'
import { modelNumbers } from './derive.ts'
import type { Environment } from './environment.ts'
import { caseSections } from './page/cases.ts'
import { comparisonSections } from './page/comparisons.ts'
import { machineTable, machineTitle, noiseTable, probeTimes } from './page/machine.ts'
import {
  isOtherModel,
  labelsOf,
  latencySections,
  loadTable,
  type ModelCase,
  modelName,
  operatorTables,
  timelineOf,
} from './page/models.ts'
import { monitorSections } from './page/monitors.ts'
import { rooflines } from './page/roofline.ts'
import { sweepSections } from './page/sweep.ts'
import type { CaseRow, ResultFile } from './schema.ts'

/**
 * Results as a report for the page of `@flag/report`. Everything in it is computed from the raw samples. Results of one
 * machine belong together: the ceilings of one are the roof over the models of another. Those of other machines are shown
 * beside each other, and the page says so.
 */
export function toReport(results: readonly ResultFile[]): Report {
  const cases = results.flatMap((result) => result.cases)
  // Settings of a sweep have a chart and a table of their own.
  const models = cases.flatMap((row): ModelCase[] =>
    row.raw?.kind === 'model' && !placeOf(row) ? [{ row, raw: row.raw, numbers: modelNumbers(row.raw) }] : [],
  )
  const bases = cases.filter(({ raw }) => raw?.kind === 'base')
  const [{ environment, createdAt }] = results
  const labelOf = labelsOf(models)
  return {
    title: titleOf(cases, models),
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
      ...comparisonSections(cases),
      ...sweepSections(cases),
      ...caseSections(cases),
      ...(bases.length > 0 ? [machineTable(bases), probeTimes(bases)] : []),
      ...monitorSections(cases),
      ...noiseTable(cases),
    ],
  }
}

/** What the page is about: the models, else what was measured. */
function titleOf(cases: readonly CaseRow[], models: readonly ModelCase[]): string {
  const names = [...new Set(models.map(({ row }) => modelName(row)))]
  if (names.length > 0) return names.join(', ')
  const others = [...new Set(cases.flatMap(({ raw }) => (raw && raw.kind !== 'base' ? [raw.kind] : [])))]
  const swept = [...new Set(cases.flatMap((row) => placeOf(row)?.model ?? []))]
  if (swept.length > 0) return `Settings of ${swept.join(', ')}`
  return others.length > 0
    ? cases
        .map(({ name }) => name)
        .slice(0, 3)
        .join(', ')
    : machineTitle
}

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
