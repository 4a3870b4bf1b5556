import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import type { Task } from '../tasks/task.ts'
import { type BoardCell, boardOf } from './board.ts'
import { columnKey, columnsOf, promptedColumns } from './columns.ts'
import { type ColumnResult, resultsOf } from './results.ts'
import { type RunInfo, readRun } from './run.ts'
import { type ColumnLog, readLog } from './sampleLog.ts'

/** What a run folder says of itself, and its samples, each checked. Throws `not-found`, `corrupt-file`. */
export async function openRun(folder: string): Promise<{ run: RunInfo; logs: ColumnLog[] }> {
  const run = readRun(folder)
  const path = join(folder, 'samples.jsonl')
  if (!existsSync(path)) throw new FlagError('not-found', `${path}: no such file`)
  return { run, logs: (await readLog(path)).columns }
}

/** What is wrong with a run folder; nothing when it is complete and its results follow from its samples. */
export async function validate(folder: string): Promise<string[]> {
  const { run, logs } = await openRun(folder)
  const { tasks, prompted = [] } = run
  const problems: string[] = []
  const found = new Map(logs.map((log) => [columnKey(log.column), log]))
  for (const column of columnsOf(tasks, run.languages ?? undefined, run.perturbed?.by)) {
    const log = found.get(columnKey(column))
    const task = tasks.find(({ id }) => id === column.task) as Task
    if (log === undefined) problems.push(`${columnKey(column)}: not scored`)
    else if ('error' in log) problems.push(`${columnKey(column)}: ${log.error.message}`)
    else if (log.records.length !== task.samples)
      problems.push(`${columnKey(column)}: ${log.records.length} samples, expected ${task.samples}`)
  }
  for (const column of prompted.flatMap((info) => promptedColumns(info, run.perturbed?.by))) {
    const log = found.get(columnKey(column))
    const name = column.system === 'model' ? column.task : `${column.task} ${column.system}`
    if (log === undefined) problems.push(`${name}: not scored`)
    else if ('error' in log) problems.push(`${name}: ${log.error.message}`)
  }
  const path = join(folder, 'results.json')
  if (!existsSync(path)) return [...problems, `${path}: no such file`]
  const { results, board = [] } = JSON.parse(readFileSync(path, 'utf8')) as {
    results: ColumnResult[]
    board?: BoardCell[]
  }
  const again = JSON.stringify([resultsOf(logs, tasks, prompted), boardOf(logs, tasks)])
  if (JSON.stringify([results, board]) !== again) problems.push(`${path}: does not follow from samples.jsonl`)
  return problems
}
