import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import sharp from 'sharp'
import { z } from 'zod'
import type { FoilsData, PairsData } from '../dataset.ts'
import { lineError, pictureIn, readJson, readJsonLines } from './reading.ts'

const winogroundLine = z.object({
  id: z.union([z.int(), z.string()]).optional(),
  caption_0: z.string().min(1),
  caption_1: z.string().min(1),
  image_0: z.string().min(1),
  image_1: z.string().min(1),
})

/** Winoground's `examples.jsonl`; pictures are named with or without their ending. */
export function loadWinoground(it: { file: string; images: string }): PairsData {
  const samples = readJsonLines(it.file, winogroundLine).map((line, i) => {
    const id = `${line.id ?? i}`
    const picture = (name: string) => {
      const full = existsSync(join(it.images, name)) ? name : `${name}.png`
      return { id: name, input: pictureIn(it.images, full, (problem) => lineError(it.file, i + 1, problem)) }
    }
    return {
      id,
      cluster: id,
      captions: [line.caption_0, line.caption_1] as const,
      pictures: [picture(line.image_0), picture(line.image_1)] as const,
    }
  })
  return { kind: 'pair', samples: some(samples, it.file) }
}

/** The list itself, unless it is empty. Throws `corrupt-file`. */
function some<T>(list: T[], file: string): T[] {
  if (list.length === 0) throw new FlagError('corrupt-file', `${file}: no samples`)
  return list
}

const at = (file: string, key: string | number) => (problem: string) =>
  new FlagError('corrupt-file', `${file}: ${key}: ${problem}`)

const nameOf = (file: string) => basename(file).replace(/\.json$/, '')

const sugarCrepeFile = z.record(
  z.string(),
  z.object({ filename: z.string(), caption: z.string().min(1), negative_caption: z.string().min(1) }),
)

/** SugarCrepe's JSON files, one a category. */
export function loadSugarCrepe(it: { files: readonly string[]; images: string }): FoilsData {
  const samples = it.files.flatMap((file) =>
    Object.entries(readJson(file, sugarCrepeFile)).map(([key, { filename, caption, negative_caption }]) => ({
      id: `${nameOf(file)} ${key}`,
      cluster: filename,
      category: nameOf(file),
      picture: { id: filename, input: pictureIn(it.images, filename, at(file, key)) },
      right: caption,
      wrong: [negative_caption],
    })),
  )
  return { kind: 'foil', samples: some(samples, it.files.join(', ')) }
}

const valseFile = z.record(
  z.string(),
  z.object({
    image_file: z.string(),
    caption: z.string().min(1),
    foil: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
    mturk: z.object({ caption: z.number() }).optional(),
  }),
)

/** VALSE's JSON files, one an instrument; only samples whose caption at least two of three people chose. */
export function loadValse(it: { files: readonly string[]; images: string }): FoilsData {
  const samples = it.files.flatMap((file) =>
    Object.entries(readJson(file, valseFile)).flatMap(([key, { image_file, caption, foil, mturk }]) =>
      (mturk?.caption ?? 0) < 2
        ? []
        : [
            {
              id: `${nameOf(file)} ${key}`,
              cluster: image_file,
              category: nameOf(file),
              picture: { id: image_file, input: pictureIn(it.images, image_file, at(file, key)) },
              right: caption,
              wrong: typeof foil === 'string' ? [foil] : foil,
            },
          ],
    ),
  )
  return { kind: 'foil', samples: some(samples, it.files.join(', ')) }
}

const aroFile = z.array(
  z.object({
    image_path: z.string(),
    true_caption: z.string().min(1),
    false_caption: z.string().min(1),
    relation_name: z.string().optional(),
    attributes: z.array(z.string()).optional(),
    bbox_x: z.number(),
    bbox_y: z.number(),
    bbox_w: z.number(),
    bbox_h: z.number(),
  }),
)

/** ARO's Visual Genome relations and attributions: the picture is cut to the box of the two things. */
export async function loadAro(it: { file: string; images: string }): Promise<FoilsData> {
  const samples = []
  for (const [i, line] of readJson(it.file, aroFile).entries()) {
    const path = pictureIn(it.images, line.image_path, at(it.file, i))
    const box = { left: line.bbox_x, top: line.bbox_y, width: line.bbox_w, height: line.bbox_h }
    let input: Uint8Array
    try {
      input = await sharp(path).extract(box).png().toBuffer()
    } catch (cause) {
      throw new FlagError('corrupt-file', `${it.file}: ${i}: ${path}: ${(cause as Error).message}`, { cause })
    }
    samples.push({
      id: `${i}`,
      cluster: line.image_path,
      category: line.relation_name ?? line.attributes?.join('_') ?? 'all',
      picture: { id: line.image_path, input },
      right: line.true_caption,
      wrong: [line.false_caption],
    })
  }
  return { kind: 'foil', samples: some(samples, it.file) }
}
