import { bootstrapMean, type Interval } from '@flag/core-tensor/statistics'
import type { SampleRecord } from '../records/record.ts'
import { metricOf } from '../score/metrics.ts'
import { type Score, score } from '../score/score.ts'
import type { BoardTask, Task, Tier } from '../tasks/task.ts'
import type { System } from './columns.ts'
import type { ColumnLog } from './sampleLog.ts'

interface Estimate extends Interval {
  readonly value: number
}

/** One of FlagEval's seven tasks in one tier: every language, their mean, the raw-pixel baseline and chance. */
export interface BoardCell {
  readonly board: BoardTask
  readonly tier: Tier
  readonly task: string
  readonly metric: string
  readonly synthetic: boolean
  readonly languages: readonly (Score & { readonly language: string })[]
  /** Mean over the languages; samples of one picture in all languages are drawn together. */
  readonly mean: Estimate
  readonly pixels: Estimate | null
  /** Mean less baseline, paired by picture. */
  readonly gain: Estimate | null
  readonly chance: number | null
}

interface Scored {
  readonly language: string
  readonly records: readonly SampleRecord[]
}

/** What FlagEval's board shows of a run; a pure function of its samples. Failed columns are left out. */
export function boardOf(logs: readonly ColumnLog[], tasks: readonly Task[]): BoardCell[] {
  return tasks.flatMap(({ id, version, kind, tier, synthetic, board = {} }) => {
    const of = (system: System): Scored[] =>
      logs.flatMap((log) => {
        const { column } = log
        const isOurs = column.task === id && column.version === version && column.system === system
        return isOurs && 'records' in log ? [{ language: column.language, records: log.records }] : []
      })
    const [model, baseline] = [of('model'), of('raw pixels')]
    if (model.length === 0) return []
    return Object.entries(board).map(([name, metric]): BoardCell => {
      const each = metricOf(metric, kind).each as (record: SampleRecord) => number | null
      const pixels = baseline.length > 0 ? meanOver(baseline, each) : null
      return {
        board: name as BoardTask,
        tier,
        task: id,
        metric,
        synthetic,
        languages: model.map(({ language, records }) => ({ language, ...score(records, metric) })),
        mean: meanOver(model, each),
        pixels,
        gain: pixels && meanOver(model, each, baseline),
        chance: score(model[0].records, metric).chance,
      }
    })
  })
}

/** The mean over all samples, or over their differences from a baseline; the same picture is one unit. */
function meanOver(
  scored: readonly Scored[],
  each: (record: SampleRecord) => number | null,
  baseline?: readonly Scored[],
): Estimate {
  const values: number[] = []
  const clusters: string[] = []
  for (const { language, records } of scored) {
    const other = baseline?.find((it) => it.language === language || it.language === '*')
    const beside = new Map(other?.records.map((record) => [record.sample, each(record)]))
    for (const record of records) {
      const value = each(record)
      const base = baseline ? beside.get(record.sample) : 0
      if (value === null || base === null || base === undefined) continue
      values.push(value - base)
      clusters.push(record.cluster ?? record.sample)
    }
  }
  const { estimate, low, high } = bootstrapMean(values, { clusters, resamples: 1000 })
  return { value: estimate, low, high }
}
