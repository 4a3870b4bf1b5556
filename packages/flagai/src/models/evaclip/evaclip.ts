import {
  type Checkpoint,
  type CompiledFunction,
  compile,
  FlagError,
  openCheckpoint,
  type Spec,
  spec,
  Tensor,
  type Value,
} from '@flag/core-tensor'
import { type ImageInput, ImageProcessor } from '../../preprocess/index.ts'
import type { EmbeddingModel } from '../../search/index.ts'
import { ClipTokenizer, openTokenizer, type Tokenizer } from '../../tokenizers/index.ts'
import type { EncodeOptions, PretrainedOptions, ZeroShotOptions, ZeroShotScore } from '../altclip/altclip.ts'
import { batches, padRight } from '../batches.ts'
import type { Weights } from '../bind.ts'
import { modelSource } from '../source.ts'
import { cosineSimilarity, normalizeRows } from '../vectors.ts'
import { zeroShotScores } from '../zeroShot.ts'
import { type EVACLIPConfig, inferEVACLIPConfig, parseEVACLIPConfig } from './config.ts'
import { encodeImage, encodeText } from './model.ts'
import { evaCLIPModels } from './published.ts'
import { findWeights } from './weights.ts'

export interface EVACLIPOptions extends PretrainedOptions {
  /** The configuration, or the name of a published model that has it. Default: found beside the weights or in them. */
  config?: EVACLIPConfig | keyof typeof evaCLIPModels
  /** Pixels of a side that pictures are brought to. Default: what the model was trained with. */
  imageSize?: number
}

const TEXT_BATCH = 64
const IMAGE_BATCH = 16

type Encoder = CompiledFunction<readonly [Spec], Value>

/**
 * EVA-CLIP (Sun et al. 2023, arXiv 2303.15389, and 2024, arXiv 2402.04252): English texts and pictures as vectors of
 * one space.
 *
 * @example
 * const model = await EVACLIP.fromPretrained('EVA02_CLIP_B_psz16_s8B.pt')
 * const [{ label }] = await model.zeroShot('cat.png', ['a photo of a cat', 'a photo of a dog'])
 * await model.dispose()
 */
export class EVACLIP implements EmbeddingModel {
  readonly config: EVACLIPConfig
  readonly languages: readonly string[] = ['en']
  /** What cosine similarities are multiplied with before a softmax. */
  readonly logitScale: number
  readonly #checkpoint: Checkpoint
  readonly #weights: Weights
  readonly #tokenizer: Tokenizer
  readonly #processor: ImageProcessor
  readonly #imageSize: number
  readonly #options: EVACLIPOptions
  #text: Promise<Encoder> | undefined
  #vision: Promise<Encoder> | undefined
  #disposed = false

