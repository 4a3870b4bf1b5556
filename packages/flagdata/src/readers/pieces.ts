import { readdir, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { DataError } from '../errors.ts'
import type { ReadConfig } from '../pipeline/pipeline.ts'
import { cutFiles } from './files.ts'
import { formats } from './formats.ts'
import { findDataFiles } from './huggingface.ts'
import type { FileFormat, Piece } from './piece.ts'
import { whole } from './ranges.ts'

export type { Piece } from './piece.ts'

/**
 * Cuts the input into pieces: files in the order of their names, files of more than `pieceBytes` where their format
 * allows it. The same input always gives the same pieces.
 *
 * @throws DataError `not-found` if there is no file of the format
 */
export async function findPieces(config: ReadConfig): Promise<Piece[]> {
  const info = await stat(config.path).catch(() => undefined)
  if (info === undefined) throw new DataError('not-found', `${config.path}: no such file or folder`)
  const pieces: Omit<Piece, 'name'>[] =
    config.format === 'files' ? await cutFiles(config) : await cut(config, info.isDirectory())
  return pieces.map((piece, i) => ({ name: String(i).padStart(5, '0'), ...piece }))
}

async function cut(config: ReadConfig, isFolder: boolean): Promise<Omit<Piece, 'name'>[]> {
  const pieces: Omit<Piece, 'name'>[] = []
  for (const { path, format, split } of await findFiles(config, isFolder)) {
    const { size, mtimeMs: modified } = await stat(path)
    const file = path === config.path ? (path.split(sep).at(-1) ?? path) : relative(config.path, path)
    const common = {
      path,
      file: file.replaceAll(sep, '/'),
      ...(split === undefined ? {} : { format, split }),
      modified,
    }
    const ranges = size <= config.pieceBytes ? whole(size) : await formats[format].cut(path, size, config)
    for (const range of ranges) pieces.push({ ...common, ...range, bytes: range.end - range.start })
  }
  return pieces
}

async function findFiles(
  config: ReadConfig,
  isFolder: boolean,
): Promise<{ path: string; format: FileFormat; split?: string }[]> {
  const { path, format } = config
  if (format === 'huggingface' || format === 'files') return findDataFiles(config)
  if (!isFolder) return [{ path, format }]
  const { files: names, examples } = formats[format]
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  // What a run wrote is read without its state and without what it removed.
  const runs = entries.filter((entry) => entry.name === '.flagdata').map(({ parentPath }) => parentPath)
  const beside = runs.flatMap((run) =>
    ['.flagdata', 'removed', 'changed'].map((name) => join(run, name) + sep),
  )
  const files = entries
    .filter((entry) => entry.isFile() && names.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !beside.some((folder) => file.startsWith(folder)))
  if (files.length === 0)
    throw new DataError('not-found', `${path}: no file of the format ${format}`, {
      hint: `expected names like ${examples}`,
    })
  return files.sort((a, b) => (a < b ? -1 : 1)).map((path) => ({ path, format }))
}
