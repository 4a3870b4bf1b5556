import { concatRows, FlagError, type Tensor } from '@flag/core-tensor'
import { type PreprocessConfig, parsePreprocessConfig } from './config.ts'
import type { ImageInput } from './picture.ts'
import { type ProcessorOptions, preparation } from './prepare.ts'

/** Decoding is memory-hungry for big pictures: this many are decoded at a time. */
const DECODERS = 4

/**
 * Turns pictures into the tensor a CLIP vision tower reads: resize, centre crop, rescale, normalise.
 * Bit-equal to Pillow with transformers' `CLIPImageProcessor` (PIL backend): the float arithmetic has its order
 * and precision (times `rescale_factor` in float64, rounded to float32; then float32 minus mean, divided by std).
 *
 * @example
 * const processor = ImageProcessor.fromConfig({ size: 224 })
 * const pixels = await processor.process('cat.jpg') // float32 [3, 224, 224]
 */
export class ImageProcessor {
  readonly config: PreprocessConfig
  readonly options: ProcessorOptions
  readonly #prepare: ReturnType<typeof preparation>

  constructor(config: PreprocessConfig, options: ProcessorOptions = {}) {
    this.config = config
    this.options = options
    this.#prepare = preparation(config, options)
  }

  /** From the parsed JSON of a `preprocessor_config.json`. Throws `invalid-argument` naming the wrong field. */
  static fromConfig(json: unknown, options: ProcessorOptions = {}): ImageProcessor {
    return new ImageProcessor(parsePreprocessConfig(json), options)
  }

  /**
   * One picture as float32 `[3, height, width]`. Throws `not-found`, `corrupt-file` or `unsupported` naming
   * the file.
   */
  process(image: ImageInput): Promise<Tensor<'float32'>> {
    return this.#prepare(image)
  }

  /**
   * Pictures as float32 `[batch, 3, height, width]`. Throws `shape-mismatch` when the configuration does not
   * bring them to one size, and what `process` throws.
   */
  async processBatch(images: readonly ImageInput[]): Promise<Tensor<'float32'>> {
    if (images.length === 0)
      throw new FlagError('invalid-argument', 'processBatch needs at least one picture')
    const tensors: Tensor<'float32'>[] = []
    for (let start = 0; start < images.length; start += DECODERS) {
      const group = images.slice(start, start + DECODERS)
      tensors.push(...(await Promise.all(group.map((image) => this.process(image)))))
    }
    return concatRows(tensors.map((tensor) => tensor.reshape([1, ...tensor.shape])))
  }
}
