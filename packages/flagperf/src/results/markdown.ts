import { comparisonNumbers } from '../compare/judge.ts'
import { agreementCells, comparisonParts } from '../compare/markdown.ts'
import type { Agreement } from '../compare/schema.ts'
import { placeOf, sweepTable } from '../sweep/markdown.ts'
import { baseNumbers } from './base.ts'
import { caseTables } from './caseTables.ts'
import type { Ceilings } from './ceilings.ts'
import { type ModelNumbers, modelNumbers } from './derive.ts'
import type { CaseRow, ResultFile } from './schema.ts'
import { digits, percent, table } from './table.ts'

const ms = (ns: number) => (ns / 1e6).toFixed(3)
/** A result as a Markdown page. Everything in it is computed from the raw samples. */
export function toMarkdown(result: ResultFile): string {
  const { environment: env } = result
  const parts = [
    '# flagperf',
    `${result.createdAt} · ${env.processor}, ${env.availableCores} of ${env.cores} cores · ${env.platform} ${env.architecture} · ` +
      `Node ${env.node} · ONNX Runtime ${env.onnxruntime} · machine \`${env.fingerprint}\``,
  ]
  const swept = result.cases.filter((row) => placeOf(row))
  const models = result.cases.filter((row) => row.raw?.kind === 'model' && !placeOf(row))
  const base = result.cases.filter(({ raw }) => raw?.kind === 'base')
  const comparisons = result.cases.filter(({ raw }) => raw?.kind === 'comparison')
  const broken = result.cases.filter((row) => row.status !== 'ok' && !placeOf(row))
  if (base.length > 0) parts.push('## Machine', baseTable(base))
  if (models.length > 0) parts.push('## Models', modelTable(models), ...models.map(operatorTable))
  for (const { title, header, body, notes } of caseTables(result.cases))
    parts.push(`## ${title}`, table(header, body), ...notes)
  if (swept.length > 0) {
    const { header, body } = sweepTable(swept)
    parts.push('## Settings', table(header, body))
  }
  if (comparisons.length > 0) parts.push('## Comparisons', ...comparisons.map(comparisonSection))
  if (broken.length > 0)
    parts.push(
      '## Not measured',
      table(
        ['case', 'status', 'what happened'],
        broken.map(({ name, status, message = '' }) => [name, status, message]),
      ),
    )
  return `${parts.join('\n\n')}\n`
}

const baseTable = (rows: readonly CaseRow[]) =>
  table(
    ['probe', 'best', 'median', 'unit', 'runs'],
    rows.flatMap(({ name, raw }) => {
      if (raw?.kind !== 'base') return []
      const { best, median, unit, runs } = baseNumbers(raw)
      return [[name, digits(best), digits(median), unit, String(runs)]]
    }),
  )

function modelTable(rows: readonly CaseRow[]): string {
  const header = [
    'case',
    'scenario',
    'verdict',
    'samples',
    'samples/s',
    'p50 ms',
    'p90 ms',
    'p99 ms',
    'open ms',
    'first run ms',
    'MFLOP/run',
  ]
  return table(
    header,
    rows.flatMap((row) => {
      if (row.raw?.kind !== 'model') return []
      const { load, attribution, openMs, firstRunMs } = modelNumbers(row.raw)
      const { percentiles } = load.queryLatency ?? load.sampleLatency
      return [
        [
          row.name,
          String(row.raw.settings.scenario),
          load.valid ? 'VALID' : 'INVALID',
          String(load.sampleCount),
          digits(load.samplesPerSecond),
          ...[0, 1, 4].map((i) =>
            row.raw?.kind === 'model' && row.raw.settings.scenario === 'Offline' ? '–' : ms(percentiles[i]),
          ),
          openMs.toFixed(1),
          firstRunMs.toFixed(1),
          digits(attribution.flops / 1e6),
        ],
      ]
    }),
  )
}

