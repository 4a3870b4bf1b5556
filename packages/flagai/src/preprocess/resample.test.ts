import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type FilterName, PRECISION_BITS, type Weights, weightsOf } from './filters.ts'
import type { RgbImage } from './picture.ts'
import { resampleColumns, resampleRows, toPlanes } from './resample.ts'

/** Random bytes; every other picture has only the darkest and the brightest, which overshoot the most. */
function picture(width: number, height: number, seed: number): RgbImage {
  let state = seed * 0x9e3779b1 + 1
  const data = new Uint8Array(width * height * 3)
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    data[i] = seed % 2 === 0 ? (state >> 31) & 255 : state >>> 24
  }
  return { width, height, data }
}

/** What a weighted sum of bytes comes to, straight from Pillow's definition. */
function pixelOf({ start, count, taps, fixed }: Weights, i: number, byte: (pixel: number) => number): number {
  let sum = 1 << (PRECISION_BITS - 1)
  for (let j = 0; j < count[i]; j++) {
    sum = (sum + Math.imul(byte(start[i] + j), fixed[i * taps + j])) | 0
  }
  return Math.min(255, Math.max(0, sum >> PRECISION_BITS))
}

function plainRows({ width, height, data }: RgbImage, weights: Weights): RgbImage {
  const columns = weights.start.length
  const bytes = Uint8Array.from({ length: columns * height * 3 }, (_, i) => {
    const [y, x, channel] = [Math.trunc(i / 3 / columns), Math.trunc(i / 3) % columns, i % 3]
    const first = y * width + weights.reads.first
    return pixelOf(weights, x, (pixel) => data[(first + pixel) * 3 + channel])
  })
  return { width: columns, height, data: bytes }
}

function plainColumns({ width, data }: RgbImage, weights: Weights): RgbImage {
  const [height, stride] = [weights.start.length, width * 3]
  const bytes = Uint8Array.from({ length: height * stride }, (_, i) =>
    pixelOf(weights, Math.trunc(i / stride), (row) => data[row * stride + (i % stride)]),
  )
  return { width, height, data: bytes }
}

const side = fc.integer({ min: 1, max: 60 })
const cases = fc
  .record({
    from: side,
    across: fc.integer({ min: 1, max: 20 }),
    to: side,
    filter: fc.constantFrom<FilterName[]>('lanczos', 'bilinear', 'bicubic', 'box', 'hamming'),
    seed: fc.nat(1e6),
  })
  .chain((one) =>
    fc
      .tuple(fc.constant(one), fc.nat(one.to - 1))
      .chain(([{ to, ...rest }, first]) =>
        fc.integer({ min: 1, max: to - first }).map((count) => ({ ...rest, to, range: { first, count } })),
      ),
  )

describe('the resampling kernel gives what its plain twin gives', () => {
  it('across', () => {
    fc.assert(
      fc.property(cases, ({ from, across, to, filter, range, seed }) => {
        const image = picture(from, across, seed)
        const weights = weightsOf(filter, from, to, range)
        expect(resampleRows(image, weights)).toEqual(plainRows(image, weights))
      }),
      { numRuns: 300 },
    )
  })

  it('down', () => {
    fc.assert(
      fc.property(cases, ({ from, across, to, filter, range, seed }) => {
        const weights = weightsOf(filter, from, to, range)
        const image = picture(across, weights.reads.count, seed)
        expect(resampleColumns(image, weights)).toEqual(plainColumns(image, weights))
      }),
      { numRuns: 300 },
    )
  })

  it('in as many bands as large pictures take', () => {
    const image = picture(1600, 1000, 1)
    const all = (count: number) => ({ first: 0, count })
    const across = weightsOf('bicubic', image.width, 3, all(3))
    expect(resampleRows(image, across)).toEqual(plainRows(image, across))
    const down = weightsOf('lanczos', image.height, 8, all(8))
    expect(resampleColumns(image, down)).toEqual(plainColumns(image, down))
  })

  it('in as many bands as large results take', () => {
    const last = { first: 2497, count: 3 }
    const all = { first: 0, count: 2500 }
    const row = picture(3, 700, 1)
    const wide = resampleRows(row, weightsOf('bicubic', 3, 2500, all))
    const lastColumns = plainRows(row, weightsOf('bicubic', 3, 2500, last))
    expect(wide.data.subarray(-9)).toEqual(lastColumns.data.subarray(-9))
    const column = picture(700, 3, 1)
    const high = resampleColumns(column, weightsOf('bicubic', 3, 2500, all))
    const weights = weightsOf('bicubic', 3, 2500, last)
    const { first, count } = weights.reads
    const read = {
      ...column,
      height: count,
      data: column.data.subarray(2100 * first, 2100 * (first + count)),
    }
    expect(high.data.subarray(-3 * 2100)).toEqual(plainColumns(read, weights).data)
  })
})

it('bytes become planes by the table of their channel', () => {
  const table = Float32Array.from({ length: 768 }, (_, i) => Math.sin(i))
  const image = picture(13, 7, 3)
  const expected = [0, 1, 2].flatMap((channel) =>
    Array.from({ length: 13 * 7 }, (_, i) => table[256 * channel + image.data[3 * i + channel]]),
  )
  expect(toPlanes(image, table)).toEqual(Float32Array.from(expected))
})
