import { FlagError } from '@flag/core-tensor'
import type { RgbImage } from './picture.ts'

interface Filter {
  support: number
  weight: (x: number) => number
}

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI))

/** Pillow's resampling filters (`libImaging/Resample.c`). `nearest` picks pixels and has no kernel. */
const filters = {
  lanczos: { support: 3, weight: (x) => (-3 <= x && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: {
    support: 2,
    weight(x) {
      const a = -0.5
      const d = Math.abs(x)
      if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1
      if (d < 2) return (((d - 5) * d + 8) * d - 4) * a
      return 0
    },
  },
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  hamming: {
    support: 1,
    weight(x) {
      const d = Math.abs(x)
      if (d === 0) return 1
      if (d >= 1) return 0
      return (Math.sin(d * Math.PI) / (d * Math.PI)) * (0.54 + 0.46 * Math.cos(d * Math.PI))
    },
  },
} satisfies Record<string, Filter>

export type Resample = keyof typeof filters | 'nearest'

/** Resampling filters in the order of Pillow's numbers 0 to 5, as `preprocessor_config.json` stores them. */
export const resampleNames: readonly Resample[] = [
  'nearest',
  'lanczos',
  'bilinear',
  'bicubic',
  'box',
  'hamming',
]

// 8 bits of a pixel, 22 of a weight and 2 for the overshoot of filters with negative lobes fill an int32.
const PRECISION_BITS = 32 - 8 - 2

interface Kernel {
  /** Weights per output pixel. */
  width: number
  /** First input pixel of every output pixel. */
  start: Int32Array
  /** Number of input pixels of every output pixel. */
  count: Int32Array
  /** Fixed-point weights, `width` per output pixel. */
  weights: Int32Array
}

/** The fixed-point weights that turn `from` pixels into `to`; wider than the filter when shrinking. */
function kernelOf({ support, weight }: Filter, from: number, to: number): Kernel {
  const scale = from / to
  const stretch = Math.max(1, scale)
  const reach = support * stretch
  const width = Math.ceil(reach) * 2 + 1
  const start = new Int32Array(to)
  const count = new Int32Array(to)
  const weights = new Int32Array(to * width)
  const raw = new Float64Array(width)
  const inverse = 1 / stretch
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale
    const first = Math.max(0, Math.trunc(centre - reach + 0.5))
    const length = Math.min(from, Math.trunc(centre + reach + 0.5)) - first
    let sum = 0
    for (let j = 0; j < length; j++) {
      raw[j] = weight((j + first - centre + 0.5) * inverse)
      sum += raw[j]
    }
    for (let j = 0; j < length; j++) {
      const fixed = (sum === 0 ? raw[j] : raw[j] / sum) * 2 ** PRECISION_BITS
      weights[i * width + j] = Math.trunc(fixed < 0 ? fixed - 0.5 : fixed + 0.5)
    }
    start[i] = first
    count[i] = length
  }
  return { width, start, count, weights }
}

const clamp = (sum: number) => Math.min(255, Math.max(0, sum >> PRECISION_BITS))

const HALF = 1 << (PRECISION_BITS - 1)

/** Some of the columns or rows that a picture has after resizing: `count` from `first` on. */
export interface Range {
  readonly first: number
  readonly count: number
}

function resizeRows(image: RgbImage, width: number, filter: Filter, columns: Range): RgbImage {
  const { start, count, weights, width: taps } = kernelOf(filter, image.width, width)
  const source = image.data
  const data = new Uint8Array(columns.count * image.height * 3)
  const last = columns.first + columns.count
  let out = 0
  for (let y = 0; y < image.height; y++) {
    const row = y * image.width
    for (let x = columns.first; x < last; x++) {
      let at = (row + start[x]) * 3
      const end = x * taps + count[x]
      let red = HALF
      let green = HALF
      let blue = HALF
      for (let k = x * taps; k < end; k++, at += 3) {
        const w = weights[k]
        red = (red + Math.imul(source[at], w)) | 0
        green = (green + Math.imul(source[at + 1], w)) | 0
        blue = (blue + Math.imul(source[at + 2], w)) | 0
      }
      data[out] = clamp(red)
      data[out + 1] = clamp(green)
      data[out + 2] = clamp(blue)
      out += 3
    }
  }
  return { width: columns.count, height: image.height, data }
}

function resizeColumns(image: RgbImage, height: number, filter: Filter, rows: Range): RgbImage {
  const { start, count, weights, width: taps } = kernelOf(filter, image.height, height)
  const source = image.data
  const stride = image.width * 3
  const data = new Uint8Array(stride * rows.count)
  const sums = new Int32Array(stride)
  for (let y = rows.first; y < rows.first + rows.count; y++) {
    sums.fill(HALF)
    for (let k = 0; k < count[y]; k++) {
      const w = weights[y * taps + k]
      const row = (start[y] + k) * stride
      for (let i = 0; i < stride; i++) sums[i] += Math.imul(source[row + i], w)
    }
    for (let i = 0, out = (y - rows.first) * stride; i < stride; i++, out++) data[out] = clamp(sums[i])
  }
  return { width: image.width, height: rows.count, data }
}

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
    return cut(same ? image : resizeNearest(image, width, height), columns, rows)
  }
  const filter = filters[resample]
  const all = (count: number): Range => ({ first: 0, count })
  const passes = [
    (from: RgbImage) =>
      width === from.width ? cut(from, columns, all(from.height)) : resizeRows(from, width, filter, columns),
    (from: RgbImage) =>
      height === from.height ? cut(from, all(from.width), rows) : resizeColumns(from, height, filter, rows),
  ]
  const shrunk = image.height - height
  if (shrunk > 0 && shrunk > 2 * (image.width - width)) passes.reverse()
  return passes[1](passes[0](image))
}

function cut(image: RgbImage, columns: Range, rows: Range): RgbImage {
  if (columns.count === image.width && rows.count === image.height) return image
  const data = new Uint8Array(columns.count * rows.count * 3)
  for (let y = 0; y < rows.count; y++) {
    const from = ((rows.first + y) * image.width + columns.first) * 3
    data.set(image.data.subarray(from, from + columns.count * 3), y * columns.count * 3)
  }
  return { width: columns.count, height: rows.count, data }
}
