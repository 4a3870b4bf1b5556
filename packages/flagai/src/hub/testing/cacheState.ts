import { lstat, readdir, readFile, readlink, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { folderName } from '../cache.ts'
import { gitSha1, sha256 } from './hubServer.ts'

/** What is in the cache of a model. */
export interface CacheState {
  /** Names of complete blobs. */
  blobs: string[]
  /** Bytes of each file that is being downloaded, by the name of its blob. */
  partial: Record<string, number>
  refs: Record<string, string>
  /** Paths in each snapshot. */
  snapshots: Record<string, string[]>
  /** Everything that must not be: blobs of other contents than their names, links to nothing, leftovers. */
  unsound: string[]
  /** Locks, which only a process that was killed leaves behind. */
  locks: string[]
}

const namesIn = (folder: string) => readdir(folder).catch(() => [] as string[])

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
}

/** Looks through a cache as a suspicious reader would. */
export async function cacheState(cache: string, id: string): Promise<CacheState> {
  const folder = join(cache, folderName(id))
  const state: CacheState = { blobs: [], partial: {}, refs: {}, snapshots: {}, unsound: [], locks: [] }
  for (const name of (await namesIn(join(folder, 'blobs'))).sort()) {
    const content = await readFile(join(folder, 'blobs', name))
    if (name.endsWith('.flag.incomplete')) state.partial[name.split('.')[0]] = content.byteLength
    else if (name === (name.length === 64 ? sha256(content) : gitSha1(content))) state.blobs.push(name)
    else state.unsound.push(`blobs/${name}`)
  }
  for (const commit of await namesIn(join(folder, 'snapshots'))) {
    const files = await filesIn(join(folder, 'snapshots', commit))
    state.snapshots[commit] = files
    for (const file of files) {
      const place = join(folder, 'snapshots', commit, file)
      const link = (await lstat(place)).isSymbolicLink() ? await readlink(place) : 'no link'
      const sound = /^(\.\.\/)+blobs\/[0-9a-f]+$/.test(link) && (await stat(place).catch(() => undefined))
      if (!sound) state.unsound.push(`snapshots/${commit}/${file}`)
    }
  }
  for (const ref of await filesIn(join(folder, 'refs'))) {
    state.refs[ref] = await readFile(join(folder, 'refs', ref), 'utf8')
    if (!(state.refs[ref] in state.snapshots)) state.unsound.push(`refs/${ref}`)
  }
  for (const tree of await namesIn(join(folder, 'trees'))) {
    if (!/^[0-9a-f]{40}\.json$/.test(tree)) state.unsound.push(`trees/${tree}`)
  }
  state.locks = await filesIn(join(cache, '.locks'))
  return state
}
