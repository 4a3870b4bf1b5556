import { describe, expect, it } from 'vitest'
import { Augmenter, GENTLE, IMAGE_MEAN, IMAGE_STD, STRONG, withEdges } from './augment.ts'
import { Random } from './random.ts'

const SIZE = 8
/** A red square in the middle of a transparent picture, premultiplied RGBA. */
const square = new Uint8Array(SIZE * SIZE * 4)
for (let y = 2; y < 6; y++) for (let x = 2; x < 6; x++) square.set([255, 0, 0, 255], (y * SIZE + x) * 4)
const pictures = withEdges({ size: SIZE, count: 1, pixels: square })

const pixelsOf = (augmenter: Augmenter, random: Random) => {
  const out = new Float32Array(3 * augmenter.size ** 2)
  augmenter.one(0, random, out, 0)
  return out
}
const normal = (value: number) => (value - IMAGE_MEAN) / IMAGE_STD

it('edges are where a neighbour differs, silhouettes included', () => {
  const edge = (x: number, y: number) => pictures.pixels[(y * SIZE + x) * 5 + 4]
  expect([edge(0, 0), edge(1, 1), edge(2, 2), edge(3, 3), edge(6, 4), edge(7, 4)]).toEqual([
    0, 255, 255, 0, 255, 0,
  ])
})

describe('Augmenter', () => {
  /** Every random step switched off. */
  const none = {
    ...GENTLE,
    rotate: { p: 0, max: 0 },
    zoom: { low: 0, high: 0 },
    aspect: 0,
    shear: 0,
    shift: 0,
    elastic: { p: 0, strength: 0 },
    hue: { max: 0, anyP: 0 },
    saturation: { low: 1, high: 1, greyP: 0 },
    contrast: 0,
    brightness: 0,
    fade: { p: 0 },
    outline: { ...GENTLE.outline, p: 0 },
    background: { white: 1, black: 0, gradient: 0 },
    posterizeP: 0,
    blur: { ...GENTLE.blur, p: 0 },
    noise: { p: 0, max: 0 },
    cutout: { ...GENTLE.cutout, p: 0 },
  }

  it('without any step gives the picture on white, normalised', () => {
    const out = pixelsOf(new Augmenter(pictures, SIZE, none), new Random(1))
    const at = (channel: number, x: number, y: number) => out[(channel * SIZE + y) * SIZE + x]
    for (const channel of [0, 1, 2]) expect(at(channel, 0, 0)).toBeCloseTo(normal(1), 5)
    expect([0, 1, 2].map((channel) => at(channel, 4, 4))).toEqual(
      [1, 0, 0].map((value) => expect.closeTo(normal(value), 5)),
    )
  })

  it('draws outlines where edges are', () => {
    const outlined = { ...none, outline: { p: 1, low: 3, high: 3, thresholdLow: 0.1, thresholdHigh: 0.1 } }
    const out = pixelsOf(new Augmenter(pictures, SIZE, outlined), new Random(4))
    const red = (x: number, y: number) => out[y * SIZE + x]
    expect(red(1, 1)).toBeLessThan(normal(0.3)) // ink on what was white
    expect(red(0, 0)).toBeCloseTo(normal(1), 5)
    expect(red(3, 3)).toBeCloseTo(normal(1), 5) // inside the square, red as before
  })

  it('gives numbers of pictures, the same for the same stream', () => {
    const augmenter = new Augmenter(pictures, 6, STRONG)
    for (let stream = 0; stream < 200; stream++) {
      const out = pixelsOf(augmenter, new Random(9, stream))
      expect(Math.min(...out)).toBeGreaterThanOrEqual(normal(0) - 1e-5)
      expect(Math.max(...out)).toBeLessThanOrEqual(normal(1) + 1e-5)
      expect(pixelsOf(augmenter, new Random(9, stream))).toEqual(out)
    }
  })

  it('refuses room of another size', () => {
    expect(() => new Augmenter(pictures, 6, STRONG).batch([0], new Random(1), new Float32Array(5))).toThrow(
      /5 values, 108/,
    )
  })
})
