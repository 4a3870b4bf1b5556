import { type Grey, resizeLanczos } from './resize.ts'

/** Hashes of pictures that stay nearly the same when a picture is scaled, compressed or brightened. */
export type ImageHash = 'phash' | 'dhash' | 'ahash'

/** Reads bits, the first being the most significant, as `imagehash` prints them in hexadecimal. */
function fromBits(bits: readonly boolean[]): bigint {
  return bits.reduce((value, bit) => (value << 1n) | (bit ? 1n : 0n), 0n)
}

/** Whether each pixel of 8 × 8 is brighter than their mean. */
function averageHash(picture: Grey): bigint {
  const { pixels } = resizeLanczos(picture, 8, 8)
  const mean = pixels.reduce((sum, pixel) => sum + pixel, 0) / 64
  return fromBits(Array.from(pixels, (pixel) => pixel > mean))
}

/** Whether each pixel of 9 × 8 is brighter than the one to its left. */
function differenceHash(picture: Grey): bigint {
  const { pixels } = resizeLanczos(picture, 9, 8)
  const bits: boolean[] = []
  for (let y = 0; y < 8; y++) for (let x = 0; x < 8; x++) bits.push(pixels[9 * y + x + 1] > pixels[9 * y + x])
  return fromBits(bits)
}

const SIZE = 32

const cosines = Float64Array.from({ length: 8 * SIZE }, (_, i) =>
  Math.cos((Math.PI * Math.floor(i / SIZE) * (2 * (i % SIZE) + 1)) / (2 * SIZE)),
)

/** Whether each of the 8 × 8 lowest frequencies (DCT-II) of 32 × 32 pixels is above their median. */
function perceptualHash(picture: Grey): bigint {
  const { pixels } = resizeLanczos(picture, SIZE, SIZE)
  // Down the columns, then along the rows; a common factor does not matter for the comparison.
  const columns = new Float64Array(8 * SIZE)
  for (let u = 0; u < 8; u++)
    for (let x = 0; x < SIZE; x++) {
      let sum = 0
      for (let y = 0; y < SIZE; y++) sum += pixels[SIZE * y + x] * cosines[SIZE * u + y]
      columns[SIZE * u + x] = sum
    }
  const low = new Float64Array(64)
  for (let u = 0; u < 8; u++)
    for (let v = 0; v < 8; v++) {
      let sum = 0
      for (let x = 0; x < SIZE; x++) sum += columns[SIZE * u + x] * cosines[SIZE * v + x]
      low[8 * u + v] = sum
    }
  const sorted = low.slice().sort()
  const median = (sorted[31] + sorted[32]) / 2
  return fromBits(Array.from(low, (value) => value > median))
}

const hashes = { phash: perceptualHash, dhash: differenceHash, ahash: averageHash }

/**
 * The perceptual hash of a grey picture, 64 bits, equal to `phash`, `dhash` or `average_hash` of the Python package
 * imagehash 4.3. Frequencies of pHash that are zero but for rounding, in pictures that are symmetric, compare by that
 * rounding, which differs between the two.
 *
 * Source: Krawetz, Looks Like It (2011) and Kind of Like That (2013), https://www.hackerfactor.com/blog/
 */
export const imageHash = (picture: Grey, kind: ImageHash): bigint => hashes[kind](picture)

/** Brightness as Pillow's `convert('L')` gives it: (19595·R + 38470·G + 7471·B + 2^15) / 2^16; alpha does not count. */
export function toGrey(data: Uint8Array, width: number, height: number, channels: number): Grey {
  const pixels = new Uint8Array(width * height)
  for (let i = 0; i < pixels.length; i++) {
    const at = i * channels
    pixels[i] =
      channels < 3 ? data[at] : (19595 * data[at] + 38470 * data[at + 1] + 7471 * data[at + 2] + 0x8000) >> 16
  }
  return { pixels, width, height }
}
