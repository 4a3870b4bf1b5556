import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeAtomic } from '../../writers/atomic.ts'
import { compareHashes, indexFiles, writeIndex } from '../exact.ts'
import { mergeRecords, RecordBuffer, RecordReader } from '../records.ts'
import { INDEXED } from '../removals.ts'
import { rangeFolder, recordBytes, type SentencesConfig } from './signature.ts'

/** A span that occurred before: it begins with a sentence of a document, and stays in another document. */
export interface DuplicateSpan {
  document: number
  sentence: number
  /** Number of the piece of the document that keeps the span, or `INDEXED`. */
  keptPiece: number
  keptDocument: number
}

/**
 * Finds spans that occurred before, within one range of hashes: of equal ones the first in the order of document, piece
 * and sentence stays. Writes `{range}/{piece}.spans`, records of the four numbers of `DuplicateSpan`, and with
 * `compatible` datatrove's `{range}/{piece}.c4_dup` (document, sentence) in the order in which they are found. Memory:
 * 64 KiB per file and 16 bytes per span found.
 *
 * @throws DataError `corrupt-file` for a truncated file, `not-found` for a missing index
 */
export async function findDuplicateSpans(
  signatures: string,
  output: string,
  range: number,
  config: SentencesConfig,
): Promise<{ spans: number }> {
  const width = recordBytes(config)
  const folder = join(signatures, rangeFolder(range))
  const files = (await readdir(folder)).filter((name) => name.endsWith('.c4_sig')).sort()
  const indexes = await indexFiles(config.index)
  const pieces = files.map((name) => name.slice(0, -'.c4_sig'.length))
  const readers: RecordReader[] = []
  const found = files.map(() => new RecordBuffer(4))
  const first = Buffer.alloc(12)
  let firstFile = -1
  let count = 0
  try {
    for (const name of files) readers.push(new RecordReader(join(folder, name), width))
    for (const path of indexes) readers.push(new RecordReader(path, 8))
    const numbers = new Map(readers.map((reader, i) => [reader, i]))
    const numberOf = (reader: RecordReader) => numbers.get(reader) as number
    const compare = (a: RecordReader, b: RecordReader) => {
      const byHash = compareHashes(a.block, a.offset, b.block, b.offset)
      if (byHash !== 0) return byHash
      const [fileA, fileB] = [numberOf(a), numberOf(b)]
      const [indexedA, indexedB] = [fileA >= files.length, fileB >= files.length]
      if (indexedA || indexedB) return Number(indexedB) - Number(indexedA)
      // Equal documents of different files come in the order of the files, which the merge sees to.
      return a.block.readUInt32LE(a.offset + 8) - b.block.readUInt32LE(b.offset + 8)
    }
    mergeRecords(readers, compare, ({ block, offset }, file) => {
      if (firstFile < 0 || block.compare(first, 0, 8, offset, offset + 8) !== 0) {
        block.copy(first, 0, offset, offset + Math.min(12, file >= files.length ? 8 : 12))
        firstFile = file
        return
      }
      if (file >= files.length) return
      const indexed = firstFile >= files.length
      if (indexes.length > 0 && !indexed && config.onlyInIndex) return
      count++
      found[file]
        .push()
        .set([
          block.readUInt32LE(offset + 8),
          width === 14 ? block.readUInt16LE(offset + 12) : block.readUInt32LE(offset + 12),
          indexed ? INDEXED : Number.parseInt(pieces[firstFile], 10),
          indexed ? 0 : first.readUInt32LE(8),
        ])
    })
  } finally {
    for (const reader of readers) reader.close()
  }
  for (const [i, records] of found.entries()) {
    if (records.count === 0) continue
    const name = join(output, rangeFolder(range), pieces[i])
    await writeAtomic(`${name}.spans`, records.bytes())
    if (config.compatible) await writeAtomic(`${name}.c4_dup`, toDatatrove(records.bytes()))
  }
  return { spans: count }
}

/** Records of document (32 bits) and sentence (16). */
function toDatatrove(records: Uint8Array): Buffer {
  const source = Buffer.from(records.buffer, records.byteOffset, records.length)
  const target = Buffer.alloc((source.length / 16) * 6)
  for (let from = 0, to = 0; from < source.length; from += 16, to += 6) {
    source.copy(target, to, from, from + 4)
    target.writeUInt16LE(source.readUInt32LE(from + 4), to + 4)
  }
  return target
}

/** The spans found for a piece in all ranges, by document, each document's in the order of its sentences. */
export async function readDuplicateSpans(
  folder: string,
  piece: string,
  ranges: number,
): Promise<Map<number, DuplicateSpan[]>> {
  const byDocument = new Map<number, DuplicateSpan[]>()
  for (let range = 0; range < ranges; range++) {
    const bytes = await readFile(join(folder, rangeFolder(range), `${piece}.spans`)).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return Buffer.alloc(0)
        throw error
      },
    )
    for (let at = 0; at + 16 <= bytes.length; at += 16) {
      const [document, sentence, keptPiece, keptDocument] = [0, 4, 8, 12].map((i) =>
        bytes.readUInt32LE(at + i),
      )
      const spans = byDocument.get(document)
      const span = { document, sentence, keptPiece, keptDocument }
      if (spans) spans.push(span)
      else byDocument.set(document, [span])
    }
  }
  for (const spans of byDocument.values()) spans.sort((a, b) => a.sentence - b.sentence)
  return byDocument
}

/** Writes the hashes of all spans of a run of one range once each, ascending: datatrove's `.c4_index`. */
export const buildSpanIndex = (signatures: string, path: string, config: SentencesConfig): Promise<number> =>
  writeIndex(join(signatures, rangeFolder(0)), path, recordBytes(config))
