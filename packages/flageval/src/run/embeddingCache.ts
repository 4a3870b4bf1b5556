import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { FlagError, Tensor } from '@flag/core-tensor'
import type { EmbeddingModel, PictureInput } from '../models/model.ts'
import { cacheFile, FrameFile } from './frameFile.ts'

/** Requests that go through the model together, and that are kept or lost together. */
const BATCH = 64
const KEY_BYTES = 32
/** At the start of a batch: its number of vectors and their width. */
const HEAD_BYTES = 8

/**
 * Vectors that a model gave, in one append-only file for each fingerprint. A batch is a head, then for each vector the
 * SHA-256 of its request and its float32 numbers: a kill loses the batch that was being written and no other, so a
 * resumed run cuts what is left into the same batches.
 */
export class EmbeddingCache {
  readonly #file: FrameFile
  readonly #vectors: Map<string, Float32Array>

  private constructor(file: FrameFile, vectors: Map<string, Float32Array>) {
    this.#file = file
    this.#vectors = vectors
  }

  /** Opens or creates the file of a model in a folder. An unfinished or damaged batch and all after it are dropped. */
  static async open(folder: string, fingerprint: string): Promise<EmbeddingCache> {
    const vectors = new Map<string, Float32Array>()
    const path = await cacheFile(folder, fingerprint, 'vectors')
    return new EmbeddingCache(await FrameFile.open(path, (batch) => readBatch(batch, vectors)), vectors)
  }

  get(key: string): Float32Array | undefined {
    return this.#vectors.get(key)
  }

  /** Keeps a batch of vectors of one width under their keys. */
  async put(keys: readonly string[], rows: readonly Float32Array[]): Promise<void> {
    const head = Buffer.alloc(HEAD_BYTES)
    head.writeUInt32LE(keys.length, 0)
    head.writeUInt32LE(rows[0].length, 4)
    const parts: Uint8Array[] = [head]
    rows.forEach((row, i) => {
      parts.push(Buffer.from(keys[i], 'hex'), Buffer.from(row.buffer, row.byteOffset, row.byteLength))
      this.#vectors.set(keys[i], row)
    })
    await this.#file.append(Buffer.concat(parts))
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

function readBatch(batch: Buffer, vectors: Map<string, Float32Array>): void {
  const width = batch.readUInt32LE(4)
  for (let at = HEAD_BYTES; at < batch.length; at += KEY_BYTES + 4 * width) {
    const from = batch.byteOffset + at + KEY_BYTES
    const row = new Float32Array(batch.buffer.slice(from, from + 4 * width))
    vectors.set(batch.toString('hex', at, at + KEY_BYTES), row)
  }
}

/** Hashes of files by path: a data set asks for the same pictures in every language. */
const files = new Map<string, Promise<string>>()

/** What a model is asked, as a key: what it is asked about and every byte of it. */
async function requestKey(what: 'text' | 'image', input: PictureInput): Promise<string> {
  const hash = (bytes: string | Uint8Array) =>
    createHash('sha256').update(`${what}\0`).update(bytes).digest('hex')
  if (what === 'text' || typeof input !== 'string') return hash(input)
  const known = files.get(input) ?? readFile(input).then(hash)
  files.set(input, known)
  return known
}

/** The keys of many requests, one after the other: not all files open at once. */
export async function requestKeys(
  what: 'text' | 'image',
  inputs: readonly PictureInput[],
): Promise<string[]> {
  const keys: string[] = []
  for (const input of inputs) keys.push(await requestKey(what, input))
  return keys
}

/**
 * The vectors of texts or pictures, float32 `[inputs, E]`, from the cache where it has them. Equal requests are asked
 * once. `onBatch` is told how many are done.
 */
export async function embed(
  model: EmbeddingModel,
  cache: EmbeddingCache,
  what: 'text' | 'image',
  inputs: readonly PictureInput[],
  onBatch: (done: number, total: number) => void = () => {},
): Promise<{ vectors: Tensor<'float32'>; keys: string[] }> {
  const keys = await requestKeys(what, inputs)
  const places = new Map(keys.map((key, i) => [key, i]))
  const missing = [...places.keys()].filter((key) => cache.get(key) === undefined)
  for (let start = 0; start < missing.length; start += BATCH) {
    const batch = missing.slice(start, start + BATCH)
    const chosen = batch.map((key) => inputs[places.get(key) as number])
    const rows = await (what === 'text' ? model.encodeText(chosen as string[]) : model.encodeImage(chosen))
    if (rows.rank !== 2 || rows.shape[0] !== batch.length) {
      throw new FlagError(
        'shape-mismatch',
        `${model.name} gave [${rows.shape}] for ${batch.length} ${what}s: expected one row each`,
      )
    }
    await cache.put(
      batch,
      batch.map((_, i) => (rows.row(i).data as Float32Array).slice()),
    )
    onBatch(start + batch.length, missing.length)
  }
  const rows = keys.map((key) => cache.get(key) as Float32Array)
  const width = rows[0]?.length ?? 0
  const odd = rows.find((row) => row.length !== width)
  if (odd !== undefined) {
    throw new FlagError(
      'shape-mismatch',
      `${model.name} gave vectors of ${width} and of ${odd.length} numbers`,
    )
  }
  const data = new Float32Array(rows.length * width)
  rows.forEach((row, i) => void data.set(row, i * width))
  return { vectors: new Tensor('float32', [rows.length, width], data), keys }
}
