import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PARTIAL, writeAtomic } from '../../writers/atomic.ts'
import type { MinhashConfig } from '../config.ts'
import { mergeFiles, mergeRecords, RecordBuffer, RecordReader } from '../records.ts'

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

/**
 * Finds documents of equal hashes in one bucket: `{bucket}_00.dups`, records of file, document, file, document for
 * each two neighbours in the merged order. Reads and writes datatrove's files. Memory: 64 KiB per signature file, and
 * 16 bytes per pair.
 *
 * @throws DataError `corrupt-file` for a truncated signature file
 */
export async function findBucketPairs(
  signatures: string,
  output: string,
  bucket: number,
  config: MinhashConfig,
): Promise<number> {
  const folder = join(signatures, bucketFolder(bucket))
  const files = (await readdir(folder)).filter((name) => name.endsWith('.minhash.sig')).sort()
  const numbers = files.map((name) => Number.parseInt(name, 10))
  const bytes = recordBytes(config)
  const hashBytes = bytes - 4
  const readers = files.map((name) => new RecordReader(join(folder, name), bytes))
  const last = Buffer.alloc(bytes)
  let lastFile = -1
  const pairs = new RecordBuffer(4)

  try {
    mergeRecords(readers, compareHashes(config), (reader, file) => {
      const { block, offset } = reader
      if (lastFile >= 0 && block.compare(last, 0, hashBytes, offset, offset + hashBytes) === 0) {
        const pair = pairs.push()
        pair[0] = numbers[lastFile]
        pair[1] = last.readUInt32LE(hashBytes)
        pair[2] = numbers[file]
        pair[3] = block.readUInt32LE(offset + hashBytes)
      }
      block.copy(last, 0, offset, offset + bytes)
      lastFile = file
    })
  } finally {
    for (const reader of readers) reader.close()
  }
  const name = `${String(bucket).padStart(5, '0')}_00.dups`
  await writeAtomic(join(output, name), pairs.bytes())
  return pairs.count
}
