import type { PromptedInfo } from '../lmEval/describe.ts'
import { promptedMetrics } from '../lmEval/results.ts'
import type { RecordOf } from '../records/record.ts'
import { type Score, score } from '../score/score.ts'
import type { Task } from '../tasks/task.ts'
import type { Column } from './columns.ts'
import type { ColumnLog } from './sampleLog.ts'

/** The scores of one column, or why it has none. */
export interface ColumnResult extends Column {
  readonly scores?: readonly Score[]
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
    const info = prompted.find(({ id }) => id === log.column.task)
    if (info) {
      const records = log.records as readonly RecordOf<'prompted'>[]
      const scores = promptedMetrics(info, records).map(([name, metric]) =>
        score(records, name, metric as never),
      )
      return { ...log.column, scores }
    }
    const task = tasks.find(({ id, version }) => id === log.column.task && version === log.column.version)
    const names = task?.metrics ?? []
    return { ...log.column, scores: names.map((name) => score(log.records, name)) }
  })
}
