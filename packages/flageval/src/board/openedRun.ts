import { type ColumnResult, resultsOf } from '../run/results.ts'
import type { RunInfo } from '../run/run.ts'
import type { ColumnLog } from '../run/sampleLog.ts'
import { openRun } from '../run/validate.ts'
import type { Task } from '../tasks/task.ts'

/** A run as the board shows it: under a name that no other run of the board has. */
export interface OpenedRun {
  readonly name: string
  readonly folder: string
  readonly run: RunInfo
  readonly logs: readonly ColumnLog[]
  readonly results: readonly ColumnResult[]
}

/** Opens runs. Models of one name are told apart by their folders. Throws `not-found`, `corrupt-file`. */
export async function openRuns(folders: readonly string[]): Promise<OpenedRun[]> {
  const opened = await Promise.all(folders.map(async (folder) => ({ folder, ...(await openRun(folder)) })))
  const shared = (name: string) => opened.filter((it) => it.run.model.name === name).length > 1
  return opened.map(({ folder, run, logs }) => {
    const { name } = run.model
    const results = resultsOf(logs, run.tasks, run.prompted)
    return { name: shared(name) ? `${name} (${folder})` : name, folder, run, logs, results }
  })
}

export const taskOf = ({ run }: OpenedRun, id: string): Task | undefined =>
  run.tasks.find((task) => task.id === id)
