import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import type { Dataset } from '../dataset.ts'
import { loadCifar, loadIdx, loadStl10 } from './binaries.ts'
import { loadAlignedLines, loadCaptionLines, loadKarpathy, loadMuge } from './captions.ts'
import { loadAro, loadSugarCrepe, loadValse, loadWinoground } from './compositional.ts'
import { loadFolders, loadWebDataset } from './folders.ts'
import { loadQuestions, questionFormats } from './questions.ts'

const path = z.string().min(1)
const paths = z.array(path).min(1)
const templates = z
  .array(z.string().refine((text) => text.includes('{c}'), 'a template without the slot {c}'))
  .min(1)
  .default(['{c}'])
const classes = z.array(z.string().min(1)).min(1)

/** What a task says about data in a published format; paths are relative to the task's file. */
export const formatSchema = z.discriminatedUnion('format', [
  z.strictObject({ format: z.literal('folders'), images: path, classes: path, templates }),
  z.strictObject({ format: z.literal('webdataset'), shards: paths, classes: path.optional(), templates }),
  z.strictObject({
    format: z.literal('karpathy'),
    file: path,
    images: path,
    split: z.string().default('test'),
  }),
  z.strictObject({ format: z.literal('caption-lines'), file: path, images: path }),
  z.strictObject({
    format: z.literal('aligned-lines'),
    names: path,
    captions: z.union([path, paths]),
    images: path,
  }),
  z.strictObject({ format: z.literal('muge'), file: path, images: path }),
  z.strictObject({ format: z.literal('winoground'), file: path, images: path }),
  z.strictObject({ format: z.literal('sugarcrepe'), files: paths, images: path }),
  z.strictObject({ format: z.literal('valse'), files: paths, images: path }),
  z.strictObject({ format: z.literal('aro'), file: path, images: path }),
  z.strictObject({
    format: z.literal('cifar'),
    files: paths,
    labels: z.union([z.literal(1), z.literal(2)]).default(1),
    classes,
    templates,
  }),
  z.strictObject({ format: z.literal('idx'), images: path, labels: path, classes, templates }),
  z.strictObject({ format: z.literal('stl10'), images: path, labels: path, classes, templates }),
  ...questionFormats,
])

export type FormatOptions = z.infer<typeof formatSchema>

/** Loads data in a published format. Throws `not-found`, and `corrupt-file` with file and line. */
export async function loadFormat(it: FormatOptions): Promise<Dataset> {
  switch (it.format) {
    case 'folders':
      return loadFolders(it)
    case 'webdataset':
      return loadWebDataset(it)
    case 'karpathy':
      return loadKarpathy(it)
    case 'caption-lines':
      return loadCaptionLines(it)
    case 'aligned-lines':
      return loadAlignedLines(it)
    case 'muge':
      return loadMuge(it)
    case 'winoground':
      return loadWinoground(it)
    case 'sugarcrepe':
      return loadSugarCrepe(it)
    case 'valse':
      return loadValse(it)
    case 'aro':
      return loadAro(it)
    case 'cifar':
      return loadCifar(it)
    case 'idx':
      return loadIdx(it)
    case 'stl10':
      return loadStl10(it)
    default:
      return loadQuestions(it)
  }
}

const FILES = ['file', 'files', 'images', 'names', 'captions', 'shards']

/** The options with their paths made absolute from the folder of the task's file. */
export function resolveFormat(it: FormatOptions, taskFile: string): FormatOptions {
  const absolute = (value: unknown): unknown =>
    Array.isArray(value) ? value.map(absolute) : resolve(dirname(taskFile), value as string)
  const isPath = (key: string, value: unknown) =>
    FILES.includes(key) || ((key === 'labels' || key === 'classes') && typeof value === 'string')
  return Object.fromEntries(
    Object.entries(it).map(([key, value]) => [key, isPath(key, value) ? absolute(value) : value]),
  ) as FormatOptions
}
