import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Document } from '../document.ts'
import { DataError } from '../errors.ts'
import { codePoints } from '../text/whitespace.ts'
import { writeAtomic } from '../writers/atomic.ts'
import { type ExactConfig, exactSchema } from './config.ts'
import { metadataAt } from './key.ts'
import { mergeRecords, RecordReader, sortRecords } from './records.ts'
import { INDEXED, Removals } from './removals.ts'
import { hash, hashText } from './textHash.ts'

/** Priorities are 64-bit floats, or datatrove's 16-bit integers, where they all are 1 or `compatible` asks for it. */
const priorityBytes = ({ priority, compatible }: ExactConfig): 2 | 8 =>
  priority === 'earliest' || compatible ? 2 : 8

/** Bytes of a record of `.c4_sig`: hash (64 bits), priority (16 or 64), document (32). */
const recordBytes = (config: ExactConfig) => 12 + priorityBytes(config)

/**
 * Gives the priority of a document; documents without one go before all that have one.
 *
 * @throws DataError `invalid-argument` from the function, with the document's id, if `compatible` is asked for and
 *   the priority is no integer from 1 to 65535
 */
export function priorityOf({ priority, compatible }: ExactConfig): (document: Document) => number {
  if (priority === 'earliest') return () => 1
  const measure =
    priority === 'longest'
      ? ({ text }: Document) => codePoints(text)
      : (document: Document) => metadataAt(document, priority)
  return (document) => {
    const value = measure(document)
    if (!compatible) return typeof value === 'number' && Number.isFinite(value) ? value : -Infinity
    if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65535) return value
    throw new DataError(
      'invalid-argument',
      `document ${document.id}: priority "${priority}" is ${JSON.stringify(value) ?? 'missing'}`,
      { hint: 'expected an integer from 1 to 65535, or leave "compatible" out' },
    )
  }
}

/** Collects the hashes of one piece; written sorted as datatrove does: `0000/{piece}.c4_sig`. */
export class ExactSignatureWriter {
  readonly #config: ExactConfig
  readonly #width: number
  #records: Buffer
  #count = 0

  constructor(config: ExactConfig) {
    this.#config = config
    this.#width = recordBytes(config)
    this.#records = Buffer.alloc(this.#width * 1024)
  }

