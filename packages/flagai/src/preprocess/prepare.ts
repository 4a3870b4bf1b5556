import { Tensor } from '@flag/core-tensor'
import type { PreprocessConfig } from './config.ts'
import { type CropConvention, centerCrop, cropWindow } from './crop.ts'
import { type DecodeOptions, decode, type ImageInput, type RgbImage } from './picture.ts'
import { toPlanes } from './resample.ts'
import { resize, resizeWindow } from './resize.ts'
import { resizeInMode } from './resizeInMode.ts'

export interface ProcessorOptions extends DecodeOptions {
  /** Which library's idea of the middle to use. Default `transformers`. */
  cropConvention?: CropConvention
}

/**
 * What turns one picture into float32 `[3, height, width]`: `ImageProcessor` on the calling thread, the pool's threads on
 * theirs. Apart from the class, so that a thread that starts has little to load.
 */
export function preparation(
  config: PreprocessConfig,
  options: ProcessorOptions,
): (image: ImageInput) => Promise<Tensor<'float32'>> {
  const table = valueTable(config)
  const decoding = decodeOptions(config, options)
  return async (image) => {
    const shaped = shape(await decode(image, decoding), config, options)
    return new Tensor('float32', [3, shaped.height, shaped.width], toPlanes(shaped, table))
  }
}

function decodeOptions({ resize: size }: PreprocessConfig, options: ProcessorOptions): DecodeOptions {
  if (!size || options.vectorSize) return options
  return {
    ...options,
    vectorSize: 'shortestEdge' in size ? size.shortestEdge : Math.max(size.height, size.width),
  }
}

function shape(
  image: RgbImage,
  { resize: size, resample, crop }: PreprocessConfig,
  { keepMode, cropConvention }: ProcessorOptions,
): RgbImage {
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
