import { DataError } from '../../errors.ts'
import { toGrey } from './perceptualHash.ts'
import type { Grey } from './resize.ts'

/** Larger pictures are refused: they are decoded whole. */
const MOST_PIXELS = 100_000_000

/**
 * Decodes a picture (PNG, JPEG, WebP, GIF, AVIF, TIFF, SVG) to grey with the optional package `sharp`.
 *
 * @param source a path, or the bytes of a file
 * @throws DataError `not-found` if sharp is not installed, `corrupt-file` if it is no picture or a broken one
 */
export async function decodeGrey(source: string | Uint8Array): Promise<Grey> {
  const { default: sharp } = await import('sharp').catch(() => {
    throw new DataError('not-found', 'pictures are decoded with sharp, which is not installed', {
      hint: 'npm install sharp',
    })
  })
  try {
    const { data, info } = await sharp(source, { limitInputPixels: MOST_PIXELS })
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true })
    return toGrey(data, info.width, info.height, info.channels)
  } catch (error) {
    const name = typeof source === 'string' ? source : `${source.length} bytes`
    throw new DataError('corrupt-file', `${name}: ${(error as Error).message}`, {
      hint: 'expected a PNG, JPEG, WebP, GIF, AVIF or TIFF file',
      cause: error,
    })
  }
}
