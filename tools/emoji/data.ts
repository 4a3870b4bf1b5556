/**
 * The emoji data set: concepts with captions in twelve languages, and their pictures in every style, rendered
 * once and kept in a cache file.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import type { Concept } from './concepts.ts'
import {
  type ConceptEntry,
  openStyle,
  packageVersions,
  readConcepts,
  type Source,
  type Style,
  TRAINING_STYLES,
} from './packages.ts'

/** Pictures of one size with their labels. `pixels` is [count, size, size, 4] RGBA with premultiplied alpha. */
export interface Pictures {
  readonly size: number
  readonly count: number
  readonly styles: readonly Style[]
  /** Index of the concept of each picture. */
  readonly concept: Uint16Array
  /** Index into `styles` of each picture. */
  readonly style: Uint8Array
  /** 0 for the base emoji, 1 … for its skin-toned forms. */
  readonly skin: Uint8Array
  readonly pixels: Uint8Array
}

export interface EmojiData {
  readonly concepts: readonly Concept[]
  readonly training: Pictures
}

const cacheFolder = fileURLToPath(new URL('../../.cache/emoji/', import.meta.url))
/** Raised whenever rendering changes, so that an old cache is not mistaken for a new one. */
const RENDER_VERSION = 1

/** One picture, fitted into a square and centred, as premultiplied RGBA. Throws if sharp cannot read it. */
async function renderPicture(source: Source, size: number): Promise<Uint8Array> {
  const large = await open(source, size)
  const data = await sharp(large.data, {
    raw: { width: large.info.width, height: large.info.height, channels: 4 },
  })
    .resize(size, size, contain)
    .raw()
    .toBuffer()
  const pixels = new Uint8Array(data)
  for (let i = 0; i < pixels.length; i += 4) {
    const alpha = pixels[i + 3]
    for (let c = 0; c < 3; c++) pixels[i + c] = Math.round((pixels[i + c] * alpha) / 255)
  }
  return pixels
}

/** Decodes a picture. Vector pictures are drawn at twice `size`, since their own anti-aliasing is coarse. */
async function open(source: Source, size: number) {
  const vector = 'svg' in source || source.file.endsWith('.svg')
  const input = 'svg' in source ? Buffer.from(source.svg) : readFileSync(source.file)
  let image = sharp(input)
  if (vector) {
    const { width = 1, height = 1 } = await image.metadata()
    image = sharp(input, { density: Math.min(2400, (72 * 2 * size) / Math.max(width, height)) })
  }
  return image.ensureAlpha().raw().toBuffer({ resolveWithObject: true })
}

const contain = { fit: 'contain', background: { r: 0, g: 0, b: 0, alpha: 0 } } as const

/** Every picture that `styles` have of `entries`, rendered in a fixed order. */
async function render(
  entries: readonly ConceptEntry[],
  styles: readonly Style[],
  size: number,
  withSkins: boolean,
): Promise<Pictures> {
  const jobs: { source: Source; concept: number; style: number; skin: number }[] = []
  styles.forEach((style, s) => {
    const find = openStyle(style)
    for (const { concept, skins } of entries) {
      const forms = [{ code: concept.code, name: concept.names.en }, ...(withSkins ? skins : [])]
      forms.forEach((form, skin) => {
        const source = find(form.code, form.name)
        if (source) jobs.push({ source, concept: concept.index, style: s, skin })
      })
    }
  })
  const bytes = size * size * 4
  const pixels = new Uint8Array(jobs.length * bytes)
  let next = 0
  const work = async () => {
    while (next < jobs.length) {
      const at = next++
      pixels.set(await renderPicture(jobs[at].source, size), at * bytes)
    }
  }
  await Promise.all([work(), work(), work(), work()])
  return {
    size,
    count: jobs.length,
    styles,
    concept: Uint16Array.from(jobs, (job) => job.concept),
    style: Uint8Array.from(jobs, (job) => job.style),
    skin: Uint8Array.from(jobs, (job) => job.skin),
    pixels,
  }
}

/** Renders, or reads what an earlier call rendered with the same packages. */
async function cached(
  name: string,
  entries: readonly ConceptEntry[],
  styles: readonly Style[],
  size: number,
  withSkins: boolean,
): Promise<Pictures> {
  const path = join(cacheFolder, `${name}-${size}`)
  const key = JSON.stringify([RENDER_VERSION, packageVersions(), styles, size, withSkins])
  try {
    const header = JSON.parse(readFileSync(`${path}.json`, 'utf8')) as { key: string; count: number }
    const body = readFileSync(`${path}.bin`)
    const { count } = header
    if (header.key === key && body.length === count * (4 + size * size * 4)) {
      const bytes = new Uint8Array(body.buffer, body.byteOffset, body.length)
      return {
        size,
        count,
        styles,
        concept: new Uint16Array(bytes.slice(0, 2 * count).buffer),
        style: bytes.subarray(2 * count, 3 * count),
        skin: bytes.subarray(3 * count, 4 * count),
        pixels: bytes.subarray(4 * count),
      }
    }
  } catch {
    // No usable cache: render.
  }
  const pictures = await render(entries, styles, size, withSkins)
  mkdirSync(cacheFolder, { recursive: true })
  const parts = [new Uint8Array(pictures.concept.buffer), pictures.style, pictures.skin, pictures.pixels]
  writeFileSync(`${path}.bin.part`, Buffer.concat(parts))
  renameSync(`${path}.bin.part`, `${path}.bin`)
  writeFileSync(`${path}.json`, JSON.stringify({ key, count: pictures.count }))
  return pictures
}

/** Concepts and training pictures (seen concepts only) at `size` pixels, skin-toned forms included. */
export async function loadTraining(size: number): Promise<EmojiData> {
  const entries = readConcepts()
  const seen = entries.filter((entry) => !entry.concept.heldOut)
  return {
    concepts: entries.map((entry) => entry.concept),
    training: await cached('training', seen, TRAINING_STYLES, size, true),
  }
}

/** All concepts, held-out ones included, in one style: picture i shows concept i where the style has it. */
export async function loadStyle(style: Style, size: number): Promise<Pictures> {
  return cached(style, readConcepts(), [style], size, false)
}
