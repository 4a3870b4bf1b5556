import { promises as fs } from 'node:fs'
import { join } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import { Float64, type Table, Utf8, vectorFromArray } from 'apache-arrow'
import { readTable, vectorsOf, vectorTable, writeTable } from './vectorTable.ts'

/** What the index knows of one picture: a vector, or why there is none. */
export interface IndexRow {
  path: string
  size: number
  modified: number
  /** SHA-256 of the file, in hex, its first half. */
  hash: string
  error: string | undefined
  vector: Float32Array | undefined
}

const LAYOUT = '1'

/**
 * The files of one index: `NAME.arrow`, and while an update runs `NAME.part-00001.arrow` … beside it with what
 * is done so far. All are written whole or not at all, so a kill at any moment loses at most the last part.
 */
export class IndexFile {
  readonly path: string
  readonly #folder: string
  readonly #name: string
  readonly #fingerprint: string
  #parts = 0

  /** `fingerprint` names the model: vectors of another one are not reused. */
  constructor(folder: string, name: string, fingerprint: string) {
    this.#folder = folder
    this.#name = name
    this.#fingerprint = fingerprint
    this.path = join(folder, `${name}.arrow`)
  }

  /**
   * All rows by path: those of the index, then those of an update that was killed. A file that is damaged or of
   * another model is left out, and `stale` says so.
   */
  async read(): Promise<{ rows: Map<string, IndexRow>; stale: string | undefined; parts: number }> {
    const rows = new Map<string, IndexRow>()
    let stale: string | undefined
    const parts = await this.#partNames()
    for (const name of [`${this.#name}.arrow`, ...parts]) {
      try {
        for (const row of rowsOf(await readTable(join(this.#folder, name)), this.#fingerprint)) {
          rows.set(row.path, row)
        }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') stale = (error as Error).message
      }
    }
    this.#parts = parts.length === 0 ? 0 : Number(parts[parts.length - 1].match(/(\d+)\.arrow$/)?.[1])
    return { rows, stale, parts: parts.length }
  }

  /** Makes the folder, and removes what processes that were killed while writing have left there. Throws `io`. */
  async prepare(): Promise<void> {
    try {
      await fs.mkdir(this.#folder, { recursive: true })
      for (const name of await fs.readdir(this.#folder)) {
        const [, writer] = name.match(/\.(\d+)\.tmp$/) ?? []
        if (name.startsWith(this.#name) && writer && !isRunning(Number(writer))) {
          await fs.rm(join(this.#folder, name), { force: true })
        }
      }
    } catch (cause) {
      throw new FlagError('io', `${this.#folder}: cannot keep the index here (${(cause as Error).message})`, {
        cause,
        hint: 'choose another folder for it: indexFolder, or --index on the command line',
      })
    }
  }

  /** Keeps what an update has done so far. */
  async append(rows: readonly IndexRow[]): Promise<void> {
    const number = String(++this.#parts).padStart(5, '0')
    await writeTable(join(this.#folder, `${this.#name}.part-${number}.arrow`), this.#table(rows))
  }

  /** Replaces the index by these rows and removes the parts. */
  async replace(rows: readonly IndexRow[]): Promise<void> {
    await writeTable(this.path, this.#table(rows))
    for (const name of await this.#partNames()) await fs.rm(join(this.#folder, name), { force: true })
  }

  async #partNames(): Promise<string[]> {
    const names = await fs.readdir(this.#folder).catch(() => [])
    return names.filter((name) => name.startsWith(`${this.#name}.part-`) && name.endsWith('.arrow')).sort()
  }

  #table(rows: readonly IndexRow[]): Table {
    const dimension = rows.find((row) => row.vector)?.vector?.length ?? 0
    const vectors = new Float32Array(rows.length * dimension)
    rows.forEach(({ vector }, i) => {
      if (vector) vectors.set(vector, i * dimension)
    })
    const text = (values: (string | null)[]) => vectorFromArray(values, new Utf8())
    const numbers = (values: number[]) => vectorFromArray(values, new Float64())
    return vectorTable(
      {
        path: text(rows.map((row) => row.path)),
        size: numbers(rows.map((row) => row.size)),
        modified: numbers(rows.map((row) => row.modified)),
        hash: text(rows.map((row) => row.hash)),
        error: text(rows.map((row) => row.error ?? null)),
      },
      vectors,
      dimension,
      { 'flag.layout': LAYOUT, 'flag.model': this.#fingerprint },
    )
  }
}

function isRunning(processId: number): boolean {
  try {
    return process.kill(processId, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function rowsOf(table: Table, fingerprint: string): IndexRow[] {
  const { metadata } = table.schema
  if (metadata.get('flag.layout') !== LAYOUT) throw new Error('the index has another layout')
  if (metadata.get('flag.model') !== fingerprint) throw new Error('the index belongs to another model')
  const { vectors, dimension } = vectorsOf(table)
  const column = (name: string) => {
    const found = table.getChild(name)
    if (!found) throw new Error(`the index has no column "${name}"`)
    return found
  }
  const [paths, sizes, times, hashes, errors] = ['path', 'size', 'modified', 'hash', 'error'].map(column)
  return Array.from({ length: table.numRows }, (_, i) => {
    const error: string | undefined = errors.get(i) ?? undefined
    const usable = error === undefined && dimension > 0
    return {
      path: paths.get(i),
      size: sizes.get(i),
      modified: times.get(i),
      hash: hashes.get(i),
      error,
      vector: usable ? vectors.subarray(i * dimension, (i + 1) * dimension) : undefined,
    }
  })
}
