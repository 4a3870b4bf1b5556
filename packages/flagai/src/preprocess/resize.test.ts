import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Resample, type RgbImage, resampleNames, resize } from './index.ts'

const side = fc.integer({ min: 1, max: 24 })
const filter = fc.constantFrom<Resample>(...resampleNames)
const picture = fc
  .tuple(side, side)
  .chain(([width, height]) =>
    fc
      .uint8Array({ minLength: width * height * 3, maxLength: width * height * 3 })
      .map((data): RgbImage => ({ width, height, data })),
  )

/** Bilinear resampling in doubles, one dimension, straight from its definition: a triangle, widened to shrink. */
function naiveWeights(from: number, to: number): number[][] {
  const scale = from / to
  const stretch = Math.max(1, scale)
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale
    const raw = Array.from({ length: from }, (_, j) =>
      Math.max(0, 1 - Math.abs((j + 0.5 - centre) / stretch)),
    )
    const sum = raw.reduce((a, b) => a + b)
    return raw.map((weight) => weight / sum)
  })
}

describe('resize', () => {
  it('to the same size is the same picture', () => {
    fc.assert(
      fc.property(picture, filter, (image, name) => {
        expect(resize(image, image.width, image.height, name).data).toEqual(image.data)
      }),
    )
  })

  it('keeps a picture of one colour', () => {
    fc.assert(
      fc.property(
        side,
        side,
        side,
        side,
        filter,
        fc.nat(255),
        (width, height, toWidth, toHeight, name, byte) => {
          const image = { width, height, data: new Uint8Array(width * height * 3).fill(byte) }
          const { data } = resize(image, toWidth, toHeight, name)
          expect(data).toEqual(new Uint8Array(toWidth * toHeight * 3).fill(byte))
        },
      ),
    )
  })

  it('is within rounding of bilinear resampling in doubles', () => {
    fc.assert(
      fc.property(picture, side, side, (image, width, height) => {
        const { data } = resize(image, width, height, 'bilinear')
        const columns = naiveWeights(image.width, width)
        const rows = naiveWeights(image.height, height)
        for (let i = 0; i < data.length; i++) {
          const channel = i % 3
          const x = Math.trunc(i / 3) % width
          const y = Math.trunc(i / 3 / width)
          let value = 0
          rows[y].forEach((row, sy) => {
            columns[x].forEach((column, sx) => {
              value += row * column * image.data[(sy * image.width + sx) * 3 + channel]
            })
          })
          expect(Math.abs(data[i] - value)).toBeLessThanOrEqual(1.01)
        }
      }),
    )
  })

  it('mirrors with its picture', () => {
    const mirror = ({ width, height, data }: RgbImage): RgbImage => {
      const out = new Uint8Array(data.length)
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          out.set(
            data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
            (y * width + width - 1 - x) * 3,
          )
        }
      }
      return { width, height, data: out }
    }
    // Rounding of the weights may differ by one unit in the last of 22 bits, so by 1 in the result.
    fc.assert(
      fc.property(
        picture,
        side,
        fc.constantFrom<Resample>('bicubic', 'lanczos', 'hamming'),
        (image, width, name) => {
          const one = resize(mirror(image), width, image.height, name).data
          const two = mirror(resize(image, width, image.height, name)).data
          one.forEach((byte, i) => {
            expect(Math.abs(byte - two[i])).toBeLessThanOrEqual(1)
          })
        },
      ),
    )
  })

  it.each([
    [0, 4],
    [4, -1],
    [2.5, 3],
    [Number.NaN, 3],
  ])('refuses the size %d × %d', (width, height) => {
    const image = { width: 2, height: 2, data: new Uint8Array(12) }
    expect(() => resize(image, width, height, 'bicubic')).toThrow(/cannot resize/)
  })
})
