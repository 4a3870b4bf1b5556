import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
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
import { type ImageInput, ImageProcessor, type ProcessorPool, processorPool } from '../../preprocess/index.ts'
import { checkedBatchSize, inBatches, mapOrdered, stackedPictures } from '../batches.ts'
import type { Weights } from '../bind.ts'
import type { PretrainedOptions } from '../dualEncoder.ts'
import { modelSource } from '../source.ts'
import { softmax } from '../vectors.ts'
import { type EVAConfig, parseEVAConfig } from './config.ts'
import { inferEVAConfig } from './infer.ts'
import { bodyFeatures, classLogits, patchFeatures, trunk } from './model.ts'
import { evaModels } from './published.ts'
import { findWeights } from './weights.ts'

export interface EVAOptions extends Omit<PretrainedOptions, 'sessions'> {
  /** The configuration, or the name of a published model that has it. Default: found beside the weights or in them. */
  config?: EVAConfig | keyof typeof evaModels
  /** Names of the classes, or a file with one a line. Without them classes are numbers. */
  labels?: readonly string[] | string
  /** Pixels of a side that pictures are brought to. Default: what the model was trained with. */
  imageSize?: number
}

export interface EVAClass {
  index: number
  /** The class's name, where the model was opened with `labels`. */
  label: string | undefined
  /** Between 0 and 1; those of all classes add up to 1. */
  probability: number
}

const BATCH = 16
/** One that runs, one that waits for its turn, one whose pictures are prepared. */
const BATCHES_AT_WORK = 3

type Run = CompiledFunction<readonly Spec[], Value>

/**
 * EVA (Fang et al. 2022, arXiv 2211.07636) and EVA-02 (Fang et al. 2023, arXiv 2303.11331): vision transformers that
 * were trained to give CLIP's features of masked patches, as classifiers of ImageNet, as masked image models, or bare.
 *
 * @example
 * const model = await EVA.fromPretrained('eva02_S_pt_in21k_ft_in1k_p14.pt', { labels: 'imagenet.txt' })
 * const [best] = await model.classify('cat.png', { topK: 5 })
 * await model.dispose()
 */
export class EVA {
  readonly config: EVAConfig
  readonly labels: readonly string[] | undefined
  readonly #checkpoint: Checkpoint
  readonly #weights: Weights
  readonly #pool: ProcessorPool
  readonly #imageSize: number
  readonly #options: EVAOptions
  readonly #runs = new Map<string, Promise<Run>>()

