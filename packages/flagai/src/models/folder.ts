import { existsSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FlagError } from '@flag/core-tensor'
import { type HubOptions, snapshotDownload } from '../hub/index.ts'
import { isModelId } from '../hub/names.ts'

/** The folder of this package, from the sources as well as from the built bundle. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return folder
}

/** A model that is known by name. */
export interface KnownModel {
  readonly id: string
  /** ISO 639-1 codes of the languages that it was trained on. */
  readonly languages: readonly string[]
  readonly about: string
}

/** The model that comes with this package. */
export const EMBEDDED_MODEL = 'altclip-emoji-m12'

const nine = ['en', 'zh', 'es', 'fr', 'ru', 'ar', 'ja', 'ko', 'it']

export const knownModels: readonly KnownModel[] = [
  {
    id: EMBEDDED_MODEL,
    languages: [...nine, 'de', 'pt', 'hi'],
    about: 'emoji and simple drawings, comes with @flag/ai',
  },
  { id: 'BAAI/AltCLIP', languages: ['en', 'zh'], about: 'photos, 3.5 GB' },
  { id: 'BAAI/AltCLIP-m9', languages: nine, about: 'photos, 3.5 GB' },
  {
    id: 'BAAI/AltCLIP-m18',
    languages: [...nine, 'th', 'hi', 'uk', 'tr', 'vi', 'pl', 'nl', 'pt', 'de'],
    about: 'photos, 4.8 GB',
  },
]

/** The known model that a name, or the folder or snapshot that it was found in, stands for. */
export function knownModelOf(idOrFolder: string): KnownModel | undefined {
  const parts = idOrFolder.split(/[\\/]/)
  return knownModels.find(
    ({ id }) =>
      id === idOrFolder ||
      parts.includes(`models--${id.replace('/', '--')}`) ||
      parts[parts.length - 1] === id.split('/').pop(),
  )
}

const holdsModel = (folder: string) =>
  existsSync(join(folder, 'config.json')) || existsSync(join(folder, 'latest_iteration.txt'))

/**
 * The folder of a model: a folder as given, one that comes with this package, or the snapshot of a model of the hub
 * (`owner/name`), which is downloaded unless it is in the Hugging Face cache, see `snapshotDownload`. Throws
 * `not-found` with what to do, and whatever keeps a model from being downloaded.
 */
export async function modelFolder(idOrFolder: string, options: HubOptions = {}): Promise<string> {
  const here = resolve(idOrFolder)
  const found = [here, join(packageRoot(), 'models', idOrFolder)].find(holdsModel)
  if (found !== undefined) return found
  if (existsSync(here)) {
    throw new FlagError('not-found', `${here}: holds no config.json`, {
      hint: 'give the folder of a model as published: config.json, weights, tokenizer, preprocessor_config.json',
    })
  }
  if (idOrFolder.includes('/') && isModelId(idOrFolder)) {
    return (await snapshotDownload(idOrFolder, options)).folder
  }
  // A name without owner is rather a slip of the pen than one of the hub's oldest models.
  const cached = isModelId(idOrFolder) && (await cachedFolder(idOrFolder, options))
  if (cached) return cached
  throw new FlagError('not-found', `no model "${idOrFolder}": neither a folder nor downloaded`, {
    hint:
      idOrFolder === EMBEDDED_MODEL
        ? `${join(packageRoot(), 'models')} should hold it: install @flag/ai again`
        : `give a folder, a model of Hugging Face (owner/name), or ${EMBEDDED_MODEL}`,
  })
}

/** The folder of a model of the hub in the cache, if it is complete there. Nothing is downloaded. */
async function cachedFolder(id: string, options: HubOptions): Promise<string | undefined> {
  try {
    return (await snapshotDownload(id, { ...options, offline: true })).folder
  } catch (error) {
    if (error instanceof FlagError && error.code === 'not-found') return undefined
    throw error
  }
}

/** Parsed JSON of a file, or undefined when there is no such file. Throws `corrupt-file`. */
export function readJson(file: string): unknown {
  if (!existsSync(file)) return undefined
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new FlagError('corrupt-file', `${file}: not JSON (${(cause as Error).message})`, { cause })
  }
}

/**
 * Where the weights of a model's folder lie: in the folder, or, when FlagAI's trainer wrote it, in the folder of the
 * newest iteration that `latest_iteration.txt` names.
 */
export async function weightsFolder(folder: string): Promise<string> {
  const tracker = join(folder, 'latest_iteration.txt')
  if (!existsSync(tracker)) return folder
  const [iteration] = (await readFile(tracker, 'utf8')).trim().split(/\s+/)
  if (!/^\d+$/.test(iteration) || !existsSync(join(folder, iteration))) {
    throw new FlagError('corrupt-file', `${tracker}: names iteration "${iteration}", which is no folder here`)
  }
  return join(folder, iteration)
}
