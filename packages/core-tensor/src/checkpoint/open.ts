import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { FlagError } from '../errors.ts'
import { type Checkpoint, type Contents, checkpointOf, type Entry } from './checkpoint.ts'
import { GGUF_MAGIC, readGguf } from './gguf.ts'
import { NPY_MAGIC, readNpy, readNpz } from './npy.ts'
import { readSafetensors } from './safetensors.ts'
import { type ByteSource, corrupt, fileSource } from './source.ts'
import { LEGACY_PREFIX, readTorchLegacy, readTorchZip } from './torch.ts'

/** What a model folder's weights may be called, in the order of preference of Hugging Face's libraries. */
const FOLDER_FILES = ['model', 'diffusion_pytorch_model', 'pytorch_model'].flatMap((name) =>
  (name === 'pytorch_model' ? ['bin'] : ['safetensors', 'bin']).flatMap((kind) => [
    `${name}.${kind}`,
    `${name}.${kind}.index.json`,
  ]),
)
const INDEX_LIMIT = 2 ** 27

/**
 * Opens a checkpoint by name of its file or of a model folder in the layout of Hugging Face; tensors are read when
 * asked for. Formats are told by content: safetensors, torch (`.bin .pt .pth .ckpt`, zip or older), .npy, .npz, GGUF,
 * and an `.index.json` over shards. A prefix `module.` that all names share is dropped, unless `keepModule`.
 *
 * Throws `not-found`, `io`, `corrupt-file`, `unsupported`.
 */
export async function openCheckpoint(
  location: string,
  { keepModule = false }: { keepModule?: boolean } = {},
): Promise<Checkpoint> {
  const file = await findFile(location)
  const sources: ByteSource[] = []
  const close = async () => {
    for (const source of sources) await source.close()
  }
  try {
    const open = async (name: string) => {
      const source = await fileSource(name)
      sources.push(source)
      return readContents(source)
    }
    const contents = file.endsWith('.index.json') ? await readShards(file, open) : await open(file)
    const entries = keepModule ? contents.entries : withoutModule(contents.entries)
    return checkpointOf(file, { ...contents, entries }, close)
  } catch (error) {
    await close()
    throw error
  }
}

async function findFile(location: string): Promise<string> {
  const found = await stat(location).catch((cause) => {
    throw new FlagError('not-found', `${location}: no such file or folder`, { cause })
  })
  if (!found.isDirectory()) return location
  const names = new Set(await readdir(location))
  const name = FOLDER_FILES.find((candidate) => names.has(candidate))
  if (name !== undefined) return path.join(location, name)
  throw new FlagError('not-found', `${location}: the folder holds no weights`, {
    hint: `expected one of ${FOLDER_FILES.join(', ')}, or give the file itself`,
  })
}

/** Reads a source in whatever format its first bytes show. */
export async function readContents(source: ByteSource): Promise<Contents> {
  const head = await source.read(0, Math.min(source.size, 16))
  const starts = (prefix: readonly number[]) => prefix.every((byte, i) => head[i] === byte)
  const stem = path.basename(source.path).replace(/\.[^.]*$/, '')
  if (starts(GGUF_MAGIC)) return readGguf(source)
  if (starts(NPY_MAGIC)) return readNpy(source, stem)
  if (starts([0x50, 0x4b])) return source.path.endsWith('.npz') ? readNpz(source) : readTorchZip(source)
  if (starts(LEGACY_PREFIX)) return readTorchLegacy(source)
  // JSON starts with a brace, after eight bytes of length.
  if (head[8] === 0x7b || source.path.endsWith('.safetensors')) return readSafetensors(source)
  if (head[0] === 0x80) {
    throw new FlagError('unsupported', `${source.path}: is a bare pickle, not a torch file`, {
      hint: 'save it with torch.save, or as safetensors',
    })
  }
  throw corrupt(
    source.path,
    `starts with ${Buffer.from(head.subarray(0, 8)).toString('hex') || 'nothing'}, which is no checkpoint format known here`,
    'known: safetensors, torch, npy, npz, GGUF, .index.json over shards. A file of a few hundred bytes may be a Git LFS pointer',
  )
}

/** Reads an index over shards, `{"weight_map": {tensor: file}}`. */
async function readShards(index: string, open: (file: string) => Promise<Contents>): Promise<Contents> {
  const { size } = await stat(index)
  if (size > INDEX_LIMIT) throw corrupt(index, `has ${size} bytes, an index has at most ${INDEX_LIMIT}`)
  let parsed: { weight_map?: unknown } | null
  try {
    parsed = JSON.parse(await readFile(index, 'utf8'))
  } catch (cause) {
    throw corrupt(index, 'is not JSON', undefined, cause)
  }
  const map = parsed?.weight_map
  if (typeof map !== 'object' || map === null || Array.isArray(map)) {
    throw corrupt(index, 'must have a "weight_map" from tensor names to files')
  }
  const folder = path.dirname(index)
  const shards = new Map<string, Map<string, Entry>>()
  const entries: Entry[] = []
  for (const [name, file] of Object.entries(map)) {
    if (typeof file !== 'string' || !isInside(file)) {
      throw corrupt(
        index,
        `tensor "${name}" is said to be in ${JSON.stringify(file)}, expected a file beside the index`,
      )
    }
    let shard = shards.get(file)
    if (!shard) {
      const contents = await open(path.join(folder, file))
      shard = new Map(contents.entries.map((entry) => [entry.name, entry]))
      shards.set(file, shard)
    }
    const entry = shard.get(name)
    if (!entry) throw corrupt(index, `tensor "${name}" should be in ${file}, which does not hold it`)
    entries.push(entry)
  }
  return { entries }
}

const isInside = (file: string): boolean =>
  file !== '' && !path.isAbsolute(file) && !/\\|\0|^[A-Za-z]:/.test(file) && !file.split('/').includes('..')

const MODULE = 'module.'

/** Names without the prefix that DataParallel adds. */
function withoutModule(entries: readonly Entry[]): readonly Entry[] {
  if (entries.length === 0 || !entries.every(({ name }) => name.startsWith(MODULE) && name !== MODULE))
    return entries
  return entries.map((entry) => ({ ...entry, name: entry.name.slice(MODULE.length) }))
}
