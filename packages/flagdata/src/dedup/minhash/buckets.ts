import { existsSync } from 'node:fs'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { DataError } from '../../errors.ts'
import { PARTIAL, writeAtomic } from '../../writers/atomic.ts'
import type { MinhashConfig } from '../config.ts'
import { mergeFiles, mergeRecords, openRecords, RecordBuffer, RecordReader } from '../records.ts'
import { INDEXED } from '../removals.ts'

/** Bytes of a record of `.minhash.sig`: the hashes of a bucket, then the document's number. */
const recordBytes = (config: MinhashConfig) => 8 * config.hashesPerBucket + 4

const bucketFolder = (bucket: number) => `bucket_${String(bucket).padStart(3, '0')}`

/** Signatures that are held at a time, about a kilobyte each; more are sorted in parts and merged. */
const HELD = 1 << 15

/**
 * Collects the signatures of one piece and writes them as datatrove does:
 * `bucket_{bucket}/{piece}.minhash.sig`, sorted by hashes, then document. Memory does not depend on their number.
 */
export class SignatureWriter {
  readonly #config: MinhashConfig
  readonly #folder: string
  readonly #piece: string
  readonly #buckets: RecordBuffer[]
  readonly #order: readonly number[]
  readonly #held: number
  #runs = 0

  constructor(config: MinhashConfig, folder: string, piece: string, held = HELD) {
    this.#config = config
    this.#folder = folder
    this.#piece = piece
    this.#held = held
    this.#buckets = Array.from({ length: config.buckets }, () => new RecordBuffer(recordBytes(config) / 4))
    const hashes = Array.from({ length: config.hashesPerBucket }, (_, i) => [2 * i + 1, 2 * i]).flat()
    this.#order = [...hashes, 2 * config.hashesPerBucket]
  }

