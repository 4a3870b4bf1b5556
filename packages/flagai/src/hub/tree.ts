import { FlagError } from '@flag/core-tensor'
import { checkFileName } from './names.ts'

/** A file of a model on the hub. */
export interface RepositoryFile {
  readonly path: string
  readonly size: number
  /** SHA-1 of the git object: of the content itself, or of the pointer when the content is in LFS. */
  readonly blobId: string
  /** SHA-256 of the content, for files in LFS. */
  readonly sha256?: string
  /** Name of the content in Xet storage; kept for Python. */
  readonly xetHash?: string
}

/** What names a file's content in the cache, and what is verified. */
export const etagOf = (file: RepositoryFile): string => file.sha256 ?? file.blobId

/** Throws unless sizes, hashes and names are what they must be, since they become names of files on this disk. */
export function checkFile(id: string, file: RepositoryFile): void {
  checkFileName(id, file.path)
  const { size, blobId, sha256 } = file
  const sound =
    Number.isSafeInteger(size) &&
    size >= 0 &&
    /^[0-9a-f]{40}$/.test(blobId) &&
    (sha256 === undefined || /^[0-9a-f]{64}$/.test(sha256))
  if (sound) return
  throw new FlagError('network', `${id}: ${file.path} has no size or hash that could be verified`, {
    hint: 'does HF_ENDPOINT name a hub?',
  })
}

/** Format of `trees/<commit>.json`, which huggingface_hub 2 reads and writes, too. */
const FORMAT = 1

interface StoredFile {
  size: number
  blob_id: string
  lfs_sha256?: string
  lfs_size?: number
  xet_hash?: string
}

/** The files of a commit as JSON, in the form of huggingface_hub. */
export function encodeTree(files: readonly RepositoryFile[]): string {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1))
  const entries = sorted.map(({ path, size, blobId, sha256, xetHash }): [string, StoredFile] => [
    path,
    {
      size,
      blob_id: blobId,
      ...(sha256 !== undefined && { lfs_sha256: sha256, lfs_size: size }),
      ...(xetHash !== undefined && { xet_hash: xetHash }),
    },
  ])
  return JSON.stringify({ format_version: FORMAT, files: Object.fromEntries(entries) }, null, 1)
}

/** Files of a commit from JSON; undefined when it is of another format or damaged, and has to be asked for again. */
export function decodeTree(id: string, json: string): RepositoryFile[] | undefined {
  try {
    const { format_version, files } = JSON.parse(json) as {
      format_version: number
      files: Record<string, StoredFile>
    }
    if (format_version !== FORMAT) return undefined
    return Object.entries(files).map(([path, stored]) => {
      const file = {
        path,
        size: stored.size,
        blobId: stored.blob_id,
        sha256: stored.lfs_sha256,
        xetHash: stored.xet_hash,
      }
      checkFile(id, file)
      return file
    })
  } catch {
    return undefined
  }
}
