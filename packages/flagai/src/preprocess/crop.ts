import type { Range } from './filters.ts'
import type { RgbImage } from './picture.ts'

/**
 * Where the middle is when the margin is odd, and where padding goes when the picture is too small:
 * transformers' PIL processors round the offset down, torchvision rounds it to even.
 */
export type CropConvention = 'transformers' | 'torchvision'

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value)
  if (value - floor !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}

/** First source pixel that shows; negative when `from` pixels are padded to `to`. */
function offsetOf(from: number, to: number, convention: CropConvention): number {
  if (convention === 'transformers') return Math.floor((from - to) / 2)
  return from >= to ? roundHalfToEven((from - to) / 2) : -Math.floor((to - from) / 2)
}

/** The middle `width` × `height` pixels; black where the picture does not reach. */
export function centerCrop(
  image: RgbImage,
  width: number,
  height: number,
  convention: CropConvention = 'transformers',
): RgbImage {
  if (width === image.width && height === image.height) return image
  const left = offsetOf(image.width, width, convention)
  const top = offsetOf(image.height, height, convention)
  const data = new Uint8Array(width * height * 3)
  const firstX = Math.max(0, left)
  const lastX = Math.min(image.width, left + width)
  for (let y = Math.max(0, top); y < Math.min(image.height, top + height); y++) {
    const row = image.data.subarray((y * image.width + firstX) * 3, (y * image.width + lastX) * 3)
    data.set(row, ((y - top) * width + firstX - left) * 3)
  }
  return { width, height, data }
}

/** The window of a picture of `from` that `centerCrop` shows; undefined where the picture does not reach. */
export function cropWindow(
  from: { width: number; height: number },
  to: { width: number; height: number },
  convention: CropConvention = 'transformers',
): { columns: Range; rows: Range } | undefined {
  if (from.width < to.width || from.height < to.height) return undefined
  return {
    columns: { first: offsetOf(from.width, to.width, convention), count: to.width },
    rows: { first: offsetOf(from.height, to.height, convention), count: to.height },
  }
}
