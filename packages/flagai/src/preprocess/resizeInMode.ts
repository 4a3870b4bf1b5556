import type { Resample } from './filters.ts'
import type { RgbImage } from './picture.ts'
import { resize } from './resize.ts'

/**
 * Resizes as Pillow does a picture that was not brought to RGB before, which is what torchvision's transforms of
 * OpenAI, open_clip and EVA do: palettes and black-and-white pictures by the nearest pixel, transparent ones with colours
 * weighted by opacity. Opacity is dropped afterwards. The picture must have been decoded with `keepMode`.
 */
export function resizeInMode(image: RgbImage, width: number, height: number, resample: Resample): RgbImage {
  if (image.width === width && image.height === height) return image
  if (image.indexed) return resize(image, width, height, 'nearest')
  if (!image.alpha || resample === 'nearest') return resize(image, width, height, resample)
  const { alpha } = image
  const weighted = image.data.map((colour, i) => {
    const product = colour * alpha[Math.floor(i / 3)] + 128
    return ((product >> 8) + product) >> 8
  })
  const opacity = new Uint8Array(image.data.length)
  for (const [i, value] of alpha.entries()) opacity.fill(value, i * 3, i * 3 + 3)
  const colours = resize({ ...image, data: weighted }, width, height, resample)
  const opaque = resize({ ...image, data: opacity }, width, height, resample).data
  const data = colours.data.map((colour, i) => {
    const a = opaque[i]
    return a === 0 || a === 255 ? colour : Math.min(255, Math.floor((255 * colour) / a))
  })
  return { width, height, data }
}
