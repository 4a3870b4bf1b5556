import type { BinaryFile } from '../binaryFile.ts'

const { fround } = Math

/** Rows of 32-bit floats. Sums are rounded after every operation, in the order of fastText, so that bits are equal. */
export interface Matrix {
  readonly rows: number
  readonly columns: number
  /** `vector += row` */
  addRow(vector: Float32Array, row: number): void
  /** The inner product of a row with a vector. */
  dotRow(vector: Float32Array, row: number): number
}

/** A matrix that lies in memory. */
export class DenseMatrix implements Matrix {
  readonly rows: number
  readonly columns: number
  readonly values: Float32Array

  constructor(rows: number, columns: number, values: Float32Array = new Float32Array(rows * columns)) {
    this.rows = rows
    this.columns = columns
    this.values = values
  }

  addRow(vector: Float32Array, row: number): void {
    addTo(vector, this.values, row * this.columns, this.columns)
  }

  /** `row += vector` */
  addToRow(vector: Float32Array, row: number): void {
    const { values, columns } = this
    const start = row * columns
    for (let j = 0; j < columns; j++) values[start + j] = fround(values[start + j] + vector[j])
  }

  dotRow(vector: Float32Array, row: number): number {
    const { values, columns } = this
    const start = row * columns
    let sum = 0
    for (let j = 0; j < columns; j++) sum = fround(sum + fround(values[start + j] * vector[j]))
    return sum
  }
}

function addTo(vector: Float32Array, values: Float32Array, start: number, columns: number): void {
  for (let j = 0; j < columns; j++) vector[j] = fround(vector[j] + values[start + j])
}

const CACHE_BYTES = 64 * 1024 * 1024

/**
 * A matrix that stays in its file. A row is read when it is first asked for and kept in a cache of at most 64 MiB; of
 * two rows with the same place in the cache the later one stays. n-grams of text repeat so much that few reads are left.
 */
class FileMatrix implements Matrix {
  readonly rows: number
  readonly columns: number
  readonly #file: BinaryFile
  readonly #start: number
  readonly #slots: number
  readonly #cache: Float32Array
  readonly #bytes: Uint8Array
  readonly #cached: Int32Array

  constructor(file: BinaryFile, start: number, rows: number, columns: number) {
    this.rows = rows
    this.columns = columns
    this.#file = file
    this.#start = start
    this.#slots = Math.max(1, Math.min(rows, Math.floor(CACHE_BYTES / (4 * columns))))
    this.#cache = new Float32Array(this.#slots * columns)
    this.#bytes = new Uint8Array(this.#cache.buffer)
    this.#cached = new Int32Array(this.#slots).fill(-1)
  }

