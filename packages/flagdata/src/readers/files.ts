import { readdir, stat } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import type { Document } from '../document.ts'
import { DataError } from '../errors.ts'
import { mediaTypeOf } from '../extract/fileTypes.ts'
import type { ReadConfig } from '../pipeline/pipeline.ts'
import type { Piece } from './piece.ts'

/** Files of a piece. Few, so that several workers find something to do in a small folder. */
const FILES_OF_PIECE = 32

/**
 * Cuts a folder of files of any kind into pieces of some files each; `start` and `end` count files in the order of their
 * names.
 *
 * @throws DataError `not-found` if there is no file
 */
export async function cutFiles(config: ReadConfig): Promise<Omit<Piece, 'name'>[]> {
  const files = await listFiles(config)
  if (files.length === 0) throw new DataError('not-found', `${config.path}: no file in the folder`)
  const pieces: Omit<Piece, 'name'>[] = []
  for (let start = 0; start < files.length; ) {
    let [end, bytes, modified] = [start, 0, 0]
    while (
      end < files.length &&
      end - start < FILES_OF_PIECE &&
      (end === start || bytes < config.pieceBytes)
    ) {
      const { size, mtimeMs } = await stat(files[end++])
      bytes += size
      modified = Math.max(modified, mtimeMs)
    }
    pieces.push({ path: config.path, file: nameOf(config, files[start]), start, end, bytes, modified })
    start = end
  }
  return pieces
}

/**
 * A document for every file of a piece: no text, but `path` and, where the name tells, `mime` in its metadata. An
 * extractor opens the file when it needs its bytes.
 */
export async function* readFileDocuments(piece: Piece, config: ReadConfig): AsyncGenerator<Document> {
  const files = await listFiles(config)
  for (const path of files.slice(piece.start, piece.end)) {
    const mime = mediaTypeOf(path)
    yield { id: nameOf(config, path), text: '', metadata: { path, ...(mime === undefined ? {} : { mime }) } }
  }
}

const nameOf = ({ path: folder }: ReadConfig, file: string) =>
  file === folder ? basename(file) : relative(folder, file).replaceAll(sep, '/')

async function listFiles({ path, files }: ReadConfig): Promise<string[]> {
  const found = await Promise.all(
    (files ?? ['']).map((name) => filesBelow(name === '' ? path : join(path, name))),
  )
  return [...new Set(found.flat())].sort((a, b) => (a < b ? -1 : 1))
}

async function filesBelow(path: string): Promise<string[]> {
  const info = await stat(path).catch(() => undefined)
  if (info === undefined) throw new DataError('not-found', `${path}: no such file or folder`)
  if (!info.isDirectory()) return [path]
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !relative(path, file).split(sep).includes('.flagdata'))
}