function operatorTable(row: CaseRow): string {
  if (row.raw?.kind !== 'model') return ''
  const numbers = modelNumbers(row.raw)
  const { attribution } = numbers
  const rows = attribution.operators.map(({ operator, count, microseconds, share, flops }) => [
    operator,
    String(count),
    (microseconds / 1000).toFixed(3),
    percent(share),
    digits(flops / 1e6),
    microseconds === 0 ? '–' : digits(flops / microseconds / 1000),
  ])
  const elsewhere =
    attribution.fallbacks.length === 0
      ? `All nodes ran on ${row.raw.provider}.`
      : `${attribution.fallbacks.length} nodes did not run on ${row.raw.provider}: ` +
        attribution.fallbacks
          .map(({ name, operator, provider }) => `${operator} "${name}" (${provider})`)
          .join(', ')
  const unknown =
    attribution.uncounted.length === 0
      ? ''
      : ` Not counted, for want of a rule: ${attribution.uncounted.join(', ')}.`
  const { noise, raw } = row
  const notes = [
    `${elsewhere}${unknown}`,
    agreementLine(raw.agreement),
    noiseLine(noise),
    rooflineText(numbers, raw.ceilings),
  ]
  const times = table(['operator', 'nodes', 'ms', 'share', 'MFLOP', 'GFLOP/s'], rows)
  return [`### ${row.name}: where the time goes`, times, ...notes.filter((note) => note !== '')].join('\n\n')
}

/** Nodes that take the most time, under the roof. */
const HEAVIEST = 10

function rooflineText(
  { roofline, corePerSecond, wholePerSecond }: ModelNumbers,
  ceilings: Ceilings | undefined,
): string {
  if (!roofline || !ceilings) return ''
  const { mfu, efficiency, bounds, points, ridge } = roofline
  const known = (share: number | null) => (share === null ? '–' : percent(share))
  const heaviest = [...points].sort((a, b) => b.share - a.share).slice(0, HEAVIEST)
  const rows = heaviest.map((point) => [
    `${point.operator} ${point.name}`,
    percent(point.share),
    point.intensity === null ? '–' : digits(point.intensity),
    digits(point.gigaflops),
    digits(point.gigabytes),
    point.boundBy,
    known(point.efficiency),
  ])
  const compute = Object.entries(ceilings.compute).map(([dtype, rate]) => `${dtype} ${digits(rate)} G/s`)
  return `Ceilings measured in this run: ${compute.join(', ')}; memory ${digits(ceilings.bandwidth)} GB/s; a node costs ${digits(ceilings.launchUs)} us. Ridge at ${digits(ridge)} FLOP/byte.

p_infer_whole ${digits(wholePerSecond)}/s, p_infer_core ${digits(corePerSecond)}/s, MFU ${known(mfu)} of the measured fp32 ceiling, ${known(efficiency)} of what the roof allows. Kernel time bound by compute ${percent(bounds.compute)}, memory ${percent(bounds.memory)}, launch ${percent(bounds.launch)}.

${table(['node', 'share', 'FLOP/byte', 'GFLOP/s', 'GB/s', 'bound by', 'of the roof'], rows)}`
}

function comparisonSection({ name, raw }: CaseRow): string {
  if (raw?.kind !== 'comparison') return ''
  const { sentence, options, rows, agreements } = comparisonParts(raw, comparisonNumbers(raw))
  return [
    `### ${name}`,
    sentence,
    ...(options.length > 0 ? [table(['option', 'first', 'second'], options)] : []),
    table(['what', 'value'], rows),
    ...(agreements.length > 0
      ? [table(['outputs', 'output', 'max abs', 'max rel', 'cosine'], agreements)]
      : []),
  ].join('\n\n')
}

function agreementLine(agreement: readonly Agreement[] = []): string {
  if (agreement.length === 0) return ''
  const each = agreement.map((output) => {
    const [maxAbs, maxRel, cosine] = agreementCells(output)
    return `${output.output}: max abs ${maxAbs}, max rel ${maxRel}, cosine ${cosine}`
  })
  return `Outputs beside those of the CPU without graph optimisation: ${each.join('; ')}.`
}

function noiseLine(noise: CaseRow['noise']): string {
  if (!noise?.loopDelayMs || !noise.garbage) return ''
  const { loopDelayMs: delay, garbage } = noise
  return (
    `Event loop of the driver late by ${delay.p50.toFixed(1)} ms (median), ${delay.p99.toFixed(1)} ms (p99); ` +
    `${garbage.collections} collections of garbage, ${garbage.milliseconds.toFixed(1)} ms.`
  )
}