  /** Where in the cache a row begins. */
  #load(row: number): number {
    const slot = row % this.#slots
    const start = slot * this.columns
    if (this.#cached[slot] !== row) {
      const bytes = 4 * this.columns
      this.#cached[slot] = -1
      this.#file.readAt(this.#start + row * bytes, this.#bytes.subarray(4 * start, 4 * start + bytes))
      this.#cached[slot] = row
    }
    return start
  }

  addRow(vector: Float32Array, row: number): void {
    addTo(vector, this.#cache, this.#load(row), this.columns)
  }

  dotRow(vector: Float32Array, row: number): number {
    const start = this.#load(row)
    let sum = 0
    for (let j = 0; j < this.columns; j++) sum = fround(sum + fround(this.#cache[start + j] * vector[j]))
    return sum
  }
}

/** The centroids of a product quantiser: a vector is cut into parts, each the nearest of 256 centroids. */
interface Quantizer {
  dim: number
  parts: number
  /** Columns of a part, and of the last one. */
  width: number
  lastWidth: number
  centroids: Float32Array
}

const CENTROIDS = 256

function readQuantizer(file: BinaryFile, dim: number): Quantizer {
  const what = 'a product quantiser'
  const [found, parts, width, lastWidth] = Array.from({ length: 4 }, () => file.int32(what))
  if (
    found !== dim ||
    width <= 0 ||
    parts !== Math.ceil(dim / width) ||
    lastWidth !== dim - (parts - 1) * width
  )
    throw file.corrupt(
      `${what} of ${parts} parts of ${width} and ${lastWidth} of ${found} columns, not ${dim}`,
    )
  return { dim, parts, width, lastWidth, centroids: file.floats(dim * CENTROIDS, what) }
}

/**
 * A matrix of a quantised model: a byte for each part of a row.
 *
 * Source: Joulin et al. 2016, FastText.zip (https://arxiv.org/abs/1612.03651).
 */
class QuantizedMatrix implements Matrix {
  readonly rows: number
  readonly columns: number
  readonly #codes: Uint8Array
  readonly #quantizer: Quantizer
  /** Lengths of the rows, where they were quantised apart. */
  readonly #norms: { codes: Uint8Array; values: Float32Array } | undefined

  constructor(file: BinaryFile, what: string) {
    const hasNorms = file.bool(what)
    this.rows = file.int64(what)
    this.columns = file.int64(what)
    const size = file.int32(what)
    this.#codes = file.octets(size, `the codes of ${what}`)
    this.#quantizer = readQuantizer(file, this.columns)
    if (this.rows * this.#quantizer.parts !== size)
      throw file.corrupt(`${size} codes for ${this.rows} rows of ${this.#quantizer.parts} parts`)
    this.#norms = hasNorms
      ? { codes: file.octets(this.rows, `the lengths of ${what}`), values: readQuantizer(file, 1).centroids }
      : undefined
  }

  addRow(vector: Float32Array, row: number): void {
    const { parts, width, lastWidth, centroids } = this.#quantizer
    const code = row * parts
    if (width === 2 && lastWidth === 2 && this.#norms === undefined) {
      // The usual kind, which lid.176.ftz is of.
      for (let part = 0; part < parts; part++) {
        const column = 2 * part
        const start = column * CENTROIDS + 2 * this.#codes[code + part]
        vector[column] = fround(vector[column] + centroids[start])
        vector[column + 1] = fround(vector[column + 1] + centroids[start + 1])
      }
      return
    }
    const norm = this.#norms === undefined ? 1 : this.#norms.values[this.#norms.codes[row]]
    for (let part = 0; part < parts; part++) {
      const columns = part === parts - 1 ? lastWidth : width
      const column = part * width
      const start = column * CENTROIDS + this.#codes[code + part] * columns
      for (let j = 0; j < columns; j++)
        vector[column + j] = fround(vector[column + j] + fround(norm * centroids[start + j]))
    }
  }

  dotRow(vector: Float32Array, row: number): number {
    const { parts, width, lastWidth, centroids } = this.#quantizer
    const norm = this.#norms === undefined ? 1 : this.#norms.values[this.#norms.codes[row]]
    const code = row * parts
    let sum = 0
    for (let part = 0; part < parts; part++) {
      const columns = part === parts - 1 ? lastWidth : width
      const column = part * width
      const start = column * CENTROIDS + this.#codes[code + part] * columns
      for (let j = 0; j < columns; j++) sum = fround(sum + fround(vector[column + j] * centroids[start + j]))
    }
    return fround(sum * norm)
  }
}

/** Where a dense matrix is to live. */
export type Residence = 'memory' | 'file'

/**
 * Reads a matrix.
 *
 * @param residence for matrices that are not quantised
 * @throws DataError `corrupt-file`
 */
export function readMatrix(
  file: BinaryFile,
  isQuantized: boolean,
  residence: Residence | ((bytes: number) => Residence),
  what: string,
): Matrix {
  if (isQuantized) return new QuantizedMatrix(file, what)
  const rows = file.int64(what)
  const columns = file.int64(what)
  if (rows < 0 || columns <= 0) throw file.corrupt(`${what} of ${rows} rows and ${columns} columns`)
  const bytes = 4 * rows * columns
  file.require(bytes, `${what} of ${rows} rows and ${columns} columns`)
  if ((typeof residence === 'string' ? residence : residence(bytes)) === 'memory')
    return new DenseMatrix(rows, columns, file.floats(rows * columns, what))
  const matrix = new FileMatrix(file, file.position, rows, columns)
  file.position += bytes
  return matrix
}
