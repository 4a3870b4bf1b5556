import { existsSync, readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FlagError } from '@flag/core-tensor'

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

/** Where the Python and JavaScript tools of Hugging Face keep what they downloaded. */
function hubCache(): string {
  const { HF_HUB_CACHE, HF_HOME } = process.env
  return HF_HUB_CACHE ?? join(HF_HOME ?? join(homedir(), '.cache', 'huggingface'), 'hub')
}

/** Snapshots of a hub model in the cache, the wanted revision (`main` by default) before any other. */
export async function cachedSnapshots(id: string, revision: string | undefined): Promise<string[]> {
  const model = join(hubCache(), `models--${id.replaceAll('/', '--')}`)
  const commit = await readFile(join(model, 'refs', revision ?? 'main'), 'utf8').catch(() => revision ?? '')
  const all = revision === undefined ? await readdir(join(model, 'snapshots')).catch(() => []) : []
  const first = commit.trim()
  return [...(first === '' ? [] : [first]), ...all].map((name) => join(model, 'snapshots', name))
}

const holdsModel = (folder: string) =>
  existsSync(join(folder, 'config.json')) || existsSync(join(folder, 'latest_iteration.txt'))

/**
 * The folder of a model: a folder as given, one that comes with this package, or a snapshot (of `revision`) in the
 * Hugging Face cache. Nothing is downloaded. Throws `not-found` with what to do.
 */
export async function modelFolder(idOrFolder: string, revision?: string): Promise<string> {
  const here = resolve(idOrFolder)
  const cached = await cachedSnapshots(idOrFolder, revision)
  const found = [here, join(packageRoot(), 'models', idOrFolder), ...cached].find(holdsModel)
  if (found !== undefined) return found
  if (existsSync(here)) {
    throw new FlagError('not-found', `${here}: holds no config.json`, {
      hint: 'give the folder of a model as published: config.json, weights, tokenizer, preprocessor_config.json',
    })
  }
  const wanted = revision === undefined ? '' : ` at revision ${revision}`
  throw new FlagError('not-found', `no model "${idOrFolder}"${wanted}: neither a folder nor downloaded`, {
    hint: idOrFolder.includes('/')
      ? `download it with: huggingface-cli download ${idOrFolder}, or give its folder`
      : idOrFolder === EMBEDDED_MODEL
        ? `${join(packageRoot(), 'models')} should hold it: install @flag/ai again`
        : `give a folder, a downloaded model of Hugging Face, or ${EMBEDDED_MODEL}`,
  })
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
