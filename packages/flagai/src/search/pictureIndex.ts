import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import { inBatches, mapOrdered } from '../models/batches.ts'
import type { EmbeddingModel } from './embeddingModel.ts'
import type { IndexRow } from './indexFile.ts'
import { type FoundPicture, scanPictures, type Unreadable } from './scan.ts'
import { topK } from './topK.ts'

export interface IndexOptions {
  /** Names the model in the index's file name. */
  modelName: string
  /** Changes when the model's weights do; vectors of another fingerprint are made anew. Default: the name. */
  fingerprint?: string
  /** Where the index is kept. Default: `.flagai` in the folder itself. */
  indexFolder?: string
  /** Pictures that are read from the disk at a time. Default 32. */
  batchSize?: number
  /** What is done so far is kept on disk after this many pictures, and every two seconds. Default 256. */
  keepEvery?: number
  /** Called after every batch with the number of new or changed pictures done, and of all of them. */
  onProgress?: (done: number, total: number) => void
}

/** What an update found, in pictures. */
export interface IndexReport {
  /** Pictures in the folder, readable or not. */
  pictures: number
  /** Put through the model now. */
  embedded: number
  /** Known by their bytes: renamed, copied or only touched. */
  reused: number
  /** Neither new nor changed. */
  unchanged: number
  /** Known before, no longer there. */
  removed: number
  /** Rows that were left by an update that was killed. */
  resumed: boolean
  /** Why an older index was not used. */
  stale: string | undefined
  unreadable: Unreadable[]
}

export interface Hit {
  /** Path below the folder. */
  path: string
  /** Cosine similarity. */
  score: number
}

const KEEP_NANOSECONDS = 2_000_000_000n

/** Vectors of the pictures of a folder, ready to be searched. */
export class PictureIndex {
  readonly folder: string
  readonly paths: readonly string[]
  readonly #vectors: Float32Array
  readonly #dimension: number

  constructor(folder: string, rows: readonly IndexRow[]) {
    const usable = rows.filter((row) => row.vector !== undefined)
    this.folder = folder
    this.paths = usable.map((row) => row.path)
    this.#dimension = usable[0]?.vector?.length ?? 0
    this.#vectors = new Float32Array(usable.length * this.#dimension)
    usable.forEach(({ vector }, i) => {
      this.#vectors.set(vector as Float32Array, i * this.#dimension)
    })
  }

  /**
   * Brings the index of a folder up to date and opens it: new and changed pictures go through the model, renamed
   * ones are recognised by their bytes, deleted ones are dropped. Pictures that cannot be decoded are named in
   * the report. May be killed at any time; the next call goes on from there.
   *
   * Throws `not-found` when there is no such folder, and what the model throws.
   */
  static async update(
    folder: string,
    model: EmbeddingModel,
    options: IndexOptions,
  ): Promise<{ index: PictureIndex; report: IndexReport }> {
    const { pictures, unreadable } = await scanPictures(folder)
    const place = options.indexFolder ?? join(folder, '.flagai')
    const name = options.modelName.replace(/[^\w.-]+/g, '_')
    // Arrow is loaded only by programs that keep an index.
    const { IndexFile } = await import('./indexFile.ts')
    const file = new IndexFile(place, name, options.fingerprint ?? options.modelName)
    if (pictures.length > 0) await file.prepare()
    const { rows: known, stale, parts } = await file.read()
    const byHash = new Map([...known.values()].filter((row) => row.hash !== '').map((row) => [row.hash, row]))

    const rows = new Map<string, IndexRow>()
    const changed: FoundPicture[] = []
    for (const picture of pictures) {
      const row = known.get(picture.path)
      const same = row?.size === picture.size && row.modified === picture.modified
      // A file that could not even be read has no hash: it is tried again.
      if (same && row.hash !== '') rows.set(row.path, row)
      else changed.push(picture)
    }
    const report: IndexReport = {
      pictures: pictures.length,
      embedded: 0,
      reused: 0,
      unchanged: rows.size,
      removed: 0,
      resumed: parts > 0,
      stale,
      unreadable,
    }

    let pending: IndexRow[] = []
    let kept = process.hrtime.bigint()
    let done = 0
    for await (const batch of batches(folder, changed, byHash, options.batchSize ?? 32)) {
      await embed(batch, model)
      for (const { row, reused } of batch) {
        rows.set(row.path, row)
        if (row.hash !== '') byHash.set(row.hash, row)
        pending.push(row)
        if (reused) report.reused++
        else if (row.vector) report.embedded++
      }
      done += batch.length
      options.onProgress?.(done, changed.length)
      const now = process.hrtime.bigint()
      if (
        done < changed.length &&
        (pending.length >= (options.keepEvery ?? 256) || now - kept > KEEP_NANOSECONDS)
      ) {
        await file.append(pending)
        pending = []
        kept = now
      }
    }

    const all = pictures.map(({ path }) => rows.get(path) as IndexRow)
    report.removed = [...known.keys()].filter((path) => !rows.has(path)).length
    for (const { path, error } of all) if (error !== undefined) unreadable.push({ path, reason: error })
    if (changed.length > 0 || report.removed > 0 || parts > 0) await file.replace(all)
    return { index: new PictureIndex(folder, all), report }
  }

  /** The `top` pictures that are most similar to a vector of the model, best first. */
  search(vector: Float32Array, top: number): Hit[] {
    if (this.#dimension > 0 && vector.length !== this.#dimension) {
      throw new FlagError(
        'shape-mismatch',
        `the query has ${vector.length} dimensions, the pictures have ${this.#dimension}`,
        { hint: 'search with the model that made the index' },
      )
    }
    return topK(this.#vectors, vector, top).map(({ index, score }) => ({ path: this.paths[index], score }))
  }
}

interface Item {
  row: IndexRow
  /** The file's bytes, while they have to go through the model. */
  bytes: Uint8Array | undefined
  reused: boolean
}

/** Pictures read from the disk, a batch ahead of the model. */
async function* batches(
  folder: string,
  pictures: readonly FoundPicture[],
  byHash: ReadonlyMap<string, IndexRow>,
  size: number,
): AsyncGenerator<Item[]> {
  const groups = inBatches(pictures, size)
  yield* mapOrdered(groups, 2, (group) => Promise.all(group.map((picture) => open(folder, picture, byHash))))
}

async function open(
  folder: string,
  { path, size, modified }: FoundPicture,
  byHash: ReadonlyMap<string, IndexRow>,
): Promise<Item> {
  const row: IndexRow = { path, size, modified, hash: '', error: undefined, vector: undefined }
  try {
    const bytes = await readFile(join(folder, path))
    row.hash = createHash('sha256').update(bytes).digest('hex').slice(0, 32)
    const same = byHash.get(row.hash)
    if (same)
      return { row: { ...row, error: same.error, vector: same.vector }, bytes: undefined, reused: true }
    return { row, bytes, reused: false }
  } catch (error) {
    row.error = (error as Error).message
    return { row, bytes: undefined, reused: false }
  }
}

async function embed(batch: readonly Item[], model: EmbeddingModel): Promise<void> {
  const fresh = batch.filter((item) => item.bytes !== undefined)
  let next = 0
  for await (const { vector, error } of model.encodeImageStream(
    fresh.map((item) => item.bytes as Uint8Array),
  )) {
    const item = fresh[next++]
    item.row.vector = vector
    item.row.error = error?.message.replace(/^picture: /, '')
    item.bytes = undefined
  }
}
