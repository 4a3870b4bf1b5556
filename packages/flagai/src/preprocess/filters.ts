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

export type FilterName = keyof typeof filters

export type Resample = FilterName | 'nearest'

/** Resampling filters in the order of Pillow's numbers 0 to 5, as `preprocessor_config.json` stores them. */
export const resampleNames: readonly Resample[] = [
  'nearest',
  'lanczos',
  'bilinear',
  'bicubic',
  'box',
  'hamming',
]

/** Some of the columns or rows that a picture has after resizing: `count` from `first` on. */
export interface Range {
  readonly first: number
  readonly count: number
}

// 8 bits of a pixel, 22 of a weight and 2 for the overshoot of filters with negative lobes fill an int32.
export const PRECISION_BITS = 32 - 8 - 2

/** Which pixels of the input make each pixel of a range of the output, and with what weights. */
export interface Weights {
  /** The part of the input that is read. */
  readonly reads: Range
  /** First input pixel of every output pixel, counted from `reads.first`. */
  readonly start: Int32Array
  /** Number of input pixels of every output pixel. */
  readonly count: Int32Array
  /** The most that `count` may be. */
  readonly taps: number
  /** In fixed point, `taps` per output pixel, of which `count` are used. */
  readonly fixed: Int32Array
}

/** The weights that turn `from` pixels into `to`, for some of the latter; wider than the filter when shrinking. */
export function weightsOf(
  name: FilterName,
  from: number,
  to: number,
  { first, count: size }: Range,
): Weights {
  const { support, weight } = filters[name]
  const scale = from / to
  const stretch = Math.max(1, scale)
  const reach = support * stretch
  const taps = Math.ceil(reach) * 2 + 1
  const start = new Int32Array(size)
  const count = new Int32Array(size)
  const fixed = new Int32Array(size * taps)
  const raw = new Float64Array(taps)
  const inverse = 1 / stretch
  for (let i = 0; i < size; i++) {
    const centre = (first + i + 0.5) * scale
    start[i] = Math.max(0, Math.trunc(centre - reach + 0.5))
    count[i] = Math.min(from, Math.trunc(centre + reach + 0.5)) - start[i]
    let sum = 0
    for (let j = 0; j < count[i]; j++) {
      raw[j] = weight((j + start[i] - centre + 0.5) * inverse)
      sum += raw[j]
    }
    for (let j = 0; j < count[i]; j++) {
      const value = (sum === 0 ? raw[j] : raw[j] / sum) * 2 ** PRECISION_BITS
      fixed[i * taps + j] = Math.trunc(value < 0 ? value - 0.5 : value + 0.5)
    }
  }
  const begin = start[0]
  const reads = { first: begin, count: start[size - 1] + count[size - 1] - begin }
  return { reads, start: start.map((pixel) => pixel - begin), count, taps, fixed }
}
