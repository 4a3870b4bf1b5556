import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { writeAtomic } from '../writers/atomic.ts'
import type { ExactConfig } from './config.ts'
import { mergeRecords, RecordReader } from './records.ts'
import { xxhash, xxhash64 } from './xxhash64.ts'

/** Bytes of a record of `.c4_sig`: hash (64 bits), priority (16), document (32). */
const RECORD = 14

/** The 64-bit hash of a text, written little-endian to `target`. */
function hashText(text: string, { hash }: ExactConfig, target: Buffer, at: number): void {
  const bytes = Buffer.from(text)
  if (hash === 'sha1') createHash('sha1').update(bytes).digest().copy(target, at, 0, 8)
  else {
    xxhash64(bytes, 0, bytes.length)
    target.writeUInt32LE(xxhash.low, at)
    target.writeUInt32LE(xxhash.high, at + 4)
  }
}

/** Collects the hashes of one piece; written sorted as datatrove does, all priorities 1: `0000/{piece}.c4_sig`. */
export class ExactSignatureWriter {
  readonly #config: ExactConfig
  #records = Buffer.alloc(RECORD * 1024)
  #count = 0

  constructor(config: ExactConfig) {
    this.#config = config
  }

  add(text: string, document: number): void {
    const at = this.#count * RECORD
    if (at === this.#records.length) this.#records = Buffer.concat([this.#records, Buffer.alloc(at)])
    hashText(text, this.#config, this.#records, at)
    this.#records.writeUInt16LE(1, at + 8)
    this.#records.writeUInt32LE(document, at + 10)
    this.#count++
  }

  async commit(folder: string, piece: string): Promise<void> {
    const records = this.#records
    const order = Uint32Array.from({ length: this.#count }, (_, i) => i).sort(
      (a, b) => compareHashes(records, a * RECORD, records, b * RECORD) || a - b,
    )
    const sorted = Buffer.alloc(this.#count * RECORD)
    order.forEach((from, to) => {
      records.copy(sorted, to * RECORD, from * RECORD, (from + 1) * RECORD)
    })
    await writeAtomic(join(folder, '0000', `${piece}.c4_sig`), sorted)
  }
}

function compareHashes(a: Buffer, i: number, b: Buffer, k: number): number {
  return a.readUInt32LE(i + 4) - b.readUInt32LE(k + 4) || a.readUInt32LE(i) - b.readUInt32LE(k)
}

/**
 * Finds documents whose text occurred before: of each hash the first in the order of priority, document number and
 * piece stays. Reads datatrove's `.c4_sig` and writes `{piece}.remove` like near-duplicates.
 */
export async function findExactDuplicates(
  signatures: string,
  output: string,
): Promise<{ duplicates: number; removed: number }> {
  const folder = join(signatures, '0000')
  const files = (await readdir(folder)).filter((name) => name.endsWith('.c4_sig')).sort()
  const readers = files.map((name) => new RecordReader(join(folder, name), RECORD))
  const remove: number[][] = files.map(() => [])
  const last = Buffer.alloc(8)
  let any = false
  const compare = (a: RecordReader, b: RecordReader) =>
    compareHashes(a.block, a.offset, b.block, b.offset) ||
    b.block.readUInt16LE(b.offset + 8) - a.block.readUInt16LE(a.offset + 8) ||
    a.block.readUInt32LE(a.offset + 10) - b.block.readUInt32LE(b.offset + 10)
  try {
    mergeRecords(readers, compare, ({ block, offset }, file) => {
      if (any && block.compare(last, 0, 8, offset, offset + 8) === 0)
        remove[file].push(block.readUInt32LE(offset + 10))
      any = true
      block.copy(last, 0, offset, offset + 8)
    })
  } finally {
    for (const reader of readers) reader.close()
  }
  let removed = 0
  for (const [i, documents] of remove.entries()) {
    if (documents.length === 0) continue
    removed += documents.length
    const name = files[i].replace('.c4_sig', '').padStart(6, '0')
    const words = Uint32Array.from(documents).sort()
    await writeAtomic(join(output, `${name}.remove`), new Uint8Array(words.buffer))
  }
  return { duplicates: removed, removed }
}
