import { mkdir, readdir, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { FlagError } from './errors.ts'

/** After this time nobody is writing under a temporary name any more: its process was killed. */
const ABANDONED_MS = 3600e3

/**
 * Makes a folder that is written to under temporary names (`.tmp`), removes what killed processes left in it, and
 * checks that `bytes` of `what` fit on its disk. Throws `io`.
 */
export async function prepareCacheFolder(folder: string, bytes: number, what: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((cause) => {
    throw new FlagError('io', `${folder}: cannot be made: ${(cause as Error).message}`, {
      cause,
      hint: 'set FLAG_CACHE to a folder that can be written to',
    })
  })
  for (const name of (await readdir(folder)).filter((entry) => entry.endsWith('.tmp'))) {
    const left = join(folder, name)
    const { mtimeMs } = await stat(left).catch(() => ({ mtimeMs: Date.now() }))
    if (Date.now() - mtimeMs > ABANDONED_MS) await rm(left, { recursive: true, force: true })
  }
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize >= bytes) return
  const megabytes = (size: number) => `${Math.ceil(size / 2 ** 20)} MB`
  throw new FlagError(
    'io',
    `${folder}: ${what} take ${megabytes(bytes)}, ${megabytes(bavail * bsize)} are free`,
    {
      hint: 'make room, or set FLAG_CACHE to a folder on another disk',
    },
  )
}
