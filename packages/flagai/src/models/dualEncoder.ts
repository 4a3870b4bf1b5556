import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import {
  type Checkpoint,
  type CompiledFunction,
  compile,
  type ExecutionProvider,
  FlagError,
  openCheckpoint,
  prepareThreads,
  type Scope,
  type Spec,
  spec,
  Tensor,
  type Value,
} from '@flag/core-tensor'
import type { HubOptions } from '../hub/index.ts'
import { type ImageInput, ImageProcessor, type ProcessorPool, processorPool } from '../preprocess/index.ts'
import type { EmbeddedImage, EmbeddingModel } from '../search/index.ts'
import { openTokenizer, type Tokenizer } from '../tokenizers/index.ts'
import {
  checkedBatchSize,
  groupsByLength,
  inBatches,
  mapOrdered,
  padRight,
  stackedPictures,
} from './batches.ts'
import { type BindOptions, bindParameters, type Weights } from './bind.ts'
import type { Exportable, Tower } from './export.ts'
import { modelFolder, readJson, weightsFolder } from './folder.ts'
import type { ParameterTable } from './parameters.ts'
import { type ConversionProgress, inPrecision, type ModelDType, parseModelDType } from './precision.ts'
import { cosineSimilarity, meanOfRows, normalizeRows, softmax } from './vectors.ts'

export interface PretrainedOptions extends HubOptions {
  /** Execution providers in order of preference. Default: `['cpu']`. */
  providers?: readonly ExecutionProvider[]
  /** How weights are kept: see `ModelDType`. Default: `auto`. */
  dtype?: ModelDType
  /** Told while weights are converted to another dtype, which happens once. */
  onConversion?: ConversionProgress
  /**
   * Keep the weights also in the layout that this processor's kernels read, in the cache (`FLAG_CACHE`), with twice
   * their size, and map them from there: towers run faster and take no more memory. That is done behind the scenes
   * once a tower has run for a second; 16-bit weights become float32 there. Default: only with `dtype: 'int8'`, which
   * gains most, for towers of more than 256 MB.
   */
  packed?: boolean
  /** Threads for the model, all together. Default: one per core. */
  threads?: number
  /**
   * Sessions per tower, which share the threads and one mapping of the weights. Default: one for every four threads,
   * since the products of one batch keep about as many busy.
   */
  sessions?: number
}

export interface EncodeOptions {
  /** Scale every row to length 1. Default true. */
  normalize?: boolean
  /** How many texts or pictures at most go through the model at a time. */
  batchSize?: number
}

export interface ZeroShotOptions {
  /** Texts around a label, with `{}` where it goes; their embeddings are averaged. Default: the bare label. */
  templates?: readonly string[]
}

export interface ZeroShotScore {
  label: string
  /** Between 0 and 1; those of all labels add up to 1. */
  probability: number
}

/** What one family of dual encoders is: how its files are read, and the towers as functions over its parameters. */
export interface DualEncoderFamily<Config> extends Pick<BindOptions, 'spellings' | 'ignored'> {
  /** The class's name, for messages. */
  readonly name: string
  /** Reads `config.json`; `file` is named in messages. */
  parseConfig(json: unknown, file: string): Config
  parameters(config: Config): ParameterTable
  embedWidth(config: Config): number
  readonly text: {
    /** Rows of the token table. */
    vocabSize(config: Config): number
    /** The longest text in tokens, marks of begin and end included. */
    maxLength(config: Config): number
    /** What short rows are filled with. */
    padId(config: Config): number
    /** Ids [B, T] as [B, E], not normalised. */
    embeds(scope: Scope, config: Config, ids: Value): Value
  }
  readonly image: {
    size(config: Config): number
    channels(config: Config): number
    /** Pixels [B, C, H, W] as [B, E], not normalised. */
    embeds(scope: Scope, config: Config, pixels: Value): Value
  }
}

/** An opened model: everything that answering needs. */
export interface DualEncoderParts<Config> {
  readonly family: DualEncoderFamily<Config>
  readonly config: Config
  readonly languages: readonly string[]
  readonly checkpoint: Checkpoint
  readonly weights: Weights
  readonly logitScale: number
  readonly tokenizer: Tokenizer
  readonly processor: ImageProcessor
  readonly options: PretrainedOptions
}