  /** Adds the key of a document, which is hashed as UTF-8. */
  add(key: string, document: number, priority = 1): void {
    const at = this.#count * this.#width
    if (at === this.#records.length) this.#records = Buffer.concat([this.#records, Buffer.alloc(at)])
    hashText(key, this.#config.hash)
    const records = this.#records
    records.writeUInt32LE(hash.low, at)
    records.writeUInt32LE(hash.high, at + 4)
    if (this.#width === 14) records.writeUInt16LE(priority, at + 8)
    else records.writeDoubleLE(priority, at + 8)
    records.writeUInt32LE(document, at + this.#width - 4)
    this.#count++
  }

  async commit(folder: string, piece: string): Promise<void> {
    const compare = comparator(this.#width)
    const sorted = sortRecords(this.#records, this.#count, this.#width, compare)
    await writeAtomic(join(folder, '0000', `${piece}.c4_sig`), sorted)
  }
}

export function compareHashes(a: Buffer, i: number, b: Buffer, k: number): number {
  return a.readUInt32LE(i + 4) - b.readUInt32LE(k + 4) || a.readUInt32LE(i) - b.readUInt32LE(k)
}

/** Orders records by hash, the highest priority first, then by document. */
function comparator(width: number): (a: Buffer, i: number, b: Buffer, k: number) => number {
  const priority =
    width === 14
      ? (a: Buffer, i: number, b: Buffer, k: number) => b.readUInt16LE(k + 8) - a.readUInt16LE(i + 8)
      : (a: Buffer, i: number, b: Buffer, k: number) => b.readDoubleLE(k + 8) - a.readDoubleLE(i + 8)
  return (a, i, b, k) =>
    compareHashes(a, i, b, k) ||
    priority(a, i, b, k) ||
    a.readUInt32LE(i + width - 4) - b.readUInt32LE(k + width - 4)
}

/** The index files of a path: the file itself, or all files of a folder. */
export async function indexFiles(path: string | undefined): Promise<string[]> {
  if (path === undefined) return []
  const names = await readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOTDIR') return undefined
    if (error.code === 'ENOENT') throw new DataError('not-found', `${path}: no such index`)
    throw error
  })
  return names === undefined ? [path] : names.sort().map((name) => join(path, name))
}

/**
 * Finds documents whose key occurred before: of each hash the first in the order of priority, document number and
 * piece stays; with an index of earlier data, none stays whose hash is in it, and with `onlyInIndex` all others do.
 * Reads datatrove's `.c4_sig` and `.c4_index` and writes `{piece}.remove`, `{piece}.kept`, and, for documents that
 * stay in the place of others, datatrove's `{piece}.c4_counts` (document, number of the others). Memory: 64 KiB per
 * file, 48 bytes per document removed.
 *
 * @throws DataError `corrupt-file` for a truncated signature file, `not-found` for a missing index
 */
export async function findExactDuplicates(
  signatures: string,
  output: string,
  config: ExactConfig = exactSchema.parse({}),
): Promise<{ duplicates: number; removed: number }> {
  const width = recordBytes(config)
  const folder = join(signatures, '0000')
  const files = (await readdir(folder)).filter((name) => name.endsWith('.c4_sig')).sort()
  const indexes = await indexFiles(config.index)
  const pieces = files.map((name) => name.slice(0, -'.c4_sig'.length))
  const order = comparator(width)
  const readers: RecordReader[] = []
  const removals = new Removals(pieces)
  const counts: number[][] = files.map(() => [])
  // The record that stands for the current hash: the one that stays, or that of an index.
  const last = Buffer.alloc(8)
  let lastFile = -1
  let lastDocument = 0
  let others = 0
  const closeGroup = () => {
    if (lastFile >= 0 && lastFile < files.length && others > 0) counts[lastFile].push(lastDocument, others)
  }
  let duplicates = 0
  const fromIndex = (file: number) => file >= files.length
  try {
    for (const name of files) readers.push(new RecordReader(join(folder, name), width))
    for (const path of indexes) readers.push(new RecordReader(path, 8))
    const isIndex = new Map(readers.map((reader, i) => [reader, fromIndex(i)]))
    const compare = (a: RecordReader, b: RecordReader) => {
      const byHash = compareHashes(a.block, a.offset, b.block, b.offset)
      if (byHash !== 0) return byHash
      const [ofA, ofB] = [isIndex.get(a), isIndex.get(b)]
      if (ofA || ofB) return Number(ofB) - Number(ofA)
      return order(a.block, a.offset, b.block, b.offset)
    }
    mergeRecords(readers, compare, ({ block, offset }, file) => {
      if (lastFile < 0 || block.compare(last, 0, 8, offset, offset + 8) !== 0) {
        closeGroup()
        block.copy(last, 0, offset, offset + 8)
        lastFile = file
        lastDocument = fromIndex(file) ? 0 : block.readUInt32LE(offset + width - 4)
        others = 0
        return
      }
      if (fromIndex(file)) return
      others++
      duplicates++
      const indexed = fromIndex(lastFile)
      if (indexes.length > 0 && !indexed && config.onlyInIndex) return
      removals.remove(file, {
        document: block.readUInt32LE(offset + width - 4),
        keptPiece: indexed ? INDEXED : Number.parseInt(pieces[lastFile], 10),
        keptDocument: lastDocument,
        distance: 0,
      })
    })
    closeGroup()
  } finally {
    for (const reader of readers) reader.close()
  }
  for (const [i, words] of counts.entries()) {
    if (words.length === 0) continue
    const bytes = new Uint8Array(Uint32Array.from(words).buffer)
    await writeAtomic(join(output, `${pieces[i].padStart(6, '0')}.c4_counts`), bytes)
  }
  await removals.write(output)
  return { duplicates, removed: removals.count }
}

/**
 * Writes the hashes of all signatures once each, ascending: datatrove's `.c4_index`, against which later data is
 * compared without the earlier data at hand.
 */
export async function buildExactIndex(
  signatures: string,
  path: string,
  config: ExactConfig,
): Promise<number> {
  return writeIndex(join(signatures, '0000'), path, recordBytes(config))
}

/** The same for any signature files whose records begin with a hash of 64 bits. */
export async function writeIndex(folder: string, path: string, width: number): Promise<number> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.c4_sig')).sort()
  const readers = files.map((name) => new RecordReader(join(folder, name), width))
  let hashes = Buffer.alloc(8 * 1024)
  let end = 0
  try {
    mergeRecords(
      readers,
      (a, b) => compareHashes(a.block, a.offset, b.block, b.offset),
      ({ block, offset }) => {
        if (end > 0 && hashes.compare(block, offset, offset + 8, end - 8, end) === 0) return
        if (end === hashes.length) hashes = Buffer.concat([hashes, Buffer.alloc(end)])
        block.copy(hashes, end, offset, offset + 8)
        end += 8
      },
    )
  } finally {
    for (const reader of readers) reader.close()
  }
  await writeAtomic(path, hashes.subarray(0, end))
  return end / 8
}
