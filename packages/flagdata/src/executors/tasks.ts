import { DataError } from '../errors.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import { findPieces } from '../readers/pieces.ts'
import { phasesOf } from './phases.ts'
import {
  checkOutput,
  enterPlan,
  lock,
  makePlan,
  pathsOf,
  readDone,
  removePartials,
  withAbsolutePaths,
} from './state.ts'

/** How to start `flagdata work` for one task: the program and its first arguments. */
export type Command = readonly [string, ...string[]]

/** A phase as tasks of a cluster: task t of n does the items t, t + n, t + 2n, … that are missing. */
export interface PhaseTasks {
  phase: string
  tasks: number
  /** The tasks that have something to do, ascending. */
  open: readonly number[]
}

/**
 * Begins or continues a run whose items are done by other processes: writes the plan that they read, and returns the
 * phases in which something is missing.
 *
 * @throws DataError as `run` does
 */
export async function planTasks(given: Pipeline, tasks: number): Promise<PhaseTasks[]> {
  const pipeline = withAbsolutePaths(given)
  const custom = pipeline.steps.find((step) => step.options === undefined)
  if (custom)
    throw new DataError('invalid-argument', `step "${custom.name}" exists only in this program`, {
      hint: 'other processes cannot run it: use run() with workers: 1',
    })
  await checkOutput(pipeline)
  const pieces = await findPieces(pipeline.read)
  const { state } = pathsOf(pipeline)
  const unlock = await lock(state)
  try {
    await enterPlan(makePlan(pipeline, pieces), state)
    await removePartials(pipeline.write.path)
    const phases = await Promise.all(
      phasesOf({ pipeline, pieces }).map(async ({ name, items }) => {
        const done = await readDone(state, name)
        const count = Math.min(tasks, items.length)
        const open = new Set<number>()
        items.forEach((item, i) => {
          if (!done.has(item)) open.add(i % count)
        })
        return { phase: name, tasks: count, open: [...open].sort((a, b) => a - b) }
      }),
    )
    return phases.filter(({ open }) => open.length > 0)
  } finally {
    await unlock()
  }
}

/** A word for a POSIX shell. */
export const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`

/** The command line of a task, whose number comes from the cluster's environment. */
export const workLine = (
  command: Command,
  output: string,
  { phase, tasks }: PhaseTasks,
  offset = 0,
): string =>
  [...command, 'work', output, '--phase', phase, '--tasks', String(tasks)]
    .concat(offset > 0 ? ['--task-offset', String(offset)] : [])
    .map(shellWord)
    .join(' ')