/**
 * Opens a model of a family by its folder or its name. The folder is laid out as published: `config.json`, weights as
 * safetensors or torch files, sharded or not, tokenizer, `preprocessor_config.json`. Weights stay in their files,
 * which are mapped when first used.
 *
 * Throws a FlagError that names the file, what was found and what was expected.
 */
export async function openDualEncoder<Config>(
  family: DualEncoderFamily<Config>,
  idOrFolder: string,
  options: PretrainedOptions,
): Promise<DualEncoderParts<Config> & { folder: string }> {
  parseModelDType(options.dtype ?? 'auto')
  const folder = await modelFolder(idOrFolder, options)
  const weightsIn = await weightsFolder(folder)
  const file = [folder, weightsIn].map((place) => join(place, 'config.json')).find(readJson)
  if (file === undefined) {
    throw new FlagError('not-found', `${join(folder, 'config.json')}: no such file`, {
      hint: 'copy the config.json of the model that was trained into this folder',
    })
  }
  const config = family.parseConfig(readJson(file), file)
  const size = family.image.size(config)
  // Both towers' threads load the runtime while the tokenizer and the checkpoint are opened.
  prepareThreads(2)
  const processor = ImageProcessor.fromConfig(
    readJson(join(folder, 'preprocessor_config.json')) ?? { size, crop_size: size },
    { background: [255, 255, 255] },
  )
  const tokenizer = await openTokenizer(folder)
  const parts = { family, config, tokenizer, processor, options }
  return { ...(await withWeights(parts, weightsIn)), folder }
}

/** Adds the weights of a file or folder to the other parts of a model, and checks that the parts fit together. */
export async function withWeights<Config>(
  parts: Omit<DualEncoderParts<Config>, 'checkpoint' | 'weights' | 'logitScale' | 'languages'>,
  file: string,
): Promise<DualEncoderParts<Config>> {
  const { family, config, tokenizer, processor } = parts
  pixelSize(processor)
  const vocabSize = family.text.vocabSize(config)
  if (tokenizer.vocabSize > vocabSize) {
    throw new FlagError(
      'invalid-argument',
      `${file}: the tokenizer has ${tokenizer.vocabSize} ids, the model only ${vocabSize}`,
      { hint: 'use the tokenizer that was published with these weights' },
    )
  }
  const checkpoint = await openCheckpoint(file)
  try {
    const { name: model, spellings, ignored } = family
    const table = family.parameters(config)
    const weights = await bindParameters(checkpoint, table, { file, model, spellings, ignored })
    const logitScale = Math.exp((await weights.read('logit_scale')).item())
    return { ...parts, languages: [], checkpoint, weights, logitScale }
  } catch (error) {
    await checkpoint.close()
    throw error
  }
}

/** Ids in one run, padding included: enough to fill the processor, few enough to stay in its caches. */
export const TEXT_TOKENS = 512
const TEXT_BATCH = 64
const IMAGE_BATCH = 8

type Encoder = CompiledFunction<readonly [Spec], Value>

/** Texts and pictures as vectors of one space: what AltCLIP, CLIP and EVA-CLIP have in common. */
export abstract class DualEncoder<Config> implements EmbeddingModel, Exportable {
  readonly config: Config
  /** ISO 639-1 codes of the languages that the model was trained on; empty when that is not known. */
  readonly languages: readonly string[]
  /** What cosine similarities are multiplied with before a softmax. */
  readonly logitScale: number
  readonly #parts: DualEncoderParts<Config>
  readonly #pool: ProcessorPool
  readonly #sessions: number
  readonly #threads: number
  #text: Promise<Encoder> | undefined
  #image: Promise<Encoder> | undefined
  readonly #converted: Checkpoint[] = []
  #disposed = false

  protected constructor(parts: DualEncoderParts<Config>) {
    this.config = parts.config
    this.languages = parts.languages
    this.logitScale = parts.logitScale
    this.#parts = parts
    const { threads = availableParallelism(), sessions = Math.max(1, Math.floor(threads / 4)) } =
      parts.options
    this.#sessions = sessions
    this.#threads = Math.max(1, Math.floor(threads / sessions))
    this.#pool = processorPool(parts.processor, Math.max(1, Math.floor(threads / 2)))
  }