  private constructor(
    parts: {
      config: EVACLIPConfig
      logitScale: number
      checkpoint: Checkpoint
      weights: Weights
      tokenizer: Tokenizer
    },
    options: EVACLIPOptions,
  ) {
    this.config = parts.config
    this.logitScale = parts.logitScale
    this.#checkpoint = parts.checkpoint
    this.#weights = parts.weights
    this.#tokenizer = parts.tokenizer
    this.#options = options
    this.#imageSize = options.imageSize ?? parts.config.vision.imageSize
    const size = { size: this.#imageSize, crop_size: this.#imageSize }
    this.#processor = ImageProcessor.fromConfig(size, { cropConvention: 'torchvision', keepMode: true })
  }

  /**
   * Opens a model by the file of its weights, by its folder, by the name of a published model (see `evaCLIPModels`), or
   * by that of a repository in the Hugging Face cache. Files of the original repository need nothing beside them: their
   * configuration is told from their name and tensors, and CLIP's vocabulary comes with this package. Files of
   * open_clip (`open_clip_config.json`) and of the modelling code of BAAI/EVA-CLIP-8B (`config.json`) are opened, too.
   *
   * Throws a FlagError that names the file, what was found and what was expected.
   */
  static async fromPretrained(idOrPath: string, options: EVACLIPOptions = {}): Promise<EVACLIP> {
    const source = await modelSource(idOrPath, {
      models: evaCLIPModels,
      weights: [
        'open_clip_model.safetensors',
        'open_clip_pytorch_model.bin',
        'model.safetensors',
        'model.safetensors.index.json',
        'pytorch_model.bin',
        'pytorch_model.bin.index.json',
      ],
      configs: ['open_clip_config.json', 'config.json'],
      revision: options.revision,
    })
    const checkpoint = await openCheckpoint(source.weights)
    try {
      const config =
        configOf(options.config) ??
        (source.config && parseEVACLIPConfig(source.config.json, source.config.file)) ??
        source.published?.config ??
        inferEVACLIPConfig(checkpoint, source.weights)
      const weights = await findWeights(checkpoint, config, source.weights)
      const tokenizer = await tokenizerOf(source.folder)
      if (tokenizer.vocabSize > config.text.vocabSize) {
        throw new FlagError(
          'invalid-argument',
          `${source.folder}: the tokenizer has ${tokenizer.vocabSize} ids, the model only ${config.text.vocabSize}`,
          { hint: 'use the tokenizer that was published with these weights' },
        )
      }
      const logitScale = Math.exp((await weights.read('logit_scale')).item())
      return new EVACLIP({ config, logitScale, checkpoint, weights, tokenizer }, options)
    } catch (error) {
      await checkpoint.close()
      throw error
    }
  }

  /**
   * Texts as float32 `[texts, E]`, rows of length 1 unless `normalize` is false. Texts longer than 77 tokens are cut.
   * Texts of similar length go through the model together, 64 at a time.
   */
  async encodeText(
    texts: string | readonly string[],
    options: EncodeOptions = {},
  ): Promise<Tensor<'float32'>> {
    const list = typeof texts === 'string' ? [texts] : texts
    const ids = list.map((text) => this.#tokenizer.encode(text, { maxLength: this.config.text.positions }))
    const order = ids.map((_, i) => i).sort((a, b) => ids[a].length - ids[b].length)
    const run = await this.#textEncoder()
    const result = this.#emptyResult(list.length)
    for (const rows of batches(order, options.batchSize ?? TEXT_BATCH)) {
      const padded = padRight(
        rows.map((row) => ids[row]),
        0,
      )
      const vectors = await run(padded)
      rows.forEach((row, i) => void result.row(row).data.set(vectors.row(i).data as Float32Array))
    }
    return options.normalize === false ? result : normalizeRows(result)
  }

  /**
   * Pictures (paths, file bytes or pixels) as float32 `[pictures, E]`, rows of length 1 unless `normalize` is false.
   * 16 go through the model at a time, while the next are decoded.
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

  /** How probable each label is for a picture, among these labels, the most probable first. */
  zeroShot(
    image: ImageInput,
    labels: readonly string[],
    options: ZeroShotOptions = {},
  ): Promise<ZeroShotScore[]> {
    return zeroShotScores(this, image, labels, options)
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
      (ids: Value) => encodeText(scope, this.config, ids).embeds,
      spec('int64', ['batch', 'length']),
    )
    return this.#text
  }

  #imageEncoder(): Promise<Encoder> {
    this.#checkUsable()
    const { scope } = this.#weights
    this.#vision ??= this.#compile(
      (pixels: Value) => encodeImage(scope, this.config, pixels).embeds,
      spec('float32', ['batch', 3, this.#imageSize, this.#imageSize]),
    )
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
    if (this.#disposed) throw new FlagError('invalid-argument', 'this EVA-CLIP model was disposed')
  }
}

function configOf(config: EVACLIPOptions['config']): EVACLIPConfig | undefined {
  if (typeof config !== 'string') return config as EVACLIPConfig | undefined
  if (Object.hasOwn(evaCLIPModels, config)) return evaCLIPModels[config].config
  throw new FlagError('invalid-argument', `config: no published EVA-CLIP is called "${config}"`, {
    hint: `known: ${Object.keys(evaCLIPModels).join(', ')}`,
  })
}

/** The tokenizer that lies beside the weights, or CLIP's, which all published models have. */
async function tokenizerOf(folder: string): Promise<Tokenizer> {
  return openTokenizer(folder).catch((error: unknown) => {
    if (error instanceof FlagError && error.code === 'not-found') return ClipTokenizer.embedded()
    throw error
  })
}
