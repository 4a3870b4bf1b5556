import { FlagError } from '@flag/core-tensor'
import { holm } from '@flag/core-tensor/statistics'
import type { Section, SectionOf } from '@flag/report'
import { columnKey } from '../run/columns.ts'
import { isShare, metricOf } from '../score/metrics.ts'
import { type Comparison, compare } from '../score/score.ts'
import { type OpenedRun, taskOf } from './openedRun.ts'

interface Compared {
  readonly task: string
  readonly language: string
  readonly higherIsBetter: boolean
  readonly comparison: Comparison
}

/** Every other run against the first, sample by sample, on the primary metric of what both have. */
export function comparisons([first, ...others]: readonly OpenedRun[]): {
  sections: Section[]
  warnings: string[]
} {
  const warnings: string[] = []
  const sections = others.flatMap((other): Section[] => {
    const compared = comparedColumns(first, other, warnings)
    const shares = compared.filter(({ comparison }) => isShare(comparison.metric))
    const rest = compared.filter(({ comparison }) => !isShare(comparison.metric))
    const adjusted = adjustedValues(compared)
    return [sectionOf(first, other, shares, adjusted), sectionOf(first, other, rest, adjusted)].flatMap(
      (section) => section ?? [],
    )
  })
  return { sections, warnings }
}

function comparedColumns(first: OpenedRun, second: OpenedRun, warnings: string[]): Compared[] {
  const partners = new Map(second.logs.map((log) => [columnKey(log.column), log]))
  return first.logs.flatMap((log): Compared[] => {
    const partner = partners.get(columnKey(log.column))
    const { task: id, language, system } = log.column
    const task = taskOf(first, id)
    if (system !== 'model' || task === undefined || !('records' in log)) return []
    if (partner === undefined || !('records' in partner)) return []
    try {
      const comparison = compare(log.records, partner.records, task.primary)
      return [
        { task: id, language, higherIsBetter: metricOf(task.primary, task.kind).higherIsBetter, comparison },
      ]
    } catch (error) {
      if (!(error instanceof FlagError)) throw error
      warnings.push(
        `${first.name} and ${second.name} cannot be compared on ${id} ${language}: ${error.message}`,
      )
      return []
    }
  })
}

/** p-values after Holm's correction over all columns of two runs; metrics that are no means have none. */
function adjustedValues(compared: readonly Compared[]): Map<Compared, number> {
  const tested = compared.filter(({ comparison }) => comparison.p !== null)
  const values = holm(tested.map(({ comparison }) => comparison.p as number))
  return new Map(tested.map((it, i) => [it, values[i]]))
}

const LEVEL = 0.05

function sectionOf(
  first: OpenedRun,
  second: OpenedRun,
  compared: readonly Compared[],
  adjusted: ReadonlyMap<Compared, number>,
): SectionOf<'comparison'> | undefined {
  if (compared.length === 0) return undefined
  const [{ comparison, higherIsBetter }] = compared
  const percent = isShare(comparison.metric)
  const shown = (value: number | null) =>
    value === null ? null : percent ? `${(100 * value).toFixed(1)} %` : Number(value.toPrecision(4))
  const p = (value: number | null | undefined) =>
    value === null || value === undefined ? null : value < 0.001 ? '< 0.001' : value.toFixed(3)
  return {
    kind: 'comparison',
    group: 'Models against each other',
    title: `${second.name} less ${first.name}${percent ? '' : `: ${comparison.metric}`}`,
    description:
      'Paired differences on the same samples, clusters drawn together. A difference counts where its interval leaves 0 ' +
      "out and, if there is a test, its p-value is below 0.05 after Holm's correction over all rows.",
    axis: { label: 'difference', ...(percent && { format: 'percent' }) },
    reference: 0,
    better: higherIsBetter ? 'higher' : 'lower',
    estimates: compared.map((it) => {
      const { metric, difference, low, high, test, detectable, samples } = it.comparison
      const holmP = adjusted.get(it)
      const isReal = (low > 0 || high < 0) && (holmP === undefined || holmP < LEVEL)
      const isBetter = difference > 0 === it.higherIsBetter
      return {
        name: it.language,
        group: it.task,
        value: difference,
        low,
        high,
        verdict: isReal
          ? { tone: isBetter ? 'good' : 'bad', label: `${second.name} is ${isBetter ? 'ahead' : 'behind'}` }
          : { tone: 'neutral', label: 'no difference shown' },
        facts: [
          { label: 'metric', value: metric },
          { label: first.name, value: shown(it.comparison.first) },
          { label: second.name, value: shown(it.comparison.second) },
          { label: 'p', value: p(it.comparison.p) },
          { label: 'p (Holm)', value: p(holmP) },
          { label: 'test', value: test },
          { label: 'detectable', value: shown(detectable) },
          { label: 'samples', value: samples },
        ],
      }
    }),
  }
}
