import { comparisonNumbers } from '../compare/judge.ts'
import { comparisonParts } from '../compare/markdown.ts'
import type { Agreement } from '../compare/schema.ts'
import { placeOf, sweepTable } from '../sweep/markdown.ts'
import { baseNumbers, type ModelNumbers, modelNumbers } from './derive.ts'
import type { CaseRow, ResultFile } from './schema.ts'

const ms = (ns: number) => (ns / 1e6).toFixed(3)
/** Four digits, never an exponent; nothing at all is a dash. */
function digits(value: number): string {
  if (value === 0) return '–'
  if (value > 0 && value < 0.001) return '< 0.001'
  const four = { minimumSignificantDigits: 4, maximumSignificantDigits: 4, useGrouping: false }
  return value.toLocaleString('en', four)
}
const percent = (share: number) => `${(100 * share).toFixed(1)} %`

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n')
}

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
  const { attribution }: ModelNumbers = modelNumbers(row.raw)
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
  const notes = [`${elsewhere}${unknown}`, agreementLine(raw.agreement), noiseLine(noise)]
  const times = table(['operator', 'nodes', 'ms', 'share', 'MFLOP', 'GFLOP/s'], rows)
  return [`### ${row.name}: where the time goes`, times, ...notes.filter((note) => note !== '')].join('\n\n')
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
  const each = agreement.map(({ output, maxAbs, maxRel, cosine }) => {
    const number = (value: number | null) => (value === null ? 'not finite' : value.toPrecision(3))
    return `${output}: max abs ${number(maxAbs)}, max rel ${number(maxRel)}, cosine ${cosine === null ? '–' : cosine.toFixed(7)}`
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
