import sharp from 'sharp'
import type { Dataset, Picture } from '../datasets/index.ts'

const SIZE = 96

/** Every picture of a data set, by its id; a scene of a pair by the ids of what is in it. */
export function picturesOf(data: Dataset): Map<string, Picture> {
  const pictures =
    'pictures' in data
      ? data.pictures
      : data.samples.flatMap((sample) => ('pictures' in sample ? sample.pictures : [sample.picture]))
  return new Map(pictures.map((picture) => [picture.id, picture]))
}

/** A small picture on white, as a data URI. */
export async function thumbnail({ input }: Picture): Promise<string> {
  const size = { width: SIZE, height: SIZE }
  const image = sharp(input, { density: 144 })
    .resize({ ...size, fit: 'inside' })
    .flatten({ background: '#fff' })
    .webp({ quality: 75 })
  return `data:image/webp;base64,${(await image.toBuffer()).toString('base64')}`
}
