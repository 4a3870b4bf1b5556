import { benjaminiHochberg, holm } from '@flag/core-tensor/statistics'
import { columns } from '@flag/core-tensor/terminal'
import type { BoardCell } from '../run/board.ts'
import type { Column } from '../run/columns.ts'
import type { ColumnResult } from '../run/results.ts'
import { isShare } from '../score/metrics.ts'
import type { Comparison, Score } from '../score/score.ts'

const percent = (share: number) => (100 * share).toFixed(1)
/** Shares in percent; other numbers with three decimals, or digits where that would be none or too many. */
function shown(metric: string, value: number): string {
  if (isShare(metric)) return percent(value)
  const size = Math.abs(value)
  if (size >= 1e6) return value.toExponential(2)
  return size > 0 && size < 0.01 ? value.toPrecision(3) : value.toFixed(3)
}

/** `14.5 [12.7, 16.5]`. */
const withInterval = ({ metric, value, low, high }: Score) =>
  `${shown(metric, value)} [${shown(metric, low)}, ${shown(metric, high)}]`

/** The first columns are names, the others numbers. */
const isNumber =
  (names = 1) =>
  (column: number) =>
    column >= names

const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length

/** The model first, then the model on perturbed questions, then the baseline. */
const placeOf = ({ system }: Column) => (system === 'model' ? 0 : system === 'raw pixels' ? 2 : 1)

const systemOf = ({ system, language }: Column) =>
  system === 'model' ? language : language === '*' ? system : `${system}, ${language}`

/** A line for each result whose samples hold probabilities. */
const calibrationLines = (results: readonly ColumnResult[], nameOf: (it: Column) => string) =>
  results.flatMap((it) => {
    if (it.calibration === undefined) return []
    const { error10Bins, error1Bin, accuracyOfMostConfidentTenth: tenth } = it.calibration
    const errors = `expected error ${percent(error10Bins)} (10 bins), ${percent(error1Bin)} (1 bin)`
    return [`calibration of ${nameOf(it)}: ${errors}; right of the most confident tenth ${percent(tenth)}`]
  })

/** One table a task: a row for each language, their mean, the baseline and chance. */
export function scoreTable(task: string, results: readonly ColumnResult[]): string {
  const own = results.filter((it) => it.task === task)
  const scored = own.filter((it) => it.scores !== undefined)
  const failed = own.filter((it) => it.error !== undefined)
  const encoder = own.find((it) => it.encoder !== undefined)?.encoder
  const lines = [encoder === undefined ? task : `${task}, by vectors of ${encoder}`]
  if (scored.length > 0) {
    const names = scored[0].scores?.map(({ metric }) => metric) ?? []
    const row = (label: string, cells: readonly string[]) => [label, ...cells]
    const rows = [...scored]
      .sort((a, b) => placeOf(a) - placeOf(b))
      .map((it) => {
        return row(systemOf(it), it.scores?.map(withInterval) ?? [])
      })
    const languages = scored.filter(({ system }) => system === 'model')
    if (languages.length > 1) {
      const means = names.map((name, i) =>
        shown(name, mean(languages.map((it) => it.scores?.[i].value ?? 0))),
      )
      rows.splice(languages.length, 0, row('mean', means))
    }
    const chances = scored[0].scores?.map(({ metric, chance }) =>
      chance === null ? '–' : shown(metric, chance),
    )
    const majorities = scored[0].scores?.map(({ metric, majority }) =>
      majority === null ? '–' : shown(metric, majority),
    )
    const beside = [row('chance', chances ?? [])]
    // Where some answer is right more often than others, guessing is not the least that can be had.
    if (
      scored[0].scores?.some(({ majority, chance }) => majority !== null && majority > (chance ?? 0) + 1e-9)
    )
      beside.push(row('majority', majorities ?? []))
    lines.push(columns([row('', names), ...rows, ...beside], isNumber()))
    const { samples, units } = scored[0].scores?.[0] ?? { samples: 0, units: 0 }
    const clusters = units === samples ? 'independent samples' : `samples in ${units} independent units`
    lines.push(`${samples} ${clusters} each; 95 % intervals`)
    lines.push(...calibrationLines(scored, systemOf))
  }
  for (const it of failed) lines.push(`${systemOf(it)}: failed: ${it.error?.message}`)
  return lines.join('\n')
}

const tierNames = { low: 'low difficulty', medium: 'medium difficulty', high: 'high difficulty' }

