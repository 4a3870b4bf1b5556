import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import { z } from 'zod'
import type { ClassificationData, RetrievalData } from '../dataset.ts'
import { readBytes, readJson, readLines } from './reading.ts'

const PICTURE = /\.(jpe?g|png|webp|gif|bmp|tiff?)$/i

const classFile = z.union([
  z.array(z.object({ id: z.string(), name: z.string().min(1) })),
  z.record(z.string(), z.string().min(1)),
])

/** Names of classes by the folder that holds their pictures: `[{id, name}]` or `{id: name}`. Throws `corrupt-file`. */
function readClasses(file: string): { id: string; name: string }[] {
  const content = readJson(file, classFile)
  return Array.isArray(content) ? content : Object.entries(content).map(([id, name]) => ({ id, name }))
}

/**
 * A folder for each class (ImageNet and its variants V2, A, O, R and Sketch). Folders are WordNet ids, or places of the
 * class in the list: ImageNet-V2 names them 0 to 999, and 10 comes after 9. The classes are those that have a folder,
 * so that A, O and R are scored on their 200. Throws `corrupt-file` for a folder without a class and an empty one.
 */
export function loadFolders(it: {
  images: string
  classes: string
  templates: readonly string[]
}): ClassificationData {
  const all = readClasses(it.classes)
  if (!existsSync(it.images)) throw new FlagError('not-found', `${it.images}: no such folder`)
  const folders = readdirSync(it.images, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [entry.name] : [],
  )
  const byPlace = folders.every((name) => /^\d+$/.test(name)) && !all.some(({ id }) => folders.includes(id))
  const known = new Map(all.map(({ id }, i) => [byPlace ? `${i}` : id, i]))
  const strange = folders.find((name) => !known.has(byPlace ? `${Number(name)}` : name))
  if (folders.length === 0 || strange !== undefined) {
    const problem =
      strange === undefined ? 'no folders of classes' : `the folder ${strange} is no class of ${it.classes}`
    throw new FlagError('corrupt-file', `${it.images}: ${problem}`)
  }
  const place = (name: string) => known.get(byPlace ? `${Number(name)}` : name) as number
  const chosen = folders.sort((a, b) => place(a) - place(b))
  const files = chosen.flatMap((folder, gold) => {
    const names = readdirSync(join(it.images, folder)).filter((name) => PICTURE.test(name))
    if (names.length === 0) throw new FlagError('corrupt-file', `${join(it.images, folder)}: no pictures`)
    return names
      .sort()
      .map((name) => ({ id: `${folder}/${name}`, input: join(it.images, folder, name), gold }))
  })
  return {
    kind: 'classification',
    pictures: files.map(({ id, input }) => ({ id, input })),
    gold: files.map(({ gold }) => gold),
    classes: chosen.map((folder) => all[place(folder)]),
    templates: it.templates,
  }
}

/** Files of a tar archive: POSIX ustar with pax and GNU long names. Throws `corrupt-file` with the offset. */
function readTar(file: string): { name: string; bytes: Uint8Array }[] {
  const tar = readBytes(file)
  const text = (from: number, to: number) => tar.toString('utf8', from, to).replace(/\0.*$/s, '')
  const files: { name: string; bytes: Uint8Array }[] = []
  let long: string | undefined
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, at + 136).trim() || '0', 8)
    const sum = Number.parseInt(text(at + 148, at + 156).trim(), 8)
    let own = 0
    for (let i = 0; i < 512; i++) own += i >= 148 && i < 156 ? 32 : tar[at + i]
    const end = at + 512 + size
    if (own !== sum || Number.isNaN(size) || end > tar.length)
      throw new FlagError('corrupt-file', `${file}: no whole tar entry at byte ${at}`)
    const [type, prefix] = [text(at + 156, at + 157), text(at + 345, at + 500)]
    const bytes = tar.subarray(at + 512, end)
    if (type === 'L') long = bytes.toString('utf8').replace(/\0.*$/s, '')
    else if (type === 'x') long = /^\d+ path=(.*)$/m.exec(bytes.toString('utf8'))?.[1] ?? long
    else {
      const short = text(at, at + 100)
      if (type === '0' || type === '')
        files.push({ name: long ?? (prefix ? `${prefix}/${short}` : short), bytes })
      long = undefined
    }
    at = at + 512 + Math.ceil(size / 512) * 512
  }
  return files
}

/**
 * WebDataset shards as CLIP_benchmark writes them: files of one key are a sample, a picture with `.cls` (a class's place
 * in `classes`, a text file) for classification, or with `.txt` (a caption a line) for retrieval. Throws `corrupt-file`
 * for a sample without its other half.
 */
export function loadWebDataset(it: {
  shards: readonly string[]
  classes?: string
  templates: readonly string[]
}): ClassificationData | RetrievalData {
  const names = it.classes === undefined ? undefined : readLines(it.classes).filter((line) => line !== '')
  const pictures: { id: string; input: Uint8Array }[] = []
  const gold: number[] = []
  const captions: { id: string; text: string; picture: number }[] = []
  for (const shard of it.shards) {
    const samples = new Map<string, Map<string, Uint8Array>>()
    for (const { name, bytes } of readTar(shard)) {
      const match = /^((?:.*\/)?[^/.]+)\.([^/]+)$/.exec(name)
      if (!match) continue
      const parts = samples.get(match[1]) ?? new Map<string, Uint8Array>()
      samples.set(match[1], parts.set(match[2].toLowerCase(), bytes))
    }
    for (const [key, parts] of samples) {
      const fail = (problem: string) => new FlagError('corrupt-file', `${shard}: ${key}: ${problem}`)
      const input = [...parts].find(([ending]) => PICTURE.test(`.${ending}`))?.[1]
      if (!input) throw fail('no picture')
      const part = parts.get(names ? 'cls' : 'txt')
      if (!part) throw fail(names ? 'no .cls file' : 'no .txt file')
      const content = Buffer.from(part).toString('utf8').trim()
      if (names) {
        const label = Number(content)
        if (!(Number.isInteger(label) && label >= 0 && label < names.length))
          throw fail(`class ${content} is not one of ${names.length}`)
        gold.push(label)
      } else
        for (const text of content.split('\n'))
          captions.push({ id: `${captions.length}`, text: text.trim(), picture: pictures.length })
      pictures.push({ id: key, input })
    }
  }
  if (pictures.length === 0) throw new FlagError('corrupt-file', `${it.shards.join(', ')}: no samples`)
  if (!names) return { kind: 'retrieval', pictures, captions }
  const classes = names.map((name, i) => ({ id: `${i}`, name }))
  return { kind: 'classification', pictures, gold, classes, templates: it.templates }
}
