import { lstat, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { filesBelow } from './cache.ts'
import { type Environment, hubSettings } from './environment.ts'

/** A snapshot of a model in the cache. */
export interface CachedModel {
  readonly id: string
  readonly commit: string
  /** Branches and tags that stood for the commit when they were last asked for. */
  readonly refs: readonly string[]
  /** Bytes of its files; files that several snapshots share are counted in each. */
  readonly size: number
  readonly files: number
  /** When one of its files was last read, where the file system keeps that. */
  readonly lastUsed: Date
  readonly folder: string
  /** Bytes of downloads of this model, whatever the commit, that were interrupted. */
  readonly incomplete: number
}

const PREFIX = 'models--'

/** Models in the Hugging Face cache, whichever program downloaded them, by id and then the last used first. */
export async function cachedModels(env?: Environment): Promise<CachedModel[]> {
  const { cache } = hubSettings(env)
  const found: CachedModel[] = []
  for (const name of await namesIn(cache)) {
    if (!name.startsWith(PREFIX)) continue
    const folder = join(cache, name)
    const refs = await refsOf(join(folder, 'refs'))
    const incomplete = await incompleteOf(join(folder, 'blobs'))
    for (const commit of await namesIn(join(folder, 'snapshots'))) {
      const snapshot = join(folder, 'snapshots', commit)
      found.push({
        id: name.slice(PREFIX.length).replaceAll('--', '/'),
        commit,
        refs: refs.filter(([, of]) => of === commit).map(([ref]) => ref),
        ...(await contentsOf(snapshot)),
        folder: snapshot,
        incomplete,
      })
    }
  }
  const order = (a: CachedModel, b: CachedModel) =>
    a.id === b.id ? b.lastUsed.getTime() - a.lastUsed.getTime() : a.id < b.id ? -1 : 1
  return found.sort(order)
}

const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(() => [])

async function refsOf(folder: string): Promise<[ref: string, commit: string][]> {
  const files = await filesBelow(folder)
  return Promise.all(
    files
      .sort()
      .map(
        async (file): Promise<[string, string]> => [
          file.slice(folder.length + 1).replaceAll('\\', '/'),
          (await readFile(file, 'utf8')).trim(),
        ],
      ),
  )
}

async function incompleteOf(folder: string): Promise<number> {
  const names = (await namesIn(folder)).filter((name) => name.endsWith('.incomplete'))
  const sizes = await Promise.all(names.map((name) => lstat(join(folder, name)).then(({ size }) => size)))
  return sizes.reduce((sum, size) => sum + size, 0)
}

async function contentsOf(folder: string): Promise<Pick<CachedModel, 'size' | 'files' | 'lastUsed'>> {
  let [size, files] = [0, 0]
  let last = (await stat(folder)).mtimeMs
  for (const file of await filesBelow(folder)) {
    const blob = await stat(file).catch(() => undefined)
    if (blob === undefined) continue
    size += blob.size
    files += 1
    last = Math.max(last, blob.atimeMs)
  }
  return { size, files, lastUsed: new Date(last) }
}
