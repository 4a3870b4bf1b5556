import { concatRows, FlagError, Tensor } from '@flag/core-tensor'
import { type PreprocessConfig, parsePreprocessConfig } from './config.ts'
import { type CropConvention, centerCrop, cropWindow } from './crop.ts'
import { type DecodeOptions, decode, type ImageInput, type RgbImage } from './picture.ts'
import { toPlanes } from './resample.ts'
import { resize, resizeWindow } from './resize.ts'
import { resizeInMode } from './resizeInMode.ts'

export interface ProcessorOptions extends DecodeOptions {
  /** Which library's idea of the middle to use. Default `transformers`. */
  cropConvention?: CropConvention
}

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
  /** What each of the 256 values of a byte becomes: red, then green, then blue. */
  readonly #table: Float32Array

  constructor(config: PreprocessConfig, options: ProcessorOptions = {}) {
    this.config = config
    this.options = options
    this.#table = valueTable(config)
  }

  /** From the parsed JSON of a `preprocessor_config.json`. Throws `invalid-argument` naming the wrong field. */
  static fromConfig(json: unknown, options: ProcessorOptions = {}): ImageProcessor {
    return new ImageProcessor(parsePreprocessConfig(json), options)
  }

  /**
   * One picture as float32 `[3, height, width]`. Throws `not-found`, `corrupt-file` or `unsupported` naming
   * the file.
   */
  async process(image: ImageInput): Promise<Tensor<'float32'>> {
    return this.#toTensor(this.#shape(await decode(image, this.#decodeOptions())))
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

  #decodeOptions(): DecodeOptions {
    const { resize: size } = this.config
    if (!size || this.options.vectorSize) return this.options
    return {
      ...this.options,
      vectorSize: 'shortestEdge' in size ? size.shortestEdge : Math.max(size.height, size.width),
    }
  }

  #shape(image: RgbImage): RgbImage {
    const { resize: size, resample, crop } = this.config
    const { keepMode, cropConvention } = this.options
    const cropped = (shaped: RgbImage) =>
      crop ? centerCrop(shaped, crop.width, crop.height, cropConvention) : shaped
    if (!size) return cropped(image)
    const full = 'shortestEdge' in size ? shortestEdgeSize(image, size.shortestEdge) : size
    if (keepMode) return cropped(resizeInMode(image, full.width, full.height, resample))
    // What is cropped away need not be made.
    const window = crop && cropWindow(full, crop, cropConvention)
    return window
      ? resizeWindow(image, full.width, full.height, resample, window)
      : cropped(resize(image, full.width, full.height, resample))
  }

  #toTensor(image: RgbImage): Tensor<'float32'> {
    return new Tensor('float32', [3, image.height, image.width], toPlanes(image, this.#table))
  }
}

/** The size whose shorter edge is `edge`; the longer one is rounded down. */
function shortestEdgeSize({ width, height }: RgbImage, edge: number): { width: number; height: number } {
  const long = Math.trunc((edge * Math.max(width, height)) / Math.min(width, height))
  return width <= height ? { width: edge, height: long } : { width: long, height: edge }
}

/** What each of the 256 values of a byte becomes, in the three channels one after another. */
function valueTable({ rescale, normalize }: PreprocessConfig): Float32Array {
  const { fround } = Math
  return Float32Array.from({ length: 3 * 256 }, (_, i) => {
    const [channel, byte] = [i >> 8, i & 255]
    const scaled = fround(rescale === undefined ? byte : byte * rescale)
    if (!normalize) return scaled
    return fround(fround(scaled - fround(normalize.mean[channel])) / fround(normalize.std[channel]))
  })
}
