import { existsSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import { type HubOptions, snapshotDownload } from '../hub/index.ts'
import { modelFolder, readJson } from './folder.ts'
import { type PublishedModel, publishedModelOf } from './published.ts'

/** Where the weights of a model lie, and what is said about it beside them. */
export interface ModelSource<Config> {
  /** The file of the weights, or of the index over its shards. */
  readonly weights: string
  readonly folder: string
  readonly config: { readonly file: string; readonly json: unknown } | undefined
  /** The published model whose file or name this is. */
  readonly published: PublishedModel<Config> | undefined
}

export interface SourceOptions<Config> {
  readonly models: Readonly<Record<string, PublishedModel<Config>>>
  /** Names of weights in a folder, the likeliest first; else a folder's only file of weights is taken. */
  readonly weights: readonly string[]
  /** Names of configurations in a folder, the likeliest first. */
  readonly configs: readonly string[]
  readonly hub: HubOptions
}

/**
 * Finds a model that may be a single file: the path of its weights, a folder, the name of a published model, or of a
 * repository on the Hugging Face hub, both of which are downloaded into the cache once. Throws `not-found` with what to
 * do, and whatever keeps a model from being downloaded.
 */
export async function modelSource<Config>(
  idOrPath: string,
  options: SourceOptions<Config>,
): Promise<ModelSource<Config>> {
  const published = publishedModelOf(options.models, idOrPath)
  const path = resolve(idOrPath)
  if (existsSync(path)) return sourceAt(path, published, options)
  if (!published) return sourceAt(await modelFolder(idOrPath, options.hub), published, options)
  const { repository, file } = published
  const { folder } = await snapshotDownload(repository, { ...options.hub, include: [file] })
  return sourceAt(join(folder, file), published, options)
}

async function sourceAt<Config>(
  path: string,
  published: PublishedModel<Config> | undefined,
  options: SourceOptions<Config>,
): Promise<ModelSource<Config>> {
  const folder = statSync(path).isDirectory() ? path : dirname(path)
  const weights = folder === path ? await weightsIn(folder, options.weights) : path
  const file = options.configs.map((name) => join(folder, name)).find((name) => existsSync(name))
  return {
    weights,
    folder,
    config: file === undefined ? undefined : { file, json: readJson(file) },
    published: published ?? publishedModelOf(options.models, weights),
  }
}

async function weightsIn(folder: string, preferred: readonly string[]): Promise<string> {
  const names = await readdir(folder)
  const first = preferred.find((name) => names.includes(name))
  if (first !== undefined) return join(folder, first)
  const files = names.filter((name) => /\.(safetensors|pt|pth|bin)$/.test(name))
  if (files.length === 1) return join(folder, files[0])
  throw new FlagError(
    'not-found',
    files.length === 0
      ? `${folder}: the folder holds no weights`
      : `${folder}: the folder holds ${files.length} files of weights: ${files.slice(0, 5).join(', ')}`,
    {
      hint: `give the file itself, or name it ${preferred[0]}`,
    },
  )
}