/** One table a tier: FlagEval's seven tasks as columns; languages, their mean, the baseline and chance as rows. */
export function boardTables(cells: readonly BoardCell[]): string {
  const tables = Object.entries(tierNames).flatMap(([tier, title]) => {
    const own = cells.filter((cell) => cell.tier === tier)
    if (own.length === 0) return []
    const codes = [...new Set(own.flatMap(({ languages }) => languages.map(({ language }) => language)))]
    const row = (label: string, cell: (it: BoardCell) => string) => [label, ...own.map(cell)]
    const range = (metric: string, it: { value: number; low: number; high: number } | null, sign = '') =>
      it === null
        ? '–'
        : `${it.value > 0 ? sign : ''}${shown(metric, it.value)} [${shown(metric, it.low)}, ${shown(metric, it.high)}]`
    const rows = codes.map((code) =>
      row(code, ({ languages, chance }) => {
        const found = languages.find(({ language }) => language === code)
        if (found === undefined) return 'failed'
        const { low, high } = found
        const isGuess = chance !== null && low <= chance && chance <= high
        return `${withInterval(found)}${isGuess ? ' ?' : '  '}`
      }),
    )
    const padded = (text: string) => `${text}  `
    return [
      [
        title,
        columns(
          [
            row('', ({ board, synthetic }) => padded(`${board}${synthetic ? '*' : ''}`)),
            row('', ({ metric }) => padded(metric)),
            ...rows,
            row('mean', ({ metric, mean: it }) => padded(range(metric, it))),
            row('raw pixels', ({ metric, pixels }) => padded(range(metric, pixels))),
            row('mean − pixels', ({ metric, gain }) => padded(range(metric, gain, '+'))),
            row('chance', ({ metric, chance }) => padded(chance === null ? '–' : shown(metric, chance))),
          ],
          isNumber(),
        ),
      ].join('\n'),
    ]
  })
  const legend = '95 % intervals; ? the interval contains chance; * drawn by rules, not found'
  return [...tables, legend].join('\n\n')
}

/** A row for each metric of each task, and a line for each that failed. */
export function promptTable(
  results: readonly ColumnResult[],
  custom: Readonly<Record<string, Readonly<Record<string, number>>>>,
): string {
  const nameOf = ({ task, system }: Column) => (system === 'model' ? task : `${task}, ${system}`)
  const rows = results.flatMap((result) => [
    ...(result.scores ?? []).map((it) => [
      nameOf(result),
      it.metric,
      withInterval(it),
      it.chance === null ? '–' : shown(it.metric, it.chance),
      String(it.samples),
    ]),
    ...Object.entries((result.system === 'model' && custom[result.task]) || {}).map(([metric, value]) => [
      result.task,
      metric,
      value.toFixed(3),
      '–',
      '–',
    ]),
  ])
  const lines =
    rows.length > 0
      ? [columns([['task', 'metric,filter', 'score [95 %]', 'chance', 'samples'], ...rows], isNumber(2))]
      : []
  lines.push(...calibrationLines(results, nameOf))
  const failed = results.filter(({ error }) => error !== undefined)
  return [...lines, ...failed.map((it) => `${nameOf(it)}: failed: ${it.error?.message}`)].join('\n')
}

export interface ComparedColumn extends Column {
  readonly comparison: Comparison
  /** Corrected for all compared columns; null where there is no p-value. */
  readonly adjusted: number | null
}

/** Comparisons with their p-values corrected for all of them. */
export function adjusted<C extends { readonly comparison: Comparison }>(
  compared: readonly C[],
  correction: 'holm' | 'bh' = 'holm',
): (C & { readonly adjusted: number | null })[] {
  const tested = compared.flatMap(({ comparison }) => (comparison.p === null ? [] : [comparison.p]))
  const values = { holm, bh: benjaminiHochberg }[correction](tested)
  return compared.map((it) => ({
    ...it,
    adjusted: it.comparison.p === null ? null : (values.shift() as number),
  }))
}

/** What perturbations change of a run's scores: one table, or none where nothing was perturbed. */
export function differenceTables(results: readonly ColumnResult[]): string[] {
  const compared = results.flatMap(({ differences = [], ...column }) =>
    differences.map((comparison) => ({ ...column, comparison })),
  )
  if (compared.length === 0) return []
  const head = 'first: as the data is, second: perturbed; difference is second less first, paired by sample'
  return [`${head}\n${comparisonTable(adjusted(compared))}`]
}

const signed = (metric: string, value: number) => `${value > 0 ? '+' : ''}${shown(metric, value)}`
const p = (value: number | null) => (value === null ? '–' : value < 0.001 ? '< 0.001' : value.toFixed(3))

/** One row for each compared column. */
export function comparisonTable(rows: readonly ComparedColumn[], correction: 'holm' | 'bh' = 'holm'): string {
  const head = [
    '',
    'first',
    'second',
    'difference',
    '95 % interval',
    'p',
    correction === 'holm' ? 'p (Holm)' : 'q (BH)',
    'detectable',
  ]
  const body = rows.map(({ task, language, system, comparison, adjusted }) => {
    const { metric, first, second, difference, low, high, detectable } = comparison
    return [
      [task, language, ...(system === 'model' ? [] : [system]), metric].join(' '),
      shown(metric, first),
      shown(metric, second),
      signed(metric, difference),
      `[${signed(metric, low)}, ${signed(metric, high)}]`,
      p(comparison.p),
      p(adjusted),
      detectable === null ? '–' : shown(metric, detectable),
    ]
  })
  return columns([head, ...body], isNumber())
}
