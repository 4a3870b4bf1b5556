import { FlagError } from '@flag/core-tensor'
import { type Range, type Resample, weightsOf } from './filters.ts'
import type { RgbImage } from './picture.ts'
import { resampleColumns, resampleRows } from './resample.ts'

function resizeNearest(image: RgbImage, width: number, height: number): RgbImage {
  // Pillow adds the step up pixel by pixel, so the rounding errors of that sum are part of the result.
  const positions = (from: number, to: number) => {
    const step = from / to
    const result = new Int32Array(to)
    for (let i = 0, position = step * 0.5; i < to; i++, position += step) result[i] = Math.trunc(position)
    return result
  }
  const columns = positions(image.width, width)
  const rows = positions(image.height, height)
  const data = new Uint8Array(width * height * 3)
  let out = 0
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++, out += 3) {
      const at = (rows[y] * image.width + columns[x]) * 3
      data[out] = image.data[at]
      data[out + 1] = image.data[at + 1]
      data[out + 2] = image.data[at + 2]
    }
  }
  return { width, height, data }
}

/**
 * Resizes to exactly `width` × `height`, bit-equal to Pillow's `Image.resize`: antialiased, in 8-bit fixed
 * point, rounded and clipped to bytes between the two passes. The horizontal pass comes first unless the height
 * shrinks by more than twice what the width does, as in Pillow 13; older versions have no such exception, so
 * pictures that are more than twice as high as wide may differ from theirs by 1.
 *
 * Source: Pillow, `libImaging/Resample.c` and `Geometry.c` (re-implemented from its arithmetic).
 * Throws `invalid-argument` on sizes that are not positive integers.
 */
export function resize(image: RgbImage, width: number, height: number, resample: Resample): RgbImage {
  return resizeWindow(image, width, height, resample, {
    columns: { first: 0, count: width },
    rows: { first: 0, count: height },
  })
}

/** The part of `resize`'s result that a window shows, without making the rest. The window lies within it. */
export function resizeWindow(
  image: RgbImage,
  width: number,
  height: number,
  resample: Resample,
  { columns, rows }: { columns: Range; rows: Range },
): RgbImage {
  for (const size of [width, height]) {
    if (!Number.isSafeInteger(size) || size < 1) {
      throw new FlagError('invalid-argument', `cannot resize a picture to ${width} × ${height} pixels`)
    }
  }
  const same = width === image.width && height === image.height
  if (same || resample === 'nearest') {
    return columnsOf(rowsOf(same ? image : resizeNearest(image, width, height), rows), columns)
  }
  const vertical = height === image.height ? undefined : weightsOf(resample, image.height, height, rows)
  const horizontally = (from: RgbImage) =>
    width === image.width
      ? columnsOf(from, columns)
      : resampleRows(from, weightsOf(resample, image.width, width, columns))
  const vertically = (from: RgbImage) => (vertical ? resampleColumns(from, vertical) : from)
  const needed = rowsOf(image, vertical?.reads ?? rows)
  const shrunk = image.height - height
  return shrunk > 0 && shrunk > 2 * (image.width - width)
    ? horizontally(vertically(needed))
    : vertically(horizontally(needed))
}

/** Some rows of a picture: a view, not a copy. */
function rowsOf({ width, data }: RgbImage, { first, count }: Range): RgbImage {
  return { width, height: count, data: data.subarray(first * width * 3, (first + count) * width * 3) }
}

function columnsOf(image: RgbImage, { first, count }: Range): RgbImage {
  if (count === image.width) return image
  const data = new Uint8Array(count * image.height * 3)
  for (let y = 0; y < image.height; y++) {
    const from = (y * image.width + first) * 3
    data.set(image.data.subarray(from, from + count * 3), y * count * 3)
  }
  return { width: count, height: image.height, data }
}
