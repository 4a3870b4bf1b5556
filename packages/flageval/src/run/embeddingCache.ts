import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { FlagError, Tensor } from '@flag/core-tensor'
import type { EmbeddingModel, PictureInput } from '../models/model.ts'

/** Requests that go through the model together, and that are kept or lost together. */
const BATCH = 64
const KEY_BYTES = 32
/** Before a batch: its number of vectors and their width. After it: its CRC. */
const HEAD_BYTES = 8
const CHECK_BYTES = 4

/**
 * Vectors that a model gave, in one append-only file for each fingerprint. A batch is a head, then for each vector the
 * SHA-256 of its request and its float32 numbers, then a CRC: a kill loses the batch that was being written and no
 * other, so a resumed run cuts what is left into the same batches.
 */
export class EmbeddingCache {
  readonly #file: FileHandle
  readonly #vectors: Map<string, Float32Array>
  #size: number

  private constructor(file: FileHandle, vectors: Map<string, Float32Array>, size: number) {
    this.#file = file
    this.#vectors = vectors
    this.#size = size
  }

  /** Opens or creates the file of a model in a folder. An unfinished or damaged batch and all after it are dropped. */
  static async open(folder: string, fingerprint: string): Promise<EmbeddingCache> {
    await mkdir(folder, { recursive: true })
    const name = createHash('sha256').update(fingerprint).digest('hex').slice(0, 32)
    const path = join(folder, `${name}.vectors`)
    const known = existsSync(path)
    const bytes = known ? await readFile(path) : Buffer.alloc(0)
    const vectors = new Map<string, Float32Array>()
    let size = 0
    for (let next = readBatch(bytes, size, vectors); next > size; next = readBatch(bytes, size, vectors))
      size = next
    const file = await open(path, known ? 'r+' : 'w+')
    await file.truncate(size)
    return new EmbeddingCache(file, vectors, size)
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
    const body = Buffer.concat(parts)
    const check = Buffer.alloc(CHECK_BYTES)
    check.writeUInt32LE(crc32(body))
    const bytes = Buffer.concat([body, check])
    await this.#file.write(bytes, 0, bytes.length, this.#size)
    this.#size += bytes.length
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

/** Adds the batch at `start` and returns where it ends; `start` when there is no whole one. */
function readBatch(bytes: Buffer, start: number, vectors: Map<string, Float32Array>): number {
  if (start + HEAD_BYTES > bytes.length) return start
  const [count, width] = [bytes.readUInt32LE(start), bytes.readUInt32LE(start + 4)]
  const entry = KEY_BYTES + 4 * width
  const end = start + HEAD_BYTES + count * entry
  if (end + CHECK_BYTES > bytes.length) return start
  if (crc32(bytes.subarray(start, end)) !== bytes.readUInt32LE(end)) return start
  for (let at = start + HEAD_BYTES; at < end; at += entry) {
    const key = bytes.toString('hex', at, at + KEY_BYTES)
    const from = bytes.byteOffset + at + KEY_BYTES
    vectors.set(key, new Float32Array(bytes.buffer.slice(from, from + 4 * width)))
  }
  return end + CHECK_BYTES
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