  private constructor(
    config: EVAConfig,
    labels: readonly string[] | undefined,
    checkpoint: Checkpoint,
    weights: Weights,
    options: EVAOptions,
  ) {
    this.config = config
    this.labels = labels
    this.#checkpoint = checkpoint
    this.#weights = weights
    this.#options = options
    this.#imageSize = options.imageSize ?? config.imageSize
    // CLIP's mean and standard deviation, as the original code evaluates both EVA and EVA-02 with.
    const size = { size: this.#imageSize, crop_size: this.#imageSize }
    const processor = ImageProcessor.fromConfig(size, { cropConvention: 'torchvision', keepMode: true })
    const { threads = availableParallelism() } = options
    this.#pool = processorPool(processor, Math.max(1, Math.floor(threads / 2)))
  }

  /**
   * Opens a model by the file of its weights, by its folder, by the name of a published model (see `evaModels`), or by
   * that of a repository on the Hugging Face hub, which are downloaded into the cache once. Files of the original code,
   * of timm, and such as trainers wrap need no configuration: what a `config.json` of timm does not say is told from the file's name and its tensors.
   *
   * Throws a FlagError that names the file, what was found and what was expected.
   */
  static async fromPretrained(idOrPath: string, options: EVAOptions = {}): Promise<EVA> {
    const source = await modelSource(idOrPath, {
      models: evaModels,
      weights: ['model.safetensors', 'pytorch_model.bin'],
      configs: ['config.json'],
      hub: options,
    })
    const checkpoint = await openCheckpoint(source.weights)
    try {
      const config =
        configOf(options.config) ??
        (source.config && parseEVAConfig(source.config.json, source.config.file)) ??
        source.published?.config ??
        inferEVAConfig(checkpoint, source.weights)
      const weights = await findWeights(checkpoint, config, source.weights)
      return new EVA(config, labelsOf(options.labels, config), checkpoint, weights, options)
    } catch (error) {
      await checkpoint.close()
      throw error
    }
  }

  /**
   * The likeliest classes of each picture, `topK` of them (5 by default), best first. Throws `unsupported` for a model
   * without classes, and what reading pictures throws.
   */
  async classify(
    images: ImageInput | readonly ImageInput[],
    { topK = 5, batchSize = BATCH } = {},
  ): Promise<EVAClass[][]> {
    const { head } = this.config
    if (head.kind !== 'classes') {
      throw new FlagError('unsupported', 'this model has no classes', {
        hint: 'open a model that was fine-tuned on ImageNet, such as eva02_S_pt_in21k_ft_in1k_p14',
      })
    }
    const logits = await this.#perPicture(images, batchSize, 'logits', (scope, last) =>
      classLogits(scope, bodyFeatures(scope, this.config, last)),
    )
    return logits.map((row) => {
      const probabilities = softmax([...row])
      return probabilities
        .map((probability, index) => ({ index, label: this.labels?.[index], probability }))
        .sort((a, b) => b.probability - a.probability)
        .slice(0, topK)
    })
  }

  /** One vector for each picture, float32 `[pictures, width]`: the normalised mean of its patches, which classes are read from. */
  async features(
    images: ImageInput | readonly ImageInput[],
    { batchSize = BATCH } = {},
  ): Promise<Tensor<'float32'>> {
    const rows = await this.#perPicture(images, batchSize, 'features', (scope, last) =>
      bodyFeatures(scope, this.config, last),
    )
    return stacked(rows, [this.config.width])
  }

  /**
   * What masked image modelling asks for: the teacher's features of every patch, seen or masked, float32
   * `[pictures, patches, width of the teacher]`. `masked` says for each picture which patches are hidden, row by row
   * from the top; none by default. Throws `unsupported` for a model without that head, `shape-mismatch` for a mask of
   * another size.
   */
  async reconstruct(
    images: ImageInput | readonly ImageInput[],
    { masked, batchSize = BATCH }: { masked?: readonly (readonly boolean[])[]; batchSize?: number } = {},
  ): Promise<Tensor<'float32'>> {
    const { head, patchSize } = this.config
    if (head.kind !== 'patches') {
      throw new FlagError('unsupported', 'this model has no head for masked patches', {
        hint: 'open a model that was only pre-trained, such as eva02_S_pt_in21k_p14',
      })
    }
    const list = listOf(images)
    const patches = Math.floor(this.#imageSize / patchSize) ** 2
    const masks = masked ?? list.map(() => Array<boolean>(patches).fill(false))
    if (masks.length !== list.length || masks.some((mask) => mask.length !== patches)) {
      throw new FlagError('shape-mismatch', `masks must be ${list.length} lists of ${patches} patches`)
    }
    const run = await this.#maskedRun(patches)
    const rows = await this.#inBatches(list, batchSize, (pixels, group) => {
      const hidden = Uint8Array.from(group.flatMap((i) => masks[i].map(Number)))
      return run(pixels, new Tensor('bool', [group.length, patches], hidden))
    })
    return stacked(rows, [patches, head.width])
  }

  /** Ends the threads that run the model and closes its files. The model cannot be used afterwards. */
  async dispose(): Promise<void> {
    await this.#pool.dispose()
    const runs = await Promise.allSettled(this.#runs.values())
    this.#runs.clear()
    for (const run of runs) if (run.status === 'fulfilled') await run.value.dispose()
    await this.#checkpoint.close()
  }

  async #perPicture(
    images: ImageInput | readonly ImageInput[],
    batchSize: number,
    name: string,
    read: (scope: Weights['scope'], last: Value) => Value,
  ): Promise<Float32Array[]> {
    const { scope } = this.#weights
    const run = await this.#run(name, [this.#pixels()], (pixels) =>
      read(scope, trunk(scope, this.config, pixels)[this.config.layers]),
    )
    return this.#inBatches(listOf(images), batchSize, (pixels) => run(pixels))
  }

  /** What `run` gives for each picture, while threads of their own prepare the next batches. */
  async #inBatches(
    images: readonly ImageInput[],
    batchSize: number,
    run: (pixels: Tensor<'float32'>, group: readonly number[]) => Promise<Tensor>,
  ): Promise<Float32Array[]> {
    const rows: Float32Array[] = []
    const groups = inBatches(images.keys(), checkedBatchSize(batchSize))
    const results = mapOrdered(groups, BATCHES_AT_WORK, async (group) => {
      const pictures = await Promise.all(group.map((i) => this.#pool.process(images[i])))
      return run(stackedPictures(pictures), group)
    })
    for await (const result of results) rows.push(...rowsOf(result))
    return rows
  }

  #maskedRun(patches: number): Promise<Run> {
    const { scope } = this.#weights
    const { config } = this
    return this.#run('patches', [this.#pixels(), spec('bool', ['batch', patches])], (pixels, mask) =>
      patchFeatures(scope, config, trunk(scope, config, pixels, { mask })[config.layers]),
    )
  }

  #pixels(): Spec {
    return spec('float32', ['batch', 3, this.#imageSize, this.#imageSize])
  }

  #run(name: string, inputs: readonly Spec[], graph: (...values: Value[]) => Value): Promise<Run> {
    const { providers, threads } = this.#options
    const known = this.#runs.get(name)
    if (known) return known
    const compiled = compile(graph, inputs, { providers, threads }) as Promise<Run>
    this.#runs.set(name, compiled)
    return compiled
  }
}

