import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import {
  blobPath,
  filesBelow,
  inSnapshot,
  type ModelCache,
  makeFolders,
  modelCache,
  putIntoSnapshot,
  readRef,
  readTree,
  snapshotFolder,
  writeRef,
  writeTree,
} from './cache.ts'
import { commitOf, filesOf, type HubClient } from './client.ts'
import { downloadBlob } from './download.ts'
import { type Environment, hubSettings } from './environment.ts'
import { HubError } from './faults.ts'
import { type Host, thisHost } from './host.ts'
import { checkModelId, checkRevision, isCommit } from './names.ts'
import { chooseFiles, type FileChoice } from './select.ts'
import { etagOf, type RepositoryFile } from './tree.ts'

/** How far a download is. */
export interface DownloadProgress {
  /** The file that the last bytes belong to. */
  readonly file: string
  /** Bytes of that file that are here, and its size. */
  readonly fileDone: number
  readonly fileSize: number
  /** The same of all files together. */
  readonly done: number
  readonly size: number
}

export interface HubOptions {
  /** Branch, tag or full commit. Default: `main`. */
  revision?: string
  /** Use only what is in the cache. Default: what `HF_HUB_OFFLINE` says. */
  offline?: boolean
  /** Called whenever bytes have arrived. */
  onProgress?: (progress: DownloadProgress) => void
  /** Ends the download; what is here is kept. */
  signal?: AbortSignal
}

export interface SnapshotOptions extends HubOptions, FileChoice {
  /** Files that are downloaded at the same time. Default: 8. */
  parallel?: number
  /** Instead of `process.env`. */
  env?: Environment
}

/** A model in the cache. */
export interface Snapshot {
  readonly id: string
  /** The commit that the revision stands for. */
  readonly commit: string
  readonly folder: string
  /** The files that were chosen; `downloaded` bytes came over the network now. */
  readonly files: readonly { readonly path: string; readonly size: number; readonly downloaded: number }[]
  /** Files of the repository that were not chosen. */
  readonly skipped: readonly { readonly path: string; readonly size: number }[]
}

const MAIN = 'main'
const PARALLEL = 8

/**
 * Brings a model from the hub into the cache that Python's huggingface_hub uses, too, and returns where it is. Only
 * what is missing is downloaded: several files at a time, interrupted ones from where they stopped, each verified by
 * size and hash before it gets its name. Processes that do the same at the same time wait for each other.
 *
 * A revision that the hub cannot be asked about is taken from the cache, with a warning, when it is complete there.
 * Reads `HF_HOME`, `HF_HUB_CACHE`, `HF_ENDPOINT`, `HF_TOKEN`, `HF_HUB_OFFLINE`, `HF_HUB_ETAG_TIMEOUT` and
 * `HF_HUB_DOWNLOAD_TIMEOUT`. Throws a FlagError: `not-found`, `access-denied`, `network`, `timeout`, `corrupt-file`,
 * `io`.
 *
 * @example
 * const { folder } = await snapshotDownload('BAAI/AltCLIP-m9', { include: ['*.json'] })
 */
export async function snapshotDownload(id: string, options: SnapshotOptions = {}): Promise<Snapshot> {
  return downloadSnapshot(id, options, thisHost)
}

/** `snapshotDownload` on any host. */
export async function downloadSnapshot(id: string, options: SnapshotOptions, host: Host): Promise<Snapshot> {
  const { revision = MAIN, signal } = options
  checkModelId(id)
  checkRevision(revision)
  signal?.throwIfAborted()
  const settings = hubSettings(options.env)
  const cache = modelCache(settings.cache, id)
  const client: HubClient = { host, settings, signal }
  if (options.offline ?? settings.offline) {
    const found = await cachedSnapshot(cache, revision, options)
    if (found) return found.snapshot
    throw notCached(cache, revision)
  }
  let commit: string
  let files: RepositoryFile[]
  try {
    const cached = await cachedSnapshot(cache, revision, options)
    if (cached?.complete && isCommit(revision)) return cached.snapshot
    commit = isCommit(revision) ? revision : await commitOf(client, id, revision, cached ? 1 : undefined)
    files = (await readTree(cache, commit)) ?? (await filesOf(client, id, commit))
  } catch (error) {
    return fallback(host, cache, revision, options, error)
  }
  await makeFolders(host, cache, commit)
  await writeTree(cache, commit, files)
  const snapshot = await fetchFiles(client, cache, commit, files, options)
  // Last, so that a branch never names a commit that is less complete than the one it named before.
  await writeRef(cache, revision, commit)
  return snapshot
}

/** What is in the cache, when the hub cannot say what is new; the error itself when that does not do. */
async function fallback(
  host: Host,
  cache: ModelCache,
  revision: string,
  options: SnapshotOptions,
  error: unknown,
): Promise<Snapshot> {
  const answered = error instanceof HubError && error.reason === 'RevisionNotFound'
  if (!(error instanceof HubError) || answered) throw error
  const found = await cachedSnapshot(cache, revision, options)
  if (!found) throw error
  host.warn(`${error.message}: using ${cache.id} as it was downloaded before (${found.snapshot.commit})`)
  return found.snapshot
}

/**
 * The snapshot of a revision in the cache, if all files that were chosen are there. Where no list of files was kept
 * (older programs keep none) nobody can tell: what is there is taken as it is, as huggingface_hub does.
 */