  /**
   * Returns a promise only when the caller should wait.
   *
   * @param signature low and high halves of all hashes @param document number of the document in its piece
   */
  add(signature: Uint32Array, document: number): Promise<void> | undefined {
    const width = 2 * this.#config.hashesPerBucket
    this.#buckets.forEach((bucket, i) => {
      const record = bucket.push()
      record.set(signature.subarray(i * width, (i + 1) * width))
      record[width] = document
    })
    return this.#buckets[0].count === this.#held ? this.#writeRun() : undefined
  }

  async #writeRun(): Promise<void> {
    const run = this.#runs++
    for (const [i, bucket] of this.#buckets.entries()) {
      await mkdir(join(this.#folder, bucketFolder(i)), { recursive: true })
      await writeFile(this.#runPath(i, run), bucket.sorted(this.#order))
      bucket.clear()
    }
  }

  /** Runs have the ending of incomplete files, so that what a killed process leaves of them is taken away. */
  #runPath(bucket: number, run: number): string {
    return join(this.#folder, bucketFolder(bucket), `${this.#piece}.run-${run}${PARTIAL}`)
  }

  async commit(): Promise<void> {
    const pathOf = (bucket: number) => join(this.#folder, bucketFolder(bucket), `${this.#piece}.minhash.sig`)
    if (this.#runs > 0) await this.#writeRun()
    for (const [i, bucket] of this.#buckets.entries()) {
      if (this.#runs === 0) await writeAtomic(pathOf(i), bucket.sorted(this.#order))
      else {
        const runs = Array.from({ length: this.#runs }, (_, run) => this.#runPath(i, run))
        await mergeFiles(runs, recordBytes(this.#config), compareHashes(this.#config), pathOf(i))
        for (const run of runs) await rm(run)
      }
    }
  }
}

/** The order of the hashes of two records. */
function compareHashes(config: MinhashConfig) {
  const hashBytes = 8 * config.hashesPerBucket
  return (a: RecordReader, b: RecordReader): number => {
    for (let i = 0; i < hashBytes; i += 8) {
      const high = a.block.readUInt32LE(a.offset + i + 4) - b.block.readUInt32LE(b.offset + i + 4)
      if (high !== 0) return high
      const low = a.block.readUInt32LE(a.offset + i) - b.block.readUInt32LE(b.offset + i)
      if (low !== 0) return low
    }
    return 0
  }
}

/** The indexes of a bucket but the one that is written, which a run that was cut off may have left. */
async function indexPaths({ index, writeIndex }: MinhashConfig, bucket: number): Promise<string[]> {
  if (index === undefined) return []
  if (!existsSync(index))
    throw new DataError('not-found', `${index}: no such index`, {
      hint: 'expected a folder of bucket_000/<name>_00.minhash.index; it may be empty',
    })
  const folder = join(index, bucketFolder(bucket))
  if (!existsSync(folder)) return []
  const own = writeIndex === undefined ? undefined : resolve(indexPath(writeIndex, bucket))
  return (await readdir(folder))
    .filter((name) => name.endsWith('.minhash.index'))
    .sort()
    .map((name) => join(folder, name))
    .filter((path) => resolve(path) !== own)
}

const indexPath = (writeIndex: string, bucket: number) =>
  join(dirname(writeIndex), bucketFolder(bucket), `${basename(writeIndex)}_00.minhash.index`)

/**
 * Finds documents of equal hashes in one bucket: `{bucket}_00.dups`, records of file, document, file, document for
 * each two neighbours in the merged order; the first two are `INDEXED` where the hashes are in an index of earlier
 * data. With `onlyInIndex` there are no other pairs then. With `writeIndex` the hashes that are in no index are written
 * as one: `bucket_{bucket}/{name}_00.minhash.index`, bare and sorted. Reads and writes datatrove's files. Memory: 64 KiB
 * per file, and 16 bytes per pair.
 *
 * @throws DataError `corrupt-file` for a truncated file, `not-found` for a missing index
 */
export async function findBucketPairs(
  signatures: string,
  output: string,
  bucket: number,
  config: MinhashConfig,
): Promise<number> {
  const folder = join(signatures, bucketFolder(bucket))
  const files = (await readdir(folder)).filter((name) => name.endsWith('.minhash.sig')).sort()
  const indexes = await indexPaths(config, bucket)
  // Of equal hashes those of an index come first.
  const numbers = [...indexes.map(() => INDEXED), ...files.map((name) => Number.parseInt(name, 10))]
  const hashBytes = 8 * config.hashesPerBucket
  const readers = [
    ...indexes.map((path) => new RecordReader(path, hashBytes)),
    ...files.map((name) => new RecordReader(join(folder, name), recordBytes(config))),
  ]
  const onlyInIndex = indexes.length > 0 && config.onlyInIndex
  const written = config.writeIndex && (await openRecords(indexPath(config.writeIndex, bucket), hashBytes))
  /** The hashes before, and the document that stands for them. */
  const last = Buffer.alloc(hashBytes)
  let lastFile = -1
  let lastDocument = 0
  const pairs = new RecordBuffer(4)

  try {
    mergeRecords(readers, compareHashes(config), ({ block, offset }, reader) => {
      const file = numbers[reader]
      const document = file === INDEXED ? INDEXED : block.readUInt32LE(offset + hashBytes)
      const equal = lastFile >= 0 && block.compare(last, 0, hashBytes, offset, offset + hashBytes) === 0
      if (file !== INDEXED && equal && (lastFile === INDEXED || !onlyInIndex))
        pairs.push().set([lastFile, lastDocument, file, document])
      else if (file !== INDEXED && !equal && written)
        written.write(block.subarray(offset, offset + hashBytes))
      // The index goes on standing for its hashes where nothing else would tell that the next document has them too.
      if (equal && lastFile === INDEXED && onlyInIndex && config.compatible !== 'datatrove') return
      block.copy(last, 0, offset, offset + hashBytes)
      lastFile = file
      lastDocument = document
    })
    if (written) await written.commit()
  } catch (error) {
    if (written) await written.discard()
    throw error
  } finally {
    for (const reader of readers) reader.close()
  }
  const name = `${String(bucket).padStart(5, '0')}_00.dups`
  await writeAtomic(join(output, name), pairs.bytes())
  return pairs.count
}
