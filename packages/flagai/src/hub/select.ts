import { FlagError } from '@flag/core-tensor'
import { matcher } from './patterns.ts'
import type { RepositoryFile } from './tree.ts'

/** Which files of a repository are wanted. Patterns are those of huggingface_hub. */
export interface FileChoice {
  /** Files to take. Default: what opening the model needs, see `modelFiles`. */
  include?: readonly string[]
  /** Files not to take, of those. */
  exclude?: readonly string[]
}

/** Weights in the order in which `openCheckpoint` looks for them. */
const WEIGHTS = ['model', 'diffusion_pytorch_model', 'pytorch_model'].flatMap((name) =>
  (name === 'pytorch_model' ? ['bin'] : ['safetensors', 'bin']).flatMap((kind) => [
    `${name}.${kind}`,
    `${name}.${kind}.index.json`,
  ]),
)
/** Configurations, vocabularies and tokenizers; big ones, too. */
const SMALL = /\.(json|model|txt|jinja|spm)$/
const ANY_WEIGHTS = /\.(safetensors|bin|pt|pth|ckpt)$/
const INDEX = '.index.json'
/** What trainers and exporters leave beside weights. */
const NOT_WEIGHTS = /^(training_args|optimizer|scheduler|rng_state|scaler)\b/

/** Reads a JSON file of the model, downloading it if need be. */
export type ReadJson = (file: RepositoryFile) => Promise<unknown>

/** The files of a repository that were chosen. Throws `not-found` when there are none. */
export async function chooseFiles(
  id: string,
  files: readonly RepositoryFile[],
  { include, exclude }: FileChoice,
  readJson: ReadJson,
): Promise<RepositoryFile[]> {
  const excluded = matcher(exclude ?? [])
  const left = files.filter(({ path }) => !excluded(path))
  const chosen = include
    ? left.filter(({ path }) => matcher(include)(path))
    : await modelFiles(id, left, readJson)
  if (chosen.length > 0) return chosen
  const names = files.slice(0, 8).map(({ path }) => path)
  throw new FlagError('not-found', `${id}: none of its ${files.length} files was chosen`, {
    hint: `it holds ${names.join(', ')}${files.length > names.length ? ', …' : ''}`,
  })
}

/**
 * What opening a model needs: its configuration, tokenizer and preparation of pictures, and its weights once:
 * safetensors rather than torch files when both are there, the shards that an index names. Of a pipeline of models
 * (`model_index.json`) the same, folder by folder.
 */
async function modelFiles(
  id: string,
  files: readonly RepositoryFile[],
  readJson: ReadJson,
): Promise<RepositoryFile[]> {
  const isPipeline = files.some(({ path }) => path === 'model_index.json')
  const folders = new Map<string, RepositoryFile[]>()
  for (const file of files) {
    const folder = file.path.slice(0, file.path.lastIndexOf('/') + 1)
    if (folder === '' || isPipeline) folders.set(folder, [...(folders.get(folder) ?? []), file])
  }
  const chosen: RepositoryFile[] = []
  for (const [folder, inside] of folders) {
    const small = inside.filter(({ path }) => SMALL.test(path) && !path.endsWith(INDEX))
    const weights = await weightFiles(id, folder, inside, readJson)
    if (folder === '' && !isPipeline && weights.length === 0) throw noWeights(id, files)
    chosen.push(...small, ...weights)
  }
  return chosen
}

async function weightFiles(
  id: string,
  folder: string,
  inside: readonly RepositoryFile[],
  readJson: ReadJson,
): Promise<RepositoryFile[]> {
  const byName = new Map(inside.map((file) => [file.path.slice(folder.length), file]))
  const name = WEIGHTS.find((candidate) => byName.has(candidate))
  if (name === undefined) {
    // Many repositories hold one checkpoint under a name of their own.
    const single = [...byName.keys()].filter((file) => ANY_WEIGHTS.test(file) && !NOT_WEIGHTS.test(file))
    return single.length === 1 ? [byName.get(single[0]) as RepositoryFile] : []
  }
  const file = byName.get(name) as RepositoryFile
  if (!name.endsWith(INDEX)) return [file]
  const map = ((await readJson(file)) as { weight_map?: unknown } | null)?.weight_map
  const shards = new Set(typeof map === 'object' && map !== null ? Object.values(map) : [])
  const missing = [...shards].find((shard) => typeof shard !== 'string' || !byName.has(shard))
  if (shards.size > 0 && missing === undefined)
    return [file, ...[...shards].map((shard) => byName.get(shard as string) as RepositoryFile)]
  const what =
    shards.size === 0 ? 'has no "weight_map"' : `names ${JSON.stringify(missing)}, which is not there`
  throw new FlagError('corrupt-file', `${id}: ${file.path} ${what}`, {
    hint: 'the repository is incomplete: try another revision',
  })
}

function noWeights(id: string, files: readonly RepositoryFile[]): FlagError {
  const candidates = files.filter(({ path }) => ANY_WEIGHTS.test(path)).map(({ path }) => path)
  if (candidates.length === 0) return new FlagError('not-found', `${id}: holds no weights`)
  return new FlagError('not-found', `${id}: holds ${candidates.length} files that may be the weights`, {
    hint: `choose with include: ${candidates.slice(0, 8).join(', ')}${candidates.length > 8 ? ', …' : ''}`,
  })
}
