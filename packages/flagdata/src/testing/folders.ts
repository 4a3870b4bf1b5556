import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** An empty folder that `remove` takes away. */
export async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), 'flag-data-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/** Writes files by their names; the folders of the names are made. */
export async function writeFiles(
  folder: string,
  files: Record<string, string | Uint8Array>,
): Promise<string> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content)
  }
  return folder
}

/** The files of an output folder by name, without the state of the run. */
export async function outputFiles(folder: string): Promise<Record<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files: Record<string, Buffer> = {}
  for (const entry of entries) {
    const name = join(entry.parentPath, entry.name).slice(folder.length + 1)
    if (entry.isFile() && !name.startsWith('.flagdata')) files[name] = await readFile(join(folder, name))
  }
  return files
}

export const jsonLines = (documents: readonly object[]): string =>
  documents.map((document) => `${JSON.stringify(document)}\n`).join('')
