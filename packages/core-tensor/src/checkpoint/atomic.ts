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
    const full = (cause as NodeJS.ErrnoException).code === 'ENOSPC'
    throw new FlagError('io', `${path}: cannot be written: ${(cause as Error).message}`, {
      cause,
      hint: full ? 'the disk is full: make room, or choose a place on another one' : undefined,
    })
  }
}

/** One write call takes at most 2^31 - 1 bytes. */
const WRITE_LIMIT = 2 ** 30

/** Writes all of `bytes`, at `position` or behind what was written before. */
export async function writeAll(file: FileHandle, bytes: Uint8Array, position?: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const length = Math.min(bytes.byteLength - done, WRITE_LIMIT)
    const at = position === undefined ? null : position + done
    const { bytesWritten } = await file.write(bytes, done, length, at)
    done += bytesWritten
  }
}
