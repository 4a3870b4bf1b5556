import { readFile } from 'node:fs/promises'
import { loadNpy } from '@flag/core-tensor'
import { DataError } from '../../errors.ts'
import type { Matrix } from './kmeans.ts'

/** Vectors, and which document each belongs to. */
export interface Embeddings {
  matrix: Matrix
  ids: string[]
}

/**
 * Reads embeddings: an `.npy` of two dimensions with a file of ids, one a line, or a Parquet file with a column of ids and
 * a column of lists of numbers.
 *
 * @throws DataError `not-found`, `corrupt-file`, `invalid-argument` if ids and vectors do not fit
 */
export async function readEmbeddings(
  path: string,
  { ids, idColumn, column }: { ids?: string; idColumn: string; column: string },
): Promise<Embeddings> {
  if (/\.parquet$/i.test(path)) return readParquet(path, idColumn, column)
  if (ids === undefined)
    throw new DataError('invalid-argument', `${path}: no ids`, {
      hint: 'give ids: a text file with the id of each row on a line',
    })
  const { shape, data } = await loadNpy(path)
  if (shape.length !== 2 || !(data instanceof Float32Array || data instanceof Float64Array))
    throw new DataError('invalid-argument', `${path}: shape ${shape.join(' × ')}`, {
      hint: 'expected rows × columns of float32 or float64',
    })
  const text = await readFile(ids, 'utf8').catch(() => {
    throw new DataError('not-found', `${ids}: no such file`)
  })
  const names = text.replace(/\n$/, '').split('\n')
  if (names.length !== shape[0])
    throw new DataError('invalid-argument', `${ids}: ${names.length} ids for ${shape[0]} rows of ${path}`)
  return {
    matrix: { data: Float32Array.from(data as Float32Array), rows: shape[0], columns: shape[1] },
    ids: names,
  }
}

async function readParquet(path: string, idColumn: string, column: string): Promise<Embeddings> {
  const { asyncBufferFromFile, parquetReadObjects } = await import('hyparquet')
  const file = await asyncBufferFromFile(path).catch((error: Error) => {
    throw new DataError('not-found', `${path}: ${error.message}`)
  })
  const rows = await parquetReadObjects({ file, columns: [idColumn, column] }).catch((error: Error) => {
    throw new DataError('corrupt-file', `${path}: ${error.message}`)
  })
  return fromRows(
    path,
    rows.map((row) => ({ id: String(row[idColumn]), vector: row[column] as ArrayLike<number> })),
  )
}

/** Vectors as one matrix. @throws DataError `invalid-argument` if they have different lengths */
export function fromRows(
  source: string,
  rows: readonly { id: string; vector: ArrayLike<number> | undefined }[],
): Embeddings {
  const columns = rows[0]?.vector?.length ?? 0
  const data = new Float32Array(rows.length * columns)
  rows.forEach(({ id, vector }, row) => {
    if (vector === undefined || vector === null || vector.length !== columns)
      throw new DataError(
        'invalid-argument',
        `${source}: the vector of ${id} has ${vector?.length ?? 'no'} numbers, the first one has ${columns}`,
      )
    for (let c = 0; c < columns; c++) data[row * columns + c] = Number(vector[c])
  })
  return { matrix: { data, rows: rows.length, columns }, ids: rows.map(({ id }) => id) }
}
