import { existsSync, readFileSync } from 'node:fs'
import { mkdir, open, rename } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import { z } from 'zod'
import { installedVersion, ownFolder } from '../datasets/packages.ts'
import { groupInfo, promptedInfo } from '../lmEval/describe.ts'
import { type EmbeddingModel, openModel } from '../models/model.ts'
import { packagesOf, type Task, taskSchema } from '../tasks/task.ts'
import { type PerturbationName, perturbationNames } from '../wrappers/perturbations.ts'
import { writeArrow } from './arrow.ts'
import { type BoardCell, boardOf } from './board.ts'
import { type Column, columnsOf } from './columns.ts'
import { type ColumnResult, resultsOf } from './results.ts'
import { SampleLog } from './sampleLog.ts'
import { Scoring, type Subject } from './scoring.ts'

export interface RunOptions {
  /** Run folder: `run.json`, `samples.jsonl`, `results.json`, `samples.arrow`. A run that was cut off there goes on. */
  output: string
  /** Run what a model writes where a task says so, in a sandbox. */
  allowCode?: boolean
  /** Opens the encoders that tasks name. Default: `openModel`. */
  openEncoder?: (name: string) => Promise<EmbeddingModel>
  /** Restrict the tasks' languages. */
  languages?: readonly string[]
  /** Score the model also on questions that these changed, each as a system of its own. */
  perturbations?: readonly PerturbationName[]
  /** Folder of cached vectors. Default: `flageval` in the user's cache folder. */
  cache?: string
  /** Told about each column, and about the vectors made for it. */
  onProgress?: (column: Column, what: string, done: number, total: number) => void
}

const runFile = z.object({
  flageval: z.string(),
  model: z.object({ name: z.string(), fingerprint: z.string() }),
  tasks: z.array(taskSchema),
  /** Fingerprints of the models whose vectors score what the model makes. */
  encoders: z.record(z.string(), z.string()).optional(),
  /** Tasks in lm-eval's dialect, and their groups. */
  prompted: z.array(promptedInfo).optional(),
  groups: z.array(groupInfo).optional(),
  languages: z.array(z.string()).nullable(),
  /** Also run on perturbed questions: of prompted tasks, documents whose columns of these names are changed. */
  perturbed: z
    .strictObject({ by: z.array(z.enum(perturbationNames)).min(1), columns: z.array(z.string()).optional() })
    .optional(),
  data: z.array(z.string()),
  environment: z.record(z.string(), z.string()),
})

/** What identifies a run; resuming asks for the same. */
export type RunInfo = z.infer<typeof runFile>

/** Reads `run.json` of a run folder. Throws `not-found`, `corrupt-file`. */
export function readRun(folder: string): RunInfo {
  const file = join(folder, 'run.json')
  if (!existsSync(file)) {
    throw new FlagError('not-found', `${file}: no such file`, {
      hint: 'give a folder that flageval run wrote',
    })
  }
  let content: unknown
  try {
    content = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new FlagError('corrupt-file', `${file}: not JSON`, { cause })
  }
  const result = runFile.safeParse(content)
  if (result.success) return result.data
  const [{ path, message }] = result.error.issues
  throw new FlagError('corrupt-file', `${file}: ${path.join('.')}: ${message}`)
}

/** Writes JSON under a temporary name and renames it. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  const temporary = `${path}.tmp`
  const file = await open(temporary, 'w')
  try {
    await file.writeFile(`${JSON.stringify(value, null, 2)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
}

export const defaultCache = () => join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'flageval')

/**
 * Scores a model on tasks. Every column (a task in a language) that is finished stays finished whatever happens; one
 * that fails is an error in the results and the others go on. Throws `invalid-argument` when the folder holds a run of
 * something else.
 */
export async function run(
  model: Subject,
  tasks: readonly Task[],
  options: RunOptions,
): Promise<{ run: RunInfo; results: ColumnResult[]; board: BoardCell[] }> {
  const { output, languages, perturbations = [], cache = defaultCache(), allowCode, onProgress } = options
  const encoders = new Map<string, EmbeddingModel>()
  for (const { outputs } of tasks) {
    if (outputs && !encoders.has(outputs.encoder))
      encoders.set(outputs.encoder, await (options.openEncoder ?? openModel)(outputs.encoder))
  }
  const info: RunInfo = {
    ...describe(model, tasks, encoders, languages),
    ...(perturbations.length > 0 && { perturbed: { by: [...perturbations] } }),
  }
  await mkdir(output, { recursive: true })
  if (existsSync(join(output, 'run.json'))) checkSame(readRun(output), info, output)
  else await writeJson(join(output, 'run.json'), info)
  const log = await SampleLog.open(join(output, 'samples.jsonl'))
  const scoring = new Scoring(model, { cache, encoders, allowCode, onProgress })
  try {
    for (const column of columnsOf(tasks, languages, perturbations)) {
      if (log.has(column)) continue
      try {
        const task = tasks.find(({ id }) => id === column.task) as Task
        await log.append({ column, ...(await scoring.score(column, task)) })
      } catch (error) {
        if (!(error instanceof FlagError)) throw error
        await log.append({ column, error: { code: error.code, message: error.message } })
      }
    }
    const results = resultsOf(log.columns(), tasks)
    const board = boardOf(log.columns(), tasks)
    await writeJson(join(output, 'results.json'), { run: info, results, board })
    await writeArrow(join(output, 'samples.arrow'), log.columns())
    return { run: info, results, board }
  } finally {
    await log.close()
    await scoring.close()
    for (const encoder of encoders.values()) await encoder.dispose()
  }
}

function describe(
  model: Subject,
  tasks: readonly Task[],
  encoders: ReadonlyMap<string, EmbeddingModel>,
  languages?: readonly string[],
): RunInfo {
  const packages = new Set(tasks.flatMap(packagesOf))
  const fingerprints = [...encoders].map(([name, { fingerprint }]) => [name, fingerprint])
  return {
    ...ownEnvironment(model),
    tasks: [...tasks],
    ...(encoders.size > 0 && { encoders: Object.fromEntries(fingerprints) }),
    languages: languages ? [...languages] : null,
    data: [...packages].sort().map(installedVersion),
  }
}

/** What every run says of the model and of where it ran. */
export function ownEnvironment({
  name,
  fingerprint,
}: Pick<Subject, 'name' | 'fingerprint'>): Pick<RunInfo, 'flageval' | 'model' | 'environment'> {
  const { version } = JSON.parse(readFileSync(join(ownFolder(), 'package.json'), 'utf8'))
  return {
    flageval: version,
    model: { name, fingerprint },
    environment: { node: process.versions.node, platform: `${process.platform} ${process.arch}` },
  }
}

const named = ({ tasks, prompted = [] }: RunInfo) =>
  [...tasks, ...prompted].map(({ id, version }) => `${id} v${version}`).join(', ')

export function checkSame(there: RunInfo, here: RunInfo, folder: string): void {
  for (const key of ['model', 'tasks', 'prompted', 'encoders', 'languages', 'perturbed', 'data'] as const) {
    const [old, now] = [there[key], here[key]].map((value) => JSON.stringify(value))
    if (old !== now) {
      const [before, after] = key === 'tasks' || key === 'prompted' ? [named(there), named(here)] : [old, now]
      throw new FlagError('invalid-argument', `${folder} holds another run: ${key} ${before}, now ${after}`, {
        hint: 'give a new --output folder',
      })
    }
  }
}
