import { FlagError, Tensor } from '@flag/core-tensor'
import sharp from 'sharp'
import type { PictureInput } from './model.ts'

const SIZE = 32

/**
 * Pictures as their own pixels: fitted into 32 × 32 on white, RGB, less the picture's mean. The baseline that knows
 * nothing but what one picture of a concept looks like. Float32 `[pictures, 3072]`. Throws `corrupt-file`.
 */
export async function pixelVectors(pictures: readonly PictureInput[]): Promise<Tensor<'float32'>> {
  const width = SIZE * SIZE * 3
  const data = new Float32Array(pictures.length * width)
  for (const [i, picture] of pictures.entries()) {
    const pixels = await pixelsOf(picture)
    const mean = pixels.reduce((sum, x) => sum + x, 0) / width
    // A picture of one colour has no direction; the first number gives it one that fits nothing else.
    for (let k = 0; k < width; k++) data[i * width + k] = pixels[k] - mean
    if (pixels.every((x) => x === pixels[0])) data[i * width] = 1
  }
  return new Tensor('float32', [pictures.length, width], data)
}

async function pixelsOf(picture: PictureInput): Promise<Uint8Array> {
  try {
    return await sharp(picture)
      .resize(SIZE, SIZE, { fit: 'contain', background: '#ffffff' })
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .removeAlpha()
      .raw()
      .toBuffer()
  } catch (cause) {
    const name = typeof picture === 'string' ? picture : `a picture of ${picture.byteLength} bytes`
    throw new FlagError('corrupt-file', `${name}: cannot be read: ${(cause as Error).message}`, { cause })
  }
}
