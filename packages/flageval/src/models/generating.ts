import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, extname, join, parse, resolve } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import type { Picture } from '../datasets/dataset.ts'
import type { PictureInput } from './embedding.ts'
import { openModule, schemeOf } from './model.ts'

/** A model that draws or describes pictures. What it cannot do it leaves out. */
export interface GeneratingModel {
  /** Under this name its scores are shown. */
  readonly name: string
  /** Changes whenever what it makes could. */
  readonly fingerprint: string
  /** A picture of each text, in order. */
  drawPictures?(prompts: readonly { readonly id: string; readonly text: string }[]): Promise<PictureInput[]>
  /** A caption of each picture, in order. */
  describePictures?(pictures: readonly Picture[]): Promise<string[]>
  dispose(): Promise<void>
}

/** Whether a model draws or describes pictures. */
export const isGeneratingModel = (model: object): model is GeneratingModel =>
  'drawPictures' in model || 'describePictures' in model

const PICTURES = ['.png', '.jpg', '.jpeg', '.webp', '.svg', '.gif', '.avif']

/**
 * What a model made beforehand, as a model: a folder with a picture for each sample, named by its id
 * (`cat.png`), or with `captions.json`, an object of captions by the ids of the pictures. Throws `not-found` for what is missing.
 */
export async function outputFiles(folder: string): Promise<GeneratingModel> {
  if (!existsSync(folder)) throw new FlagError('not-found', `${folder}: no such folder`)
  const hash = createHash('sha256')
  const files = readdirSync(folder).sort()
  for (const name of files) hash.update(`\0${name}\0`).update(await readFile(join(folder, name)))
  const pictures = new Map(
    files
      .filter((name) => PICTURES.includes(extname(name).toLowerCase()))
      .map((name) => [parse(name).name, join(folder, name)]),
  )
  const captions = files.includes('captions.json')
    ? captionsIn(await readFile(join(folder, 'captions.json'), 'utf8'), join(folder, 'captions.json'))
    : undefined
  const missing = (id: string) => new FlagError('not-found', `${folder} has nothing for the sample "${id}"`)
  return {
    name: basename(folder),
    fingerprint: `outputs ${hash.digest('hex').slice(0, 32)}`,
    ...(pictures.size > 0 && {
      drawPictures: async (prompts) =>
        prompts.map(({ id }) => {
          const file = pictures.get(id)
          if (file === undefined) throw missing(id)
          return file
        }),
    }),
    ...(captions && {
      describePictures: async (shown) =>
        shown.map(({ id }) => {
          if (captions[id] === undefined) throw missing(id)
          return captions[id]
        }),
    }),
    dispose: async () => {},
  }
}

function captionsIn(text: string, file: string): Record<string, string> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new FlagError('corrupt-file', `${file}: not JSON: ${(cause as Error).message}`, { cause })
  }
  const isObject = value !== null && typeof value === 'object' && !Array.isArray(value)
  if (isObject && Object.values(value as object).every((it) => typeof it === 'string'))
    return value as Record<string, string>
  throw new FlagError('corrupt-file', `${file}: expected an object of captions by the ids of pictures`)
}

/**
 * Opens a model that draws or describes pictures: `outputs:<folder>`, or a JavaScript module whose default export is a
 * function that returns a `GeneratingModel`. Throws `not-found`, `invalid-argument`.
 */
export async function openGeneratingModel(model: string): Promise<GeneratingModel> {
  const [scheme, place] = schemeOf(model)
  if (scheme === 'outputs') return outputFiles(resolve(place))
  if (!/\.[cm]?[jt]s$/.test(model)) {
    throw new FlagError('not-found', `no model "${model}" that draws or describes pictures`, {
      hint: 'give outputs:<folder> or a .mjs file',
    })
  }
  const opened = await openModule(resolve(model))
  const { name, fingerprint, dispose } = opened as Partial<GeneratingModel>
  if (isGeneratingModel(opened) && name && fingerprint && dispose) return opened
  throw new FlagError('invalid-argument', `${model} does not return a GeneratingModel`, {
    hint: 'return name, fingerprint, dispose, and drawPictures or describePictures',
  })
}
