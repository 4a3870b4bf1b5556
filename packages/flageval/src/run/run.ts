import { existsSync, readFileSync } from 'node:fs'
import { mkdir, open, rename } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { FlagError, Tensor } from '@flag/core-tensor'
import { z } from 'zod'
import { warningsOf } from '../datasets/checks.ts'
import { installedVersion, ownFolder } from '../datasets/packages.ts'
import { groupInfo, promptedInfo } from '../lmEval/describe.ts'
import type { EmbeddingModel, PictureInput } from '../models/model.ts'
import { pixelVectors } from '../models/pixels.ts'
import type { SampleRecord } from '../records/record.ts'
import { loadTask, packagesOf, type Task, taskSchema } from '../tasks/task.ts'
import { type BoardCell, boardOf } from './board.ts'
import { type Column, columnsOf } from './columns.ts'
import { EmbeddingCache, embed, requestKeys } from './embeddingCache.ts'
import { type Embed, evaluate, requestsOf, withReferences } from './evaluate.ts'
import { type ColumnResult, resultsOf } from './results.ts'
import { SampleLog } from './sampleLog.ts'

export interface RunOptions {
  /** Run folder: `run.json`, `samples.jsonl`, `results.json`. A run that was cut off there goes on. */
  output: string
  /** Restrict the tasks' languages. */
  languages?: readonly string[]
  /** Folder of cached vectors. Default: `flageval` in the user's cache folder. */
  cache?: string
  /** Told about each column, and about the vectors made for it. */
  onProgress?: (column: Column, what: string, done: number, total: number) => void
}

const runFile = z.object({
  flageval: z.string(),
  model: z.object({ name: z.string(), fingerprint: z.string() }),
  tasks: z.array(taskSchema),
  /** Tasks in lm-eval's dialect, and their groups. */
  prompted: z.array(promptedInfo).optional(),
  groups: z.array(groupInfo).optional(),
  languages: z.array(z.string()).nullable(),
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

/** Pixels of pictures by the hash of their bytes: tiers and runs of one process share them. */
const knownPixels = new Map<string, Float32Array>()

/** The raw-pixel baseline; every picture is read once. */
const pixels: Embed = async (_, inputs) => {
  const keys = await requestKeys('image', inputs)
  for (const [i, key] of keys.entries())
    if (!knownPixels.has(key)) knownPixels.set(key, (await pixelVectors([inputs[i]])).data)
  const rows = keys.map((key) => knownPixels.get(key) as Float32Array)
  const data = new Float32Array(rows.length * rows[0].length)
  rows.forEach((row, i) => void data.set(row, i * row.length))
  return { vectors: new Tensor('float32', [rows.length, rows[0].length], data), keys }
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
  model: EmbeddingModel,
  tasks: readonly Task[],
  options: RunOptions,
): Promise<{ run: RunInfo; results: ColumnResult[]; board: BoardCell[] }> {
  const info = describe(model, tasks, options.languages)
  await mkdir(options.output, { recursive: true })
  if (existsSync(join(options.output, 'run.json'))) checkSame(readRun(options.output), info, options.output)
  else await writeJson(join(options.output, 'run.json'), info)
  const log = await SampleLog.open(join(options.output, 'samples.jsonl'))
  const cache = await EmbeddingCache.open(options.cache ?? defaultCache(), model.fingerprint)
  try {
    for (const column of columnsOf(tasks, options.languages)) {
      if (log.has(column)) continue
      const task = tasks.find(({ id }) => id === column.task) as Task
      const progress = options.onProgress ?? (() => {})
      const vectors: Embed = (what, inputs) =>
        embed(model, cache, what, inputs, (done, total) => progress(column, what, done, total))
      try {
        await log.append({ column, ...(await scoreColumn(column, task, vectors)) })
      } catch (error) {
        if (!(error instanceof FlagError)) throw error
        await log.append({ column, error: { code: error.code, message: error.message } })
      }
    }
    const results = resultsOf(log.columns(), tasks)
    const board = boardOf(log.columns(), tasks)
    await writeJson(join(options.output, 'results.json'), { run: info, results, board })
    return { run: info, results, board }
  } finally {
    await log.close()
    await cache.close()
  }
}

async function scoreColumn(
  column: Column,
  task: Task,
  vectors: Embed,
): Promise<{ records: SampleRecord[]; warnings: string[] }> {
  const language = column.language === '*' ? task.languages[0] : column.language
  const data = await loadTask(task, language)
  let records: SampleRecord[]
  if (column.system === 'model') {
    // Everything at once first, so that the model is asked in whole batches also where episodes are small.
    const { texts, pictures } = requestsOf(data)
    if (pictures.length > 0) await vectors('image', pictures)
    if (texts.length > 0) await vectors('text', texts)
    records = await evaluate(data, vectors)
  } else {
    const { data: pictured, texts } = withReferences(data)
    records = await evaluate(pictured, (what, inputs) =>
      pixels(
        'image',
        inputs.map((input) => (what === 'text' ? (texts.get(input as string) as PictureInput) : input)),
      ),
    )
  }
  if (records.length !== task.samples) {
    throw new FlagError(
      'invalid-argument',
      `${task.id} ${column.language}: ${records.length} samples, version ${task.version} has ${task.samples}`,
      { hint: 'install the versions of the data packages that @flag/eval names' },
    )
  }
  return { records, warnings: column.system === 'model' ? warningsOf(data, language) : [] }
}

function describe(model: EmbeddingModel, tasks: readonly Task[], languages?: readonly string[]): RunInfo {
  const packages = new Set(tasks.flatMap(packagesOf))
  return {
    ...ownEnvironment(model),
    tasks: [...tasks],
    languages: languages ? [...languages] : null,
    data: [...packages].sort().map(installedVersion),
  }
}

/** What every run says of the model and of where it ran. */
export function ownEnvironment({
  name,
  fingerprint,
}: Pick<EmbeddingModel, 'name' | 'fingerprint'>): Pick<RunInfo, 'flageval' | 'model' | 'environment'> {
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
  for (const key of ['model', 'tasks', 'prompted', 'languages', 'data'] as const) {
    const [old, now] = [there[key], here[key]].map((value) => JSON.stringify(value))
    if (old !== now) {
      const [before, after] = key === 'tasks' || key === 'prompted' ? [named(there), named(here)] : [old, now]
      throw new FlagError('invalid-argument', `${folder} holds another run: ${key} ${before}, now ${after}`, {
        hint: 'give a new --output folder',
      })
    }
  }
}
