import { join } from 'node:path'
import {
  type Checkpoint,
  type CompiledFunction,
  compile,
  type ExecutionProvider,
  FlagError,
  openCheckpoint,
  type Spec,
  spec,
  Tensor,
  type Value,
} from '@flag/core-tensor'
import type { HubOptions } from '../../hub/index.ts'
import { type ImageInput, ImageProcessor } from '../../preprocess/index.ts'
import type { EmbeddingModel } from '../../search/index.ts'
import { openTokenizer, type Tokenizer } from '../../tokenizers/index.ts'
import { batches, padRight } from '../batches.ts'
import type { Weights } from '../bind.ts'
import { imageEmbeds } from '../clip/model.ts'
import { knownModelOf, modelFolder, readJson, weightsFolder } from '../folder.ts'
import { cosineSimilarity, meanOfRows, normalizeRows, softmax } from '../vectors.ts'
import { type AltCLIPConfig, parseAltCLIPConfig } from './config.ts'
import { textEmbeds } from './model.ts'
import { findWeights } from './weights.ts'

export interface PretrainedOptions extends HubOptions {
  /** Execution providers in order of preference. Default: `['cpu']`. */
  providers?: readonly ExecutionProvider[]
  /** Threads inside an operator. Default: one per core. */
  threads?: number
}

export interface EncodeOptions {
  /** Scale every row to length 1. Default true. */
  normalize?: boolean
  /** How many texts or pictures go through the model at a time. */
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

/** Longest text in tokens, `<s>` and `</s>` included, that AltCLIP was trained with. */
const TEXT_LENGTH = 77
const TEXT_BATCH = 64
const IMAGE_BATCH = 16

type Encoder = CompiledFunction<readonly [Spec], Value>

/**
 * AltCLIP (Chen et al. 2022, arXiv 2211.06679): texts of many languages and pictures as vectors of one space.
 *
 * @example
 * const model = await AltCLIP.fromPretrained('altclip-emoji-m12')
 * const [{ label }] = await model.zeroShot('cat.png', ['кошка', 'собака'])
 * await model.dispose()
 */
export class AltCLIP implements EmbeddingModel {
  readonly config: AltCLIPConfig
  /** ISO 639-1 codes of the languages that the model was trained on; empty when that is not known. */
  readonly languages: readonly string[]
  /** What cosine similarities are multiplied with before a softmax. */
  readonly logitScale: number
  readonly #checkpoint: Checkpoint
  readonly #weights: Weights
  readonly #tokenizer: Tokenizer
  readonly #processor: ImageProcessor
  readonly #options: PretrainedOptions
  #text: Promise<Encoder> | undefined
  #vision: Promise<Encoder> | undefined
  #disposed = false

  private constructor(
    parts: {
      config: AltCLIPConfig
      languages: readonly string[]
      logitScale: number
      checkpoint: Checkpoint
      weights: Weights
      tokenizer: Tokenizer
      processor: ImageProcessor
    },
    options: PretrainedOptions,
  ) {
    this.config = parts.config
    this.languages = parts.languages
    this.logitScale = parts.logitScale
    this.#checkpoint = parts.checkpoint
    this.#weights = parts.weights
    this.#tokenizer = parts.tokenizer
    this.#processor = parts.processor
    this.#options = options
  }

  /**
   * Opens a model by its folder, by the name of the one that comes with this package (`altclip-emoji-m12`), or by its
   * name on the Hugging Face hub, from which it is downloaded into the cache once. The folder is laid out as published (`config.json`, weights as
   * safetensors or torch files, sharded or not, `sentencepiece.bpe.model` or `tokenizer.json`,
   * `preprocessor_config.json`) or as FlagAI's trainer saves it. Weights stay in their files, which are mapped when
   * first used.
   *
   * Throws a FlagError that names the file, what was found and what was expected.
   */
  static async fromPretrained(idOrFolder: string, options: PretrainedOptions = {}): Promise<AltCLIP> {
    const folder = await modelFolder(idOrFolder, options)
    const weightsIn = await weightsFolder(folder)
    const file = [folder, weightsIn].map((place) => join(place, 'config.json')).find(readJson)
    if (file === undefined) {
      throw new FlagError('not-found', `${join(folder, 'config.json')}: no such file`, {
        hint: 'copy the config.json of the model that was trained into this folder',
      })
    }
    const config = parseAltCLIPConfig(readJson(file), file)
    const processor = processorOf(folder, config)
    const tokenizer = await openTokenizer(folder)
    if (tokenizer.vocabSize > config.text.vocabSize) {
      throw new FlagError(
        'invalid-argument',
        `${folder}: the tokenizer has ${tokenizer.vocabSize} ids, the model only ${config.text.vocabSize}`,
        { hint: 'use the tokenizer that was published with these weights' },
      )
    }
    const checkpoint = await openCheckpoint(weightsIn)
    try {
      const weights = await findWeights(checkpoint, config, weightsIn)
      const logitScale = Math.exp((await weights.read('logit_scale')).item())
      const languages =
        config.languages ?? knownModelOf(idOrFolder)?.languages ?? knownModelOf(folder)?.languages ?? []
      return new AltCLIP(
        { config, languages, logitScale, checkpoint, weights, tokenizer, processor },
        options,
      )
    } catch (error) {
      await checkpoint.close()
      throw error
    }
  }

