import { dirname } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import type { ModelRequest } from '../models/languageModel.ts'
import { PythonRandom } from '../python/random.ts'
import { repr, str } from '../python/text.ts'
import type { Doc, TaskConfig } from './config.ts'
import { type DataFolders, loadDocuments, type Splits } from './documents.ts'
import { contextOf, fewshotOf, type Reader, readerOf } from './prompt.ts'
import type { YamlFile } from './yamlFile.ts'

/** A document and everything that is asked about it. */
export interface DocRequests {
  readonly index: number
  readonly doc: Doc
  readonly requests: readonly ModelRequest[]
}

/** A task with its documents. */
export interface PromptTask {
  readonly config: TaskConfig
  readonly file: string
  readonly docs: readonly Doc[]
  readonly reader: Reader
  /** `doc_to_text` gives the place of the right choice, and the choices are the questions. */
  readonly choicesAreQuestions: boolean
  /** `doc_to_target` gives a list: each of them is right. */
  readonly manyTargets: boolean
  readonly splits: Splits
}

export interface RequestOptions {
  /** Instead of the task's own number, unless that is 0. */
  fewshot?: number
  /** Seed of the few-shot samples; lm-eval's default is 1234. */
  seed?: number
  /** The first documents only: a number, or below 1 a share. */
  limit?: number
  /** Run tasks that say `unsafe_code`: they run what the model writes. */
  allowCode?: boolean
}

type ProcessDocs = (docs: readonly Doc[]) => readonly Doc[] | Promise<readonly Doc[]>

/** Loads a task's documents. Throws `not-found`, `corrupt-file` with file, line and key. */
export async function openTask(
  config: TaskConfig,
  yaml: YamlFile,
  folders?: DataFolders,
): Promise<PromptTask> {
  const loaded = await loadDocuments(config, dirname(yaml.file), yaml.where, folders)
  const fewshot = fewshotOf(config)
  const process = config.process_docs as ProcessDocs | null | undefined
  const own = ['training_split', 'validation_split', 'test_split'] as const
  const splits: Record<string, readonly Doc[]> = {}
  for (const key of own) {
    const split = config[key]
    if (!split) continue
    if (!loaded[split]) throw missingSplit(yaml.where([key]), split, loaded)
    splits[split] = process ? await process(loaded[split]) : loaded[split]
  }
  if (fewshot.split) {
    const place = yaml.where(config.fewshot_config?.split ? ['fewshot_config', 'split'] : ['fewshot_split'])
    if (!loaded[fewshot.split]) throw missingSplit(place, fewshot.split, loaded)
    const processExamples = fewshot.process_docs as ProcessDocs | null | undefined
    splits[FEWSHOT] = processExamples ? await processExamples(loaded[fewshot.split]) : loaded[fewshot.split]
  } else if (fewshot.samples) {
    const { samples } = fewshot
    splits[FEWSHOT] = typeof samples === 'function' ? await (samples as () => Promise<Doc[]>)() : samples
  }
  const main = config.test_split ?? config.validation_split
  const docs = main ? splits[main] : undefined
  if (!docs?.length) {
    const what = main ? `split ${main} is empty` : 'test_split or validation_split is needed'
    throw new FlagError('corrupt-file', `${yaml.where([main ? 'test_split' : 'task'])}: ${what}`)
  }
  const reader = readerOf(config, new Set(Object.keys(docs[0])))
  const hasChoices = config.doc_to_choice !== undefined && config.doc_to_choice !== null
  const target = reader.target(docs[0])
  return {
    config,
    file: yaml.file,
    docs,
    reader,
    choicesAreQuestions: hasChoices && typeof reader.text(docs[0]) === 'number',
    manyTargets: Array.isArray(target) && target.length > 0,
    splits,
  }
}

/** Where few-shot examples lie among the splits when the task names them apart. */
const FEWSHOT = '\0few-shot'

