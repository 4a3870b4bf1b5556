import { type Dirent, promises as fs } from 'node:fs'
import { extname, join } from 'node:path'
import { FlagError } from '@flag/core-tensor'

/** A picture file: path below the folder with forward slashes, bytes, and time of the last change in ms. */
export interface FoundPicture {
  path: string
  size: number
  modified: number
}

/** Something that could not be read, and why. */
export interface Unreadable {
  path: string
  reason: string
}

export const pictureExtensions = ['.png', '.jpg', '.jpeg', '.webp', '.gif', '.svg', '.tif', '.tiff', '.avif']

/**
 * All picture files below a folder, by extension, in the order of their paths. Names that begin with a dot are
 * left out, links to folders are not followed. Throws `not-found` when the folder does not exist.
 */
export async function scanPictures(
  folder: string,
): Promise<{ pictures: FoundPicture[]; unreadable: Unreadable[] }> {
  const pictures: FoundPicture[] = []
  const unreadable: Unreadable[] = []
  const visit = async (below: string): Promise<void> => {
    let entries: Dirent[]
    try {
      entries = await fs.readdir(join(folder, below), { withFileTypes: true })
    } catch (error) {
      if (below === '') throw folderError(folder, error)
      unreadable.push({ path: below, reason: (error as Error).message })
      return
    }
    const pathOf = ({ name }: Dirent) => (below === '' ? name : `${below}/${name}`)
    const shown = entries.filter(({ name }) => !name.startsWith('.'))
    const isPicture = (entry: Dirent) =>
      !entry.isDirectory() && pictureExtensions.includes(extname(entry.name).toLowerCase())
    const look = async (path: string) => {
      const stat = await fs.stat(join(folder, path)).catch((error: Error) => error)
      if (stat instanceof Error) unreadable.push({ path, reason: stat.message })
      else if (stat.isFile()) pictures.push({ path, size: stat.size, modified: stat.mtimeMs })
    }
    await Promise.all(shown.filter(isPicture).map((entry) => look(pathOf(entry))))
    for (const entry of shown) if (entry.isDirectory()) await visit(pathOf(entry))
  }
  await visit('')
  const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1)
  pictures.sort(byPath)
  unreadable.sort(byPath)
  return { pictures, unreadable }
}

function folderError(folder: string, cause: unknown): FlagError {
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === 'ENOENT') return new FlagError('not-found', `${folder}: no such folder`, { cause })
  if (code === 'ENOTDIR') return new FlagError('invalid-argument', `${folder}: not a folder`, { cause })
  return new FlagError('io', `${folder}: ${message}`, { cause })
}
