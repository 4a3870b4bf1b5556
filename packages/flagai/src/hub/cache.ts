import { randomUUID } from 'node:crypto'
import {
  copyFile,
  link,
  mkdir,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { diskError } from './faults.ts'
import type { Host } from './host.ts'
import { decodeTree, encodeTree, etagOf, type RepositoryFile } from './tree.ts'

/**
 * A model in the cache, laid out as by Python's huggingface_hub, which may share it:
 *
 *     models--BAAI--AltCLIP/
 *       blobs/<sha256 or git sha1>            contents, each once
 *       snapshots/<commit>/config.json        relative links into blobs
 *       refs/main                             the commit that a branch or tag stood for
 *       trees/<commit>.json                   all files of a commit, with sizes and hashes
 *     .locks/models--BAAI--AltCLIP/<etag>.…   who is downloading what
 */
export interface ModelCache {
  readonly id: string
  readonly root: string
  readonly folder: string
}

export const folderName = (id: string): string => `models--${id.replaceAll('/', '--')}`

export const modelCache = (cache: string, id: string): ModelCache => ({
  id,
  root: cache,
  folder: join(cache, folderName(id)),
})

export const snapshotFolder = ({ folder }: ModelCache, commit: string): string =>
  join(folder, 'snapshots', commit)
export const blobPath = ({ folder }: ModelCache, file: RepositoryFile): string =>
  join(folder, 'blobs', etagOf(file))
/**
 * What has come of a blob so far. Not `<etag>.incomplete`: older versions of huggingface_hub append to that under
 * a lock of the operating system that Node cannot take.
 */
export const partialPath = (cache: ModelCache, file: RepositoryFile): string =>
  `${blobPath(cache, file)}.flag.incomplete`
export const lockPath = ({ root, id }: ModelCache, file: RepositoryFile): string =>
  join(root, '.locks', folderName(id), `${etagOf(file)}.flag.lock`)

/** The commit that a branch or tag stood for when it was last downloaded. */
export async function readRef({ folder }: ModelCache, revision: string): Promise<string | undefined> {
  const text = await readFile(join(folder, 'refs', revision), 'utf8').catch(() => '')
  return text.trim() || undefined
}

export async function writeRef(cache: ModelCache, revision: string, commit: string): Promise<void> {
  if (revision === commit || (await readRef(cache, revision)) === commit) return
  await replaceFile(join(cache.folder, 'refs', revision), commit)
}

export async function readTree(cache: ModelCache, commit: string): Promise<RepositoryFile[] | undefined> {
  const json = await readFile(join(cache.folder, 'trees', `${commit}.json`), 'utf8').catch(() => undefined)
  return json === undefined ? undefined : decodeTree(cache.id, json)
}

export async function writeTree(
  cache: ModelCache,
  commit: string,
  files: readonly RepositoryFile[],
): Promise<void> {
  await replaceFile(join(cache.folder, 'trees', `${commit}.json`), encodeTree(files))
}

async function replaceFile(file: string, content: string): Promise<void> {
  const temporary = `${file}.${randomUUID()}.tmp`
  try {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(temporary, content)
    await rename(temporary, file)
  } catch (cause) {
    await rm(temporary, { force: true })
    throw diskError(file, cause)
  }
}

const TAG = `Signature: 8a477f597d28d172789f06886806bc55
# This folder is a cache of models (https://bford.info/cachedir/): backups may leave it out.
`

/** Makes the folders of a model, and marks the cache as one that backups may leave out. */
export async function makeFolders(host: Host, cache: ModelCache, commit: string): Promise<void> {
  const folders = [join(cache.folder, 'blobs'), snapshotFolder(cache, commit)]
  for (const folder of folders) {
    await host.makeFolder(folder).catch((cause) => {
      throw diskError(folder, cause)
    })
  }
  await writeFile(join(cache.root, 'CACHEDIR.TAG'), TAG, { flag: 'wx' }).catch(() => {
    // It is there already, or it is no loss.
  })
}

/** True when the content of a file is in the cache; one of another size was not left by a download that ended well. */
export async function hasBlob(cache: ModelCache, file: RepositoryFile): Promise<boolean> {
  return (await sizeOf(blobPath(cache, file))) === file.size
}

/** True when a file of a snapshot is there, as a link or, where links are not possible, as a file. */
export async function inSnapshot(cache: ModelCache, commit: string, file: RepositoryFile): Promise<boolean> {
  return (await sizeOf(join(snapshotFolder(cache, commit), file.path))) === file.size
}

const sizeOf = (path: string): Promise<number | undefined> =>
  stat(path).then(
    (found) => (found.isFile() ? found.size : undefined),
    () => undefined,
  )

/**
 * Puts a file into a snapshot: a relative link to its blob, so that the cache can be moved; a hard link or a copy where
 * Windows allows no others.
 */
export async function putIntoSnapshot(
  host: Host,
  cache: ModelCache,
  commit: string,
  file: RepositoryFile,
): Promise<void> {
  const [blob, place] = [blobPath(cache, file), join(snapshotFolder(cache, commit), file.path)]
  const target = relative(dirname(place), blob)
  if ((await readlink(place).catch(() => undefined)) === target) return
  const temporary = `${place}.${randomUUID()}.tmp`
  try {
    await host.makeFolder(dirname(place))
    await host
      .symlink(target, temporary)
      // What a hard link must not point to is a link, which a blob may be where Python shares blobs among models.
      .catch(async () => link(await realpath(blob), temporary))
      .catch(() => copyFile(blob, temporary))
    await rename(temporary, place)
  } catch (cause) {
    await rm(temporary, { force: true })
    throw diskError(place, cause)
  }
}

/** Paths of all files in a folder and below; none when there is no such folder. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))
}