  /**
   * Texts as float32 `[texts, E]`, rows of length 1 unless `normalize` is false. Texts longer than the model reads
   * are cut. Texts of similar length go through the model together, at most `batchSize` (64) at a time.
   */
  async encodeText(
    texts: string | readonly string[],
    options: EncodeOptions = {},
  ): Promise<Tensor<'float32'>> {
    const { family, config, tokenizer } = this.#parts
    const size = checkedBatchSize(options.batchSize ?? TEXT_BATCH)
    const maxLength = family.text.maxLength(config)
    // The model opens while the texts are cut into tokens.
    const opening = this.#textEncoder()
    opening.catch(() => {})
    const ids = (typeof texts === 'string' ? [texts] : texts).map((text) =>
      tokenizer.encode(text, { maxLength }),
    )
    const groups = groupsByLength(
      ids.map((row) => row.length),
      { size, tokens: TEXT_TOKENS },
    )
    const run = await opening
    const result = this.#emptyResult(ids.length)
    const encoded = mapOrdered(groups, this.#inFlight, async (rows) => {
      const padded = padRight(
        rows.map((row) => ids[row]),
        family.text.padId(config),
      )
      return { rows, vectors: await run(padded) }
    })
    for await (const { rows, vectors } of encoded) {
      rows.forEach((row, i) => void result.row(row).data.set(vectors.row(i).data as Float32Array))
    }
    return options.normalize === false ? result : normalizeRows(result)
  }

  /**
   * Pictures (paths, file bytes or pixels) as float32 `[pictures, E]`, rows of length 1 unless `normalize` is false.
   * Transparent pictures are laid on white. They go through the model `batchSize` (8) at a time, while threads of
   * their own decode and resize the next.
   *
   * Throws `not-found`, `corrupt-file` or `unsupported` naming the picture that cannot be read.
   */
  async encodeImage(
    images: ImageInput | readonly ImageInput[],
    options: EncodeOptions = {},
  ): Promise<Tensor<'float32'>> {
    const list = Array.isArray(images) ? (images as readonly ImageInput[]) : [images as ImageInput]
    const result = this.#emptyResult(list.length)
    let row = 0
    for await (const embedded of this.encodeImageStream(list, options)) {
      if ('error' in embedded) throw embedded.error
      result.row(row++).data.set(embedded.vector)
    }
    return result
  }

  /**
   * The vectors of pictures one by one, in their order, as `encodeImage` gives them; a picture that cannot be read
   * comes with its error instead, and the others go on. Only a few batches are in memory at a time, so the pictures
   * may be any number.
   *
   * @example
   * for await (const { image, vector, error } of model.encodeImageStream(paths)) {
   *   if (error) console.warn(error.message)
   *   else await store(image, vector)
   * }
   */
  async *encodeImageStream<I extends ImageInput>(
    images: Iterable<I> | AsyncIterable<I>,
    options: EncodeOptions = {},
  ): AsyncGenerator<EmbeddedImage<I>> {
    const size = checkedBatchSize(options.batchSize ?? IMAGE_BATCH)
    // The model opens while the first pictures are decoded.
    const opening = this.#imageEncoder()
    opening.catch(() => {})
    const encoded = mapOrdered(inBatches(images, size), this.#inFlight, async (batch) => {
      const prepared = await Promise.allSettled(batch.map((image) => this.#pool.process(image)))
      const run = await opening
      const read = prepared.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
      const vectors = read.length > 0 ? await run(stackedPictures(read)) : undefined
      let row = 0
      return batch.map((image, i): EmbeddedImage<I> => {
        const one = prepared[i]
        if (one.status === 'rejected') return { image, error: one.reason }
        return { image, vector: (vectors as Tensor).row(row++).data as Float32Array }
      })
    })
    for await (const batch of encoded) {
      for (const embedded of batch) {
        if (options.normalize !== false && embedded.vector) normalizeVector(embedded.vector)
        yield embedded
      }
    }
  }

  /** Cosine similarities of the rows of `a` `[N, E]` and `b` `[M, E]`: float32 `[N, M]`. */
  similarity(a: Tensor, b: Tensor): Tensor<'float32'> {
    return cosineSimilarity(a, b)
  }

  /**
   * How probable each label is for a picture, among these labels, the most probable first (Radford et al. 2021,
   * section 3.1): the softmax of scaled similarities.
   */
  async zeroShot(
    image: ImageInput,
    labels: readonly string[],
    { templates = ['{}'] }: ZeroShotOptions = {},
  ): Promise<ZeroShotScore[]> {
    if (labels.length === 0) throw new FlagError('invalid-argument', 'zeroShot needs at least one label')
    const bare = templates.length === 0 ? '' : templates.find((template) => !template.includes('{}'))
    if (bare !== undefined) {
      throw new FlagError('invalid-argument', `zeroShot: the template "${bare}" has no {} for the label`)
    }
    const prompts = labels.flatMap((label) => templates.map((template) => template.replaceAll('{}', label)))
    const [picture, texts] = await Promise.all([this.encodeImage(image), this.encodeText(prompts)])
    const cosines = cosineSimilarity(picture, meanOfRows(texts, templates.length))
    const logits = Array.from(cosines.data, (cosine) => this.logitScale * cosine)
    const probabilities = softmax(logits)
    return labels
      .map((label, i) => ({ label, probability: probabilities[i] }))
      .sort((a, b) => b.probability - a.probability)
  }

  /** Ends the threads that run the model and closes its files. The model cannot be used afterwards. */
  async dispose(): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    await this.#pool.dispose()
    const opened = await Promise.allSettled([this.#text, this.#image])
    for (const encoder of opened) if (encoder.status === 'fulfilled') await encoder.value?.dispose()
    for (const checkpoint of [this.#parts.checkpoint, ...this.#converted]) await checkpoint.close()
  }

  /** Batches under way: one in each session, one that waits for the first to be free, one being prepared. */
  get #inFlight(): number {
    return this.#sessions + 2
  }

  #emptyResult(rows: number): Tensor<'float32'> {
    const width = this.#parts.family.embedWidth(this.config)
    return new Tensor('float32', [rows, width], new Float32Array(rows * width))
  }

  /** The two halves of the model as functions; their results are not normalised. */
  get towers(): { text: Tower; vision: Tower } {
    this.#checkUsable()
    const { family, config, weights, processor } = this.#parts
    const { height, width } = pixelSize(processor)
    const pixels = spec('float32', ['batch', family.image.channels(config), height, width])
    return {
      text: {
        input: { name: 'input_ids', spec: spec('int64', ['batch', 'length']) },
        output: 'text_embeds',
        apply: (ids) => family.text.embeds(weights.scope, config, ids),
      },
      vision: {
        input: { name: 'pixel_values', spec: pixels },
        output: 'image_embeds',
        apply: (x) => family.image.embeds(weights.scope, config, x),
      },
    }
  }

  #textEncoder(): Promise<Encoder> {
    this.#checkUsable()
    this.#text ??= this.#compile('text')
    return this.#text
  }

  #imageEncoder(): Promise<Encoder> {
    this.#checkUsable()
    this.#image ??= this.#compile('vision')
    return this.#image
  }

  async #compile(part: 'text' | 'vision'): Promise<Encoder> {
    const { providers, dtype, packed, onConversion } = this.#parts.options
    const { input, apply } = this.towers[part]
    const opened = this.#converted
    const precision = inPrecision<Value>({ dtype, packed, part, onProgress: onConversion, opened })
    const options = { providers, threads: this.#threads, sessions: this.#sessions, fused: true, ...precision }
    const encoder = await compile(apply, [input.spec] as const, options)
    for (const { provider, reason } of encoder.session.fallbacks) {
      process.emitWarning(
        `${provider} is not usable here, running on ${encoder.session.provider}: ${reason}`,
        { code: 'FLAG_PROVIDER_FALLBACK' },
      )
    }
    return encoder
  }

  #checkUsable(): void {
    if (!this.#disposed) return
    throw new FlagError('invalid-argument', `this ${this.#parts.family.name} model was disposed`)
  }
}

function normalizeVector(vector: Float32Array): void {
  vector.set(normalizeRows(new Tensor('float32', [1, vector.length], vector)).data)
}

function pixelSize({ config: { crop, resize } }: ImageProcessor): { height: number; width: number } {
  const size = crop ?? (resize && 'height' in resize ? resize : undefined)
  if (size === undefined) {
    throw new FlagError('unsupported', 'preprocessor_config.json: pictures are not brought to one size', {
      hint: 'set do_center_crop and crop_size',
    })
  }
  return size
}
