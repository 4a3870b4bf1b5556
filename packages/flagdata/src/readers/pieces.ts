import { readdir, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { DataError } from '../errors.ts'
import type { ReadConfig } from '../pipeline/pipeline.ts'
import { compressionOf } from './chunks.ts'
import { cutFiles } from './files.ts'

/** A part of the input that is worked on as a whole: what is done once, or again after a kill. */
export interface Piece {
  /** Number of the piece, in the order of the input, with five digits or more; output files are named after it. */
  name: string
  path: string
  /** The file as the input names it, `/` between folders. */
  file: string
  /** Byte range in which the lines of the piece begin; the whole file where it is compressed. */
  start: number
  end: number
  /** Bytes of the file that the piece reads. */
  bytes: number
  /** When the file was changed last, in milliseconds. */
  modified: number
}

const extensions: Record<ReadConfig['format'], RegExp> = {
  jsonl: /\.(jsonl|ndjson|json)(\.gz|\.zst)?$/i,
  text: /\.(txt|text|md)(\.gz|\.zst)?$/i,
  files: /./,
}

/**
 * Cuts the input into pieces: files in the order of their names, files that are not compressed in byte ranges of
 * `pieceBytes`. The same input always gives the same pieces.
 *
 * @throws DataError `not-found` if there is no file of the format
 */
export async function findPieces(config: ReadConfig): Promise<Piece[]> {
  const pieces = config.format === 'files' ? await cutFiles(config) : await cutLines(config)
  return pieces.map((piece, i) => ({ name: String(i).padStart(5, '0'), ...piece }))
}

async function cutLines(config: ReadConfig): Promise<Omit<Piece, 'name'>[]> {
  const pieces: Omit<Piece, 'name'>[] = []
  for (const path of await findFiles(config)) {
    const { size, mtimeMs: modified } = await stat(path)
    const file = path === config.path ? (path.split(sep).at(-1) ?? path) : relative(config.path, path)
    const common = { path, file: file.replaceAll(sep, '/'), modified }
    const whole = compressionOf(path) !== 'none' || (config.format === 'text' && config.documents === 'file')
    const step = whole ? Math.max(size, 1) : config.pieceBytes
    for (let start = 0; start < size; start += step) {
      const end = Math.min(size, start + step)
      pieces.push({ ...common, start, end, bytes: end - start })
    }
  }
  return pieces
}

async function findFiles({ path, format }: ReadConfig): Promise<string[]> {
  const info = await stat(path).catch(() => undefined)
  if (info === undefined) throw new DataError('not-found', `${path}: no such file or folder`)
  if (!info.isDirectory()) return [path]
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile() && extensions[format].test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !relative(path, file).split(sep).includes('.flagdata'))
  if (files.length === 0)
    throw new DataError('not-found', `${path}: no file of the format ${format}`, {
      hint: `expected names like ${format === 'jsonl' ? 'a.jsonl, a.jsonl.gz, a.jsonl.zst' : 'a.txt, a.txt.gz, a.txt.zst'}`,
    })
  return files.sort((a, b) => (a < b ? -1 : 1))
}
