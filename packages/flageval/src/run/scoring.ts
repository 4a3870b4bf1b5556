import { FlagError, Tensor } from '@flag/core-tensor'
import { warningsOf } from '../datasets/checks.ts'
import { type Dataset, isLanguageDataset } from '../datasets/dataset.ts'
import type { EmbeddingModel, PictureInput } from '../models/embedding.ts'
import { type GeneratingModel, isGeneratingModel } from '../models/generating.ts'
import { isLanguageModel, type LanguageModel } from '../models/languageModel.ts'
import { pixelVectors } from '../models/pixels.ts'
import type { SampleRecord } from '../records/record.ts'
import { abilityFor, loadTask, type Task } from '../tasks/task.ts'
import { perturbations } from '../wrappers/perturbations.ts'
import { perturbData } from '../wrappers/perturbData.ts'
import { ask, programsNotAllowed } from './ask.ts'
import { type Column, perturbationOf } from './columns.ts'
import { EmbeddingCache, embed, requestKeys } from './embeddingCache.ts'
import { type Embed, type Embedded, evaluate, requestsOf, withReferences } from './evaluate.ts'
import { featuresOf, scoreOutputs } from './evaluateOutputs.ts'
import { evaluateTexts } from './evaluateTexts.ts'
import { RequestCache } from './requestCache.ts'

/** What can be evaluated: vectors of pictures and texts, language, or pictures and captions that it makes. */
export type Subject = EmbeddingModel | LanguageModel | GeneratingModel

export interface ScoringOptions {
  /** Folder of the caches. */
  readonly cache: string
  /** The models whose vectors score what a model makes, by their names. */
  readonly encoders: ReadonlyMap<string, EmbeddingModel>
  readonly allowCode?: boolean
  readonly onProgress?: (column: Column, what: string, done: number, total: number) => void
}

/** Scores columns of tasks; opens the caches that it needs, and closes them. */
export class Scoring {
  readonly #model: Subject
  readonly #options: ScoringOptions
  readonly #vectors = new Map<string, EmbeddingCache>()
  #answers: RequestCache | undefined

  constructor(model: Subject, options: ScoringOptions) {
    this.#model = model
    this.#options = options
  }

  async close(): Promise<void> {
    for (const cache of this.#vectors.values()) await cache.close()
    await this.#answers?.close()
  }

  /** The records of a column and what is odd about its data. Throws where the model cannot do what the task needs. */
  async score(column: Column, task: Task): Promise<{ records: SampleRecord[]; warnings: string[] }> {
    const language = column.language === '*' ? task.languages[0] : column.language
    const original = await loadTask(task, language)
    const perturbation = perturbationOf(column.system)
    const data = perturbation ? perturbData(original, perturbations[perturbation].perturb) : original
    const records =
      column.system === 'raw pixels' ? await comparePixels(data) : await this.#recordsOf(column, task, data)
    if (records.length !== task.samples) {
      throw new FlagError(
        'invalid-argument',
        `${task.id} ${column.language}: ${records.length} samples, version ${task.version} has ${task.samples}`,
        { hint: 'install the versions of the data packages that @flag/eval names' },
      )
    }
    return { records, warnings: column.system === 'model' ? warningsOf(data, language) : [] }
  }

  async #recordsOf(column: Column, task: Task, data: Dataset): Promise<SampleRecord[]> {
    if (abilityFor(task) === 'language') return this.#language(column, task, data)
    if (abilityFor(task) === 'outputs') return this.#outputs(column, task, data)
    const model = this.#model
    if (!('encodeText' in model && 'encodeImage' in model)) throw cannot(model, task, 'vectors')
    const vectors = await this.#embedderOf(column, model)
    // Everything at once first, so that the model is asked in whole batches also where episodes are small.
    const { texts, pictures } = requestsOf(data as Embedded)
    if (pictures.length > 0) await vectors('image', pictures)
    if (texts.length > 0) await vectors('text', texts)
    return evaluate(data as Embedded, vectors)
  }

  async #embedderOf(column: Column, model: EmbeddingModel): Promise<Embed> {
    const cache =
      this.#vectors.get(model.fingerprint) ??
      (await EmbeddingCache.open(this.#options.cache, model.fingerprint))
    this.#vectors.set(model.fingerprint, cache)
    return (what, inputs) =>
      embed(model, cache, what, inputs, (done, total) =>
        this.#options.onProgress?.(column, what, done, total),
      )
  }

  async #language(column: Column, task: Task, data: Dataset): Promise<SampleRecord[]> {
    const model = this.#model
    if (!isLanguageModel(model)) throw cannot(model, task, 'language')
    if (!isLanguageDataset(data))
      throw new FlagError('invalid-argument', `${task.id}: ${data.kind} data, expected ${task.kind}`)
    if (data.kind === 'code' && !this.#options.allowCode) throw programsNotAllowed(task.id)
    this.#answers ??= await RequestCache.open(this.#options.cache, model.fingerprint)
    const cache = this.#answers
    const onBatch = (done: number, total: number) =>
      this.#options.onProgress?.(column, 'request', done, total)
    return evaluateTexts(data, (requests, repeats) => ask(model, requests, { cache, repeats, onBatch }), {
      unconditional: task.metrics.includes('acc_mutual_info'),
    })
  }

  async #outputs(column: Column, task: Task, data: Dataset): Promise<SampleRecord[]> {
    const model = this.#model
    if (!isGeneratingModel(model)) throw cannot(model, task, 'pictures or captions')
    const { outputs } = task
    const encoder = this.#options.encoders.get(outputs?.encoder ?? '')
    if (!outputs || !encoder) throw new FlagError('invalid-argument', `${task.id} names no encoder`)
    const make = task.kind === 'feature' ? featuresOf : scoreOutputs
    return make(data, model, await this.#embedderOf(column, encoder), outputs)
  }
}

const cannot = ({ name }: Subject, { id }: Task, what: string) =>
  new FlagError('unsupported', `${name} gives no ${what}, which the task ${id} needs`, {
    hint: 'flageval list says what each task is of',
  })

async function comparePixels(data: Dataset): Promise<SampleRecord[]> {
  const { data: pictured, texts } = withReferences(data as Embedded)
  return evaluate(pictured, (what, inputs) =>
    pixels(
      'image',
      inputs.map((input) => (what === 'text' ? (texts.get(input as string) as PictureInput) : input)),
    ),
  )
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
