import sharp from 'sharp'
import type { Dataset, Picture } from '../datasets/dataset.ts'

const SIZE = 96

/** Every picture that samples of a data set show, by its id; a scene of a pair by the ids of what is in it. */
export function picturesOf(data: Dataset): Map<string, Picture> {
  return new Map(shownIn(data).map((picture) => [picture.id, picture]))
}

function shownIn(data: Dataset): readonly Picture[] {
  switch (data.kind) {
    case 'retrieval':
    case 'classification':
    case 'multi-label':
      return data.pictures
    case 'probe':
      return data.of === 'image' ? data.test : []
    case 'pair':
      return data.samples.flatMap(({ pictures }) => pictures)
    case 'foil':
      return data.samples.map(({ picture }) => picture)
    case 'episodes':
      return data.episodes.flatMap((episode) => shownIn(episode.data))
    default:
      return []
  }
}

/** A small picture on white, as a data URI; of a video, its frames beside each other. */
export async function thumbnail({ input }: Picture): Promise<string> {
  const frames = Array.isArray(input) ? input : [input]
  const small = await Promise.all(
    frames.map((frame) =>
      sharp(frame, { density: 144 })
        .resize({ width: SIZE, height: SIZE, fit: 'inside' })
        .flatten({ background: '#fff' })
        .png()
        .toBuffer(),
    ),
  )
  const image =
    small.length === 1
      ? sharp(small[0])
      : sharp(small, { join: { across: small.length, background: '#fff' } })
  return `data:image/webp;base64,${(await image.webp({ quality: 75 }).toBuffer()).toString('base64')}`
}
