import { randomUUID } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { FlagError } from '../errors.ts'

/**
 * Writes a file under a temporary name beside `path` and renames it when `write` has succeeded, so that `path` is
 * either as it was or complete. Throws `io`.
 */
export async function writeAtomically(
  path: string,
  write: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    const file = await open(temporary, 'wx')
    try {
      await write(file)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (cause) {
    await rm(temporary, { force: true })
    if (cause instanceof FlagError) throw cause
    throw new FlagError('io', `${path}: cannot be written: ${(cause as Error).message}`, { cause })
  }
}

/** One write call takes at most 2^31 - 1 bytes. */
const WRITE_LIMIT = 2 ** 30

export async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, done, Math.min(bytes.byteLength - done, WRITE_LIMIT))
    done += bytesWritten
  }
}
