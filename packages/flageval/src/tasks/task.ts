import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import { parse } from 'yaml'
import { z } from 'zod'
import { type DatasetName, datasets } from '../datasets/index.ts'
import { ownFolder } from '../datasets/packages.ts'
import { metricOf } from '../score/metrics.ts'

/** A task as its YAML file and as the `run.json` of a run hold it. */
export const taskSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]+$/),
  /** Raised whenever a score could change. */
  version: z.int().positive(),
  title: z.string(),
  kind: z.enum(['retrieval', 'classification', 'pair', 'foil']),
  tier: z.enum(['low', 'medium', 'high']),
  /** Whether pictures are drawn by this package's rules rather than found. */
  synthetic: z.boolean(),
  dataset: z.enum(Object.keys(datasets) as [DatasetName, ...DatasetName[]]),
  languages: z.array(z.string()).min(1),
  /** Samples of each language; another number is an error. */
  samples: z.int().positive(),
  metrics: z.array(z.string()).min(1),
  /** The metric that stands for the task where there is room for one. */
  primary: z.string(),
  licence: z.string(),
  notes: z.string().optional(),
})

export type Task = z.infer<typeof taskSchema>

/** Reads a task's YAML. Throws `corrupt-file` naming the file and what is wrong with it. */
export function readTask(file: string): Task {
  let content: unknown
  try {
    content = parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new FlagError('corrupt-file', `${file}: ${(cause as Error).message.split('\n')[0]}`, { cause })
  }
  const result = taskSchema.safeParse(content)
  if (!result.success) {
    const [{ path, message }] = result.error.issues
    throw new FlagError('corrupt-file', `${file}: ${path.join('.') || 'the file'}: ${message}`)
  }
  const task = result.data
  for (const name of [...task.metrics, task.primary]) metricOf(name, task.kind)
  if (!task.metrics.includes(task.primary)) {
    throw new FlagError(
      'corrupt-file',
      `${file}: the primary metric ${task.primary} is not among its metrics`,
    )
  }
  return task
}

const tasksFolder = () => join(ownFolder(), 'tasks')

/** The tasks that come with this package, by name. */
export function allTasks(): Task[] {
  const files = readdirSync(tasksFolder()).filter((name) => name.endsWith('.yaml'))
  return files.sort().map((name) => readTask(join(tasksFolder(), name)))
}

/** The suites: named lists of tasks. */
export const suites: Readonly<Record<string, readonly string[]>> = {
  'multilingual-mini': ['emoji-retrieval', 'flag-countries', 'shape-foils', 'shape-pairs'],
}

/** Tasks by name, suite or file. Throws `not-found`. */
export function findTasks(names: readonly string[]): Task[] {
  const known = allTasks()
  const wanted = names.flatMap((name) => suites[name] ?? [name])
  return [...new Set(wanted)].map((name) => {
    const task = name.endsWith('.yaml') ? readTask(name) : known.find(({ id }) => id === name)
    if (task) return task
    throw new FlagError('not-found', `no task "${name}"`, {
      hint: `choose of ${[...Object.keys(suites), ...known.map(({ id }) => id)].join(', ')}, or give a .yaml file`,
    })
  })
}