  /**
   * Texts as float32 `[texts, E]`, rows of length 1 unless `normalize` is false. Texts longer than the model reads
   * are cut. Texts of similar length go through the model together, 64 at a time.
   */
  async encodeText(
    texts: string | readonly string[],
    options: EncodeOptions = {},
  ): Promise<Tensor<'float32'>> {
    const list = typeof texts === 'string' ? [texts] : texts
    const maxLength = Math.min(TEXT_LENGTH, this.config.text.positions - this.config.text.padId - 1)
    const ids = list.map((text) => this.#tokenizer.encode(text, { maxLength }))
    const order = ids.map((_, i) => i).sort((a, b) => ids[a].length - ids[b].length)
    const run = await this.#textEncoder()
    const result = this.#emptyResult(list.length)
    for (const rows of batches(order, options.batchSize ?? TEXT_BATCH)) {
      const vectors = await run(
        padRight(
          rows.map((row) => ids[row]),
          this.config.text.padId,
        ),
      )
      rows.forEach((row, i) => void result.row(row).data.set(vectors.row(i).data as Float32Array))
    }
    return options.normalize === false ? result : normalizeRows(result)
  }

  /**
   * Pictures (paths, file bytes or pixels) as float32 `[pictures, E]`, rows of length 1 unless `normalize` is false.
   * Transparent pictures are laid on white. 16 go through the model at a time, while the next are decoded.
   *
   * Throws `not-found`, `corrupt-file` or `unsupported` naming the picture that cannot be read.
   */
  async encodeImage(
    images: ImageInput | readonly ImageInput[],
    options: EncodeOptions = {},
  ): Promise<Tensor<'float32'>> {
    const list = Array.isArray(images) ? (images as readonly ImageInput[]) : [images as ImageInput]
    const run = await this.#imageEncoder()
    const result = this.#emptyResult(list.length)
    const groups = batches([...list.keys()], options.batchSize ?? IMAGE_BATCH)
    const decode = (rows: number[] | undefined) => {
      const pixels = rows && this.#processor.processBatch(rows.map((row) => list[row]))
      // Awaited below; until then a failure is not one that nobody handles.
      pixels?.catch(() => {})
      return pixels
    }
    let next = decode(groups[0])
    for (const [i, rows] of groups.entries()) {
      const pixels = (await next) as Tensor<'float32'>
      next = decode(groups[i + 1])
      const vectors = await run(pixels)
      result.rows(rows[0], rows[rows.length - 1] + 1).data.set(vectors.data as Float32Array)
    }
    return options.normalize === false ? result : normalizeRows(result)
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
    const opened = await Promise.allSettled([this.#text, this.#vision])
    for (const encoder of opened) if (encoder.status === 'fulfilled') await encoder.value?.dispose()
    await this.#checkpoint.close()
  }

  #emptyResult(rows: number): Tensor<'float32'> {
    const width = this.config.embedWidth
    return new Tensor('float32', [rows, width], new Float32Array(rows * width))
  }

  #textEncoder(): Promise<Encoder> {
    this.#checkUsable()
    const { scope } = this.#weights
    this.#text ??= this.#compile(
      (ids: Value) => textEmbeds(scope, this.config, { ids }),
      spec('int64', ['batch', 'length']),
    )
    return this.#text
  }

  #imageEncoder(): Promise<Encoder> {
    this.#checkUsable()
    const { scope } = this.#weights
    const { height, width } = pixelSize(this.#processor)
    const pixels = spec('float32', ['batch', this.config.vision.channels, height, width])
    this.#vision ??= this.#compile((x: Value) => imageEmbeds(scope, this.config, x), pixels)
    return this.#vision
  }

  async #compile(tower: (input: Value) => Value, input: Spec): Promise<Encoder> {
    const { providers, threads } = this.#options
    const encoder = await compile(tower, [input] as const, { providers, threads })
    for (const { provider, reason } of encoder.session.fallbacks) {
      process.emitWarning(
        `${provider} is not usable here, running on ${encoder.session.provider}: ${reason}`,
        {
          code: 'FLAG_PROVIDER_FALLBACK',
        },
      )
    }
    return encoder
  }

  #checkUsable(): void {
    if (this.#disposed) throw new FlagError('invalid-argument', 'this AltCLIP model was disposed')
  }
}

/** The picture preparation that the folder describes, or CLIP's at the model's size. */
function processorOf(folder: string, config: AltCLIPConfig): ImageProcessor {
  const size = config.vision.imageSize
  const json = readJson(join(folder, 'preprocessor_config.json')) ?? { size, crop_size: size }
  const processor = ImageProcessor.fromConfig(json, { background: [255, 255, 255] })
  pixelSize(processor)
  return processor
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
