import { type FileHandle, mkdir, open, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** What is being written has this ending until it is complete. */
export const PARTIAL = '.partial'

/**
 * Opens a file under a temporary name; `finish` brings it to disk, `commit` gives it its name in one step, after
 * finishing it where that was not done.
 */
export async function openAtomic(path: string) {
  await mkdir(dirname(path), { recursive: true })
  const temporary = path + PARTIAL
  const file: FileHandle = await open(temporary, 'w')
  let isOpen = true
  const finish = async () => {
    if (!isOpen) return
    await file.sync()
    await file.close()
    isOpen = false
  }
  return {
    file,
    finish,
    async commit(): Promise<void> {
      await finish()
      await rename(temporary, path)
    },
    async discard(): Promise<void> {
      if (isOpen) await file.close().catch(() => {})
      await rm(temporary, { force: true })
    },
  }
}

/** Writes a whole file so that it is there completely or not at all. */
export async function writeAtomic(path: string, data: string | Uint8Array): Promise<void> {
  const output = await openAtomic(path)
  try {
    await writeFile(output.file, data)
    await output.commit()
  } catch (error) {
    await output.discard()
    throw error
  }
}