const missingSplit = (place: string, split: string, loaded: Splits) =>
  new FlagError(
    'corrupt-file',
    `${place}: no split "${split}", the data has ${Object.keys(loaded).join(', ')}`,
  )

/** The number of few-shot examples that a task is run with. */
export const shotsOf = ({ config }: PromptTask, fewshot?: number): number =>
  fewshot === undefined || config.num_fewshot === 0 ? (config.num_fewshot ?? 0) : fewshot

/** Everything that is asked, document by document, with few-shot examples drawn as lm-eval draws them. */
export function requestsOf(task: PromptTask, options: RequestOptions = {}): DocRequests[] {
  const { config, docs } = task
  const { limit } = options
  const count = limit === undefined ? docs.length : limit < 1 ? Math.ceil(docs.length * limit) : limit
  const sample = samplerOf(task, shotsOf(task, options.fewshot), options.seed ?? 1234)
  return docs.slice(0, count).map((doc, index) => {
    const context = contextOf(config, task.reader, doc, sample(doc), task.choicesAreQuestions)
    return { index, doc, requests: askedOf(task, doc, context) }
  })
}

function samplerOf(task: PromptTask, shots: number, seed: number): (doc: Doc) => readonly Doc[] {
  if (shots === 0) return () => []
  const { config, splits } = task
  const { sampler, split } = fewshotOf(config)
  const key =
    FEWSHOT in splits ? FEWSHOT : (config.training_split ?? config.validation_split ?? config.test_split)
  const pool = splits[key as string]
  // As lm-eval decides it: the document itself is left out where examples come from the split that is tested.
  const own = (split ?? null) === (config.test_split ?? null)
  const without = (list: readonly Doc[], doc: Doc) => {
    const text = repr(doc)
    return list.filter((it) => repr(it) !== text)
  }
  const enough = (found: readonly Doc[]) => {
    if (found.length >= shots) return found
    throw new FlagError(
      'invalid-argument',
      `task ${config.task}: ${shots} few-shot examples asked, ${found.length} are there`,
    )
  }
  if (sampler === 'first_n') return (doc) => enough(own ? without(pool, doc) : pool).slice(0, shots)
  if (sampler !== 'default') {
    throw new FlagError(
      'invalid-argument',
      `task ${config.task}: no few-shot sampler "${sampler}": choose of default, first_n`,
    )
  }
  const random = new PythonRandom(seed)
  return (doc) => {
    enough(own ? pool.slice(1) : pool)
    if (!own) return random.sample(pool, shots)
    const chosen = without(random.sample(pool, shots + 1), doc).slice(0, shots)
    return chosen.length === shots ? chosen : random.sample(enough(without(pool, doc)), shots)
  }
}

function askedOf(task: PromptTask, doc: Doc, context: string | string[]): ModelRequest[] {
  const { config, reader } = task
  const target = reader.target(doc)
  const text = () => {
    if (typeof target === 'string') return target
    throw new FlagError(
      'invalid-argument',
      `task ${config.task}: doc_to_target gives ${JSON.stringify(target)}, expected text`,
    )
  }
  switch (config.output_type) {
    case 'loglikelihood':
      return [{ kind: 'loglikelihood', context: context as string, continuation: text() }]
    case 'loglikelihood_rolling':
      return [{ kind: 'rolling', text: text() }]
    case 'generate_until':
      return [{ kind: 'generate', prompt: context as string, options: config.generation_kwargs ?? {} }]
    case 'multiple_choice': {
      const { target_delimiter: delimiter } = config
      const choices = reader.choices(doc)
      const ask = (before: string, answer: unknown): ModelRequest => ({
        kind: 'loglikelihood',
        context: before,
        continuation: `${delimiter}${str(answer)}`,
      })
      const asked = Array.isArray(context)
        ? context.map((before) => ask(before, target))
        : choices.map((choice) => ask(context, choice))
      const unconditional = config.metric_list?.some(({ metric }) => metric === 'acc_mutual_info')
      return unconditional ? [...asked, ...choices.map((choice) => ask('', choice))] : asked
    }
  }
}