const listOf = (images: ImageInput | readonly ImageInput[]): readonly ImageInput[] =>
  Array.isArray(images) ? (images as readonly ImageInput[]) : [images as ImageInput]

/** The numbers of each row of the first axis. */
const rowsOf = (tensor: Tensor): Float32Array[] =>
  Array.from({ length: tensor.shape[0] }, (_, i) => tensor.row(i).data as Float32Array)

function stacked(rows: readonly Float32Array[], shape: readonly number[]): Tensor<'float32'> {
  const size = shape.reduce((product, dim) => product * dim, 1)
  const data = new Float32Array(rows.length * size)
  for (const [i, row] of rows.entries()) data.set(row, i * size)
  return new Tensor('float32', [rows.length, ...shape], data)
}

function configOf(config: EVAOptions['config']): EVAConfig | undefined {
  if (typeof config !== 'string') return config as EVAConfig | undefined
  if (Object.hasOwn(evaModels, config)) return evaModels[config].config
  throw new FlagError('invalid-argument', `config: no published EVA is called "${config}"`, {
    hint: `known: ${Object.keys(evaModels).join(', ')}`,
  })
}

function labelsOf(labels: EVAOptions['labels'], { head }: EVAConfig): readonly string[] | undefined {
  if (labels === undefined) return undefined
  if (typeof labels === 'string' && !existsSync(labels)) {
    throw new FlagError('not-found', `${labels}: no such file`, { hint: 'give a file with one class a line' })
  }
  const names = typeof labels === 'string' ? readFileSync(labels, 'utf8').trimEnd().split(/\r?\n/) : labels
  const classes = head.kind === 'classes' ? head.classes : 0
  if (names.length === classes) return names
  throw new FlagError('invalid-argument', `labels: ${names.length} names for a model of ${classes} classes`)
}
