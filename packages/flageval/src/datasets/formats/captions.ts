import { basename, join } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import { z } from 'zod'
import type { Picture, RetrievalData } from '../dataset.ts'
import { lineError, pictureIn, readJson, readJsonLines, readLines } from './reading.ts'

/** Collects captions by picture, in the order of the pictures' first captions. */
class Captions {
  readonly pictures: Picture[] = []
  readonly captions: RetrievalData['captions'][number][] = []
  readonly #places = new Map<string, number>()

  add(name: string, input: () => string | Uint8Array, text: string): void {
    let picture = this.#places.get(name)
    if (picture === undefined) {
      picture = this.pictures.length
      this.#places.set(name, picture)
      this.pictures.push({ id: name, input: input() })
    }
    this.captions.push({ id: `${this.captions.length}`, text, picture })
  }

  data(file: string): RetrievalData {
    if (this.captions.length === 0) throw new FlagError('corrupt-file', `${file}: no captions`)
    return { kind: 'retrieval', pictures: this.pictures, captions: this.captions }
  }
}

const karpathyFile = z.object({
  images: z.array(
    z.object({
      filename: z.string(),
      filepath: z.string().optional(),
      split: z.string(),
      sentences: z.array(z.object({ raw: z.string() })).min(1),
    }),
  ),
})

/** Karpathy's splits of Flickr8k, Flickr30k and COCO (`dataset_flickr30k.json`). */
export function loadKarpathy(it: { file: string; images: string; split: string }): RetrievalData {
  const found = new Captions()
  readJson(it.file, karpathyFile).images.forEach(({ filename, filepath, split, sentences }, i) => {
    if (split !== it.split) return
    const fail = (problem: string) => new FlagError('corrupt-file', `${it.file}: images.${i}: ${problem}`)
    for (const { raw } of sentences)
      found.add(filename, () => pictureIn(join(it.images, filepath ?? ''), filename, fail), raw.trim())
  })
  return found.data(`${it.file}, split ${it.split}`)
}

/**
 * Lines `name.jpg,caption` (FlagEval, AIC-ICC, Flickr30k-CN). A first line `image,caption` is a header; any other first
 * line is a sample like the rest.
 */
export function loadCaptionLines(it: { file: string; images: string }): RetrievalData {
  const found = new Captions()
  readLines(it.file).forEach((line, i) => {
    if (i === 0 && /^"?image"?,"?caption/i.test(line)) return
    const match = /^(.*?\.(?:jpe?g|png|webp))\s*,(.*)$/i.exec(line)
    if (!match || match[2].trim() === '') throw lineError(it.file, i + 1, 'expected name.jpg,caption')
    const [, name, caption] = match
    found.add(
      name,
      () => pictureIn(it.images, name, (problem) => lineError(it.file, i + 1, problem)),
      caption.trim(),
    )
  })
  return found.data(it.file)
}

/**
 * A file of picture names and one or more files of captions, line by line (XTD10, Multi30k). No line is a header. Files
 * of unequal length are refused: languages would be scored on different pictures.
 */
export function loadAlignedLines(it: {
  names: string
  captions: string | readonly string[]
  images: string
}): RetrievalData {
  const names = readLines(it.names).map((line) => line.trim().split('#')[0])
  const found = new Captions()
  const files = typeof it.captions === 'string' ? [it.captions] : it.captions
  const columns = files.map((file) => {
    const lines = readLines(file)
    if (lines.length !== names.length) {
      throw new FlagError('corrupt-file', `${file}: ${lines.length} captions for ${names.length} pictures`, {
        hint: `line n describes the picture in line n of ${it.names}`,
      })
    }
    return { file, lines }
  })
  names.forEach((name, i) => {
    for (const { file, lines } of columns) {
      if (lines[i].trim() === '') throw lineError(file, i + 1, 'no caption')
      const input = () =>
        pictureIn(it.images, basename(name), (problem) => lineError(it.names, i + 1, problem))
      found.add(name, input, lines[i].trim())
    }
  })
  return found.data(it.names)
}

const mugeQuery = z.object({
  query_id: z.union([z.int(), z.string()]),
  query_text: z.string().min(1),
  item_ids: z.array(z.union([z.int(), z.string()])).min(1),
})

/**
 * MUGE: queries with several right pictures each (`valid_queries.jsonl`) and pictures as lines `id<TAB>base64`
 * (`valid_imgs.tsv`). Pictures of no query are candidates for no one and are left out. A picture of two queries is
 * refused.
 */
export function loadMuge(it: { file: string; images: string }): RetrievalData {
  const bytes = new Map<string, Uint8Array>()
  readLines(it.images).forEach((line, i) => {
    const [id, base64] = line.split('\t')
    if (!base64) throw lineError(it.images, i + 1, 'expected id<TAB>base64')
    bytes.set(id, Buffer.from(base64, 'base64'))
  })
  const pictures: Picture[] = []
  const captionOf: number[] = []
  const seen = new Set<string>()
  const captions = readJsonLines(it.file, mugeQuery).map(({ query_id, query_text, item_ids }, i) => {
    const picture = pictures.length
    for (const id of item_ids.map(String)) {
      const input = bytes.get(id)
      if (!input) throw lineError(it.file, i + 1, `picture ${id} is not in ${it.images}`)
      if (seen.has(id)) throw lineError(it.file, i + 1, `picture ${id} belongs to two queries`)
      seen.add(id)
      pictures.push({ id, input })
      captionOf.push(i)
    }
    return { id: `${query_id}`, text: query_text, picture }
  })
  if (captions.length === 0) throw new FlagError('corrupt-file', `${it.file}: no queries`)
  return { kind: 'retrieval', pictures, captions, captionOf }
}
