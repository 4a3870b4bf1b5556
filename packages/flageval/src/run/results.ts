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
export function resultsOf(logs: readonly ColumnLog[], tasks: readonly Task[]): ColumnResult[] {
  return logs.map((log) => {
    if ('error' in log) return { ...log.column, error: log.error }
    const task = tasks.find(({ id, version }) => id === log.column.task && version === log.column.version)
    const names = task?.metrics ?? []
    return { ...log.column, scores: names.map((name) => score(log.records, name)) }
  })
}
