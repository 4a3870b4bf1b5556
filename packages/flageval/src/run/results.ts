import type { PromptedInfo } from '../lmEval/describe.ts'
import { promptedMetrics } from '../lmEval/results.ts'
import type { RecordOf } from '../records/record.ts'
import { kindOf, type Metric, metricOf } from '../score/metrics.ts'
import { type Comparison, compare, type Score, score } from '../score/score.ts'
import type { Task } from '../tasks/task.ts'
import { type Calibration, calibration, hasChoices } from '../wrappers/texts.ts'
import { type Column, columnKey, perturbationOf } from './columns.ts'
import type { ColumnLog } from './sampleLog.ts'

/** The scores of one column, or why it has none. */
export interface ColumnResult extends Column {
  readonly scores?: readonly Score[]
  /** Of perturbed questions: each metric beside the same questions unperturbed, which are `first`. */
  readonly differences?: readonly Comparison[]
  /** Where the samples hold probabilities of choices. */
  readonly calibration?: Calibration
  /** Whose vectors the scores are of, where a model's pictures or captions are scored. */
  readonly encoder?: string
  /** What a reader of the scores should know. */
  readonly warnings?: readonly string[]
  readonly error?: { readonly code: string; readonly message: string }
}

/** Scores of every column: a pure function of the samples and of the metrics that the tasks name. */
export function resultsOf(
  logs: readonly ColumnLog[],
  tasks: readonly Task[],
  prompted: readonly PromptedInfo[] = [],
): ColumnResult[] {
  return logs.map((log) => {
    if ('error' in log) return { ...log.column, error: log.error }
    const { records } = log
    const original = perturbationOf(log.column.system) && recordsOf(logs, { ...log.column, system: 'model' })
    const measured = (metrics: readonly (readonly [name: string, metric: Metric])[]) => ({
      scores: metrics.map(([name, metric]) => score(records, name, metric)),
      ...(original && {
        differences: metrics.map(([name, metric]) =>
          compare(original, records, name, metric, { pairing: 'sample' }),
        ),
      }),
      ...(hasChoices(records) && { calibration: calibration(records) }),
    })
    const info = prompted.find(({ id }) => id === log.column.task)
    if (info) {
      const known = promptedMetrics(info, records as readonly RecordOf<'prompted'>[])
      return { ...log.column, ...measured(known as never) }
    }
    const task = tasks.find(({ id, version }) => id === log.column.task && version === log.column.version)
    const own = measured((task?.metrics ?? []).map((name) => [name, metricOf(name, kindOf(records))]))
    const warnings = [...(log.warnings ?? []), ...(task ? oddities(task, own.scores) : [])]
    return {
      ...log.column,
      ...own,
      ...(task?.outputs && { encoder: task.outputs.encoder }),
      ...(warnings.length > 0 && { warnings }),
    }
  })
}

const recordsOf = (logs: readonly ColumnLog[], column: Column) => {
  const log = logs.find((it) => columnKey(it.column) === columnKey(column))
  return log && 'records' in log ? log.records : undefined
}

/** Half the width of an interval above which it says little. */
const WIDE = 0.1

/** Too few samples to say much, and a primary metric that guessing explains. */
function oddities(task: Task, scores: readonly Score[]): string[] {
  const primary = scores.find(({ metric }) => metric === task.primary)
  if (primary === undefined) return []
  const { value, low, high, chance, units, samples } = primary
  const warnings: string[] = []
  if (value >= 0 && high <= 1 && (high - low) / 2 > WIDE) {
    const needed = Math.ceil((units * ((high - low) / 2 / WIDE) ** 2) / 10) * 10
    const independent = units === samples ? 'samples' : 'independent units'
    warnings.push(`few samples: ${units} ${independent}, about ${needed} would bring ±${100 * WIDE} points`)
  }
  if (chance !== null && low <= chance && chance <= high)
    warnings.push(`${task.primary} does not differ from guessing`)
  return warnings
}

/** Columns of a task that no model of several runs answers better or worse than by guessing: the data may be broken. */
export function columnsNearChance(runs: readonly (readonly ColumnResult[])[]): string[] {
  const known = new Map<string, { all: number; near: number }>()
  for (const results of runs)
    for (const { task, language, system, scores, warnings = [] } of results) {
      if (system !== 'model' || scores === undefined) continue
      const key = `${task} ${language}`
      const count = known.get(key) ?? { all: 0, near: 0 }
      count.all++
      if (warnings.some((text) => text.endsWith('does not differ from guessing'))) count.near++
      known.set(key, count)
    }
  return [...known].flatMap(([key, { all, near }]) => (all > 1 && near === all ? [key] : []))
}