async function cachedSnapshot(
  cache: ModelCache,
  revision: string,
  options: SnapshotOptions,
): Promise<{ snapshot: Snapshot; complete: boolean } | undefined> {
  const commit = isCommit(revision) ? revision : await readRef(cache, revision)
  if (commit === undefined) return undefined
  const folder = snapshotFolder(cache, commit)
  const files = await readTree(cache, commit)
  if (files === undefined) {
    const here = await filesIn(folder)
    const snapshot = { id: cache.id, commit, folder, files: here, skipped: [] }
    return here.length > 0 ? { snapshot, complete: false } : undefined
  }
  const here = (file: RepositoryFile) => inSnapshot(cache, commit, file)
  const chosen = await chooseFiles(cache.id, files, options, async (file) =>
    (await here(file)) ? parse(cache.id, file, join(folder, file.path)) : undefined,
  ).catch((error) => {
    // An index that is not here yet.
    if (error instanceof FlagError && error.code === 'corrupt-file') return undefined
    throw error
  })
  if (chosen === undefined) return undefined
  for (const file of chosen) if (!(await here(file))) return undefined
  const nothing = new Map(chosen.map((file) => [file, 0]))
  return { snapshot: snapshotOf(cache, commit, files, nothing), complete: true }
}

async function filesIn(folder: string): Promise<Snapshot['files']> {
  const names = await filesBelow(folder)
  const sizes = await Promise.all(names.map((name) => stat(name).catch(() => undefined)))
  return names.flatMap((name, i) => {
    const size = sizes[i]?.size
    const path = name.slice(folder.length + 1).replaceAll('\\', '/')
    return size === undefined ? [] : [{ path, size, downloaded: 0 }]
  })
}

const notCached = ({ id, root }: ModelCache, revision: string) =>
  new FlagError(
    'not-found',
    `${id} at revision ${revision} is not complete in ${root}, and nothing is downloaded while offline`,
    { hint: `without HF_HUB_OFFLINE or offline, run: flagai pull ${id}` },
  )

async function fetchFiles(
  client: HubClient,
  cache: ModelCache,
  commit: string,
  files: readonly RepositoryFile[],
  options: SnapshotOptions,
): Promise<Snapshot> {
  const ended = new AbortController()
  const { signal } = client
  const group = {
    ...client,
    signal: signal ? AbortSignal.any([signal, ended.signal]) : ended.signal,
  }
  const done = new Map<string, number>()
  let size = 0
  const get = async (file: RepositoryFile): Promise<number> => {
    if (await inSnapshot(cache, commit, file)) {
      done.set(etagOf(file), file.size)
      return 0
    }
    const bytes = await downloadBlob(group, cache, commit, file, (fileDone) => {
      done.set(etagOf(file), fileDone)
      const all = [...done.values()].reduce((sum, it) => sum + it, 0)
      options.onProgress?.({
        file: file.path,
        fileDone,
        fileSize: file.size,
        done: all,
        size: Math.max(size, all),
      })
    })
    await putIntoSnapshot(client.host, cache, commit, file)
    return bytes
  }
  const received = new Map<RepositoryFile, number>()
  const chosen = await chooseFiles(cache.id, files, options, async (file) => {
    received.set(file, await get(file))
    return parse(cache.id, file, blobPath(cache, file), join(snapshotFolder(cache, commit), file.path))
  })
  // Equal contents are one blob: the first of them downloads it, the others find it.
  const groups = new Map<string, RepositoryFile[]>()
  for (const file of chosen) groups.set(etagOf(file), [...(groups.get(etagOf(file)) ?? []), file])
  for (const [etag, [first]] of groups) {
    size += first.size
    if (!done.has(etag)) done.set(etag, 0)
  }
  await inParallel([...groups.values()], options.parallel ?? PARALLEL, async (same) => {
    try {
      for (const file of same) if (!received.has(file)) received.set(file, await get(file))
    } catch (error) {
      ended.abort(error)
      throw error
    }
  })
  return snapshotOf(cache, commit, files, new Map(chosen.map((file) => [file, received.get(file) ?? 0])))
}

function snapshotOf(
  cache: ModelCache,
  commit: string,
  files: readonly RepositoryFile[],
  chosen: ReadonlyMap<RepositoryFile, number>,
): Snapshot {
  return {
    id: cache.id,
    commit,
    folder: snapshotFolder(cache, commit),
    files: [...chosen].map(([{ path, size }, downloaded]) => ({ path, size, downloaded })),
    skipped: files.filter((file) => !chosen.has(file)).map(({ path, size }) => ({ path, size })),
  }
}

async function parse(id: string, file: RepositoryFile, ...places: string[]): Promise<unknown> {
  for (const place of places) {
    const json = await readFile(place, 'utf8').catch(() => undefined)
    if (json === undefined) continue
    try {
      return JSON.parse(json)
    } catch (cause) {
      throw new FlagError('corrupt-file', `${id}: ${file.path} is not JSON`, { cause })
    }
  }
  return undefined
}

/** Works on the items, some at a time; the first failure is thrown once all that were begun have ended. */
async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  if (!Number.isSafeInteger(width) || width < 1) {
    throw new FlagError('invalid-argument', `parallel is ${width}, expected a whole number from 1`)
  }
  const queue = items.values()
  const failures: unknown[] = []
  const runner = async () => {
    for (const item of queue) {
      if (failures.length > 0) return
      await work(item).catch((error) => failures.push(error))
    }
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, runner))
  if (failures.length > 0) throw failures[0]
}
