import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { DataError } from '../errors.ts'
import { openAtomic } from '../writers/atomic.ts'

/**
 * Files of fixed-size records of little-endian 32-bit words, as datatrove's deduplication writes them. Node runs on
 * little-endian machines only, so the words are read and written as they lie in memory.
 */

/** Collects records of `width` words. */
export class RecordBuffer {
  readonly width: number
  #words: Uint32Array
  #length = 0

  constructor(width: number) {
    this.width = width
    this.#words = new Uint32Array(width * 256)
  }

  get count(): number {
    return this.#length / this.width
  }

  /** Room for one more record, to be filled in by the caller. */
  push(): Uint32Array {
    if (this.#length === this.#words.length) {
      const larger = new Uint32Array(2 * this.#words.length)
      larger.set(this.#words)
      this.#words = larger
    }
    this.#length += this.width
    return this.#words.subarray(this.#length - this.width, this.#length)
  }

  /** The records as bytes, as they came. */
  bytes(): Uint8Array {
    return new Uint8Array(this.#words.buffer, 0, 4 * this.#length)
  }

  /** The records as bytes, in the order of their fields: `order` lists word positions, most significant first. */
  sorted(order: readonly number[]): Uint8Array {
    const { width, count } = this
    const words = this.#words
    const compare = (a: number, b: number) => {
      const [i, k] = [a * width, b * width]
      for (const at of order) if (words[i + at] !== words[k + at]) return words[i + at] - words[k + at]
      return 0
    }
    const indices = indicesByFirst(words, width, count, order[0])
    // Few records are alike in their first word; those are put in order one run at a time.
    for (let from = 0; from < count; ) {
      const first = words[indices[from] * width + order[0]]
      let to = from + 1
      while (to < count && words[indices[to] * width + order[0]] === first) to++
      if (to - from > 1) indices.subarray(from, to).sort(compare)
      from = to
    }
    const result = new Uint32Array(this.#length)
    for (let to = 0; to < count; to++) {
      const from = indices[to] * width
      for (let i = 0; i < width; i++) result[to * width + i] = words[from + i]
    }
    return new Uint8Array(result.buffer)
  }

  clear(): void {
    this.#length = 0
  }
}

/** Numbers of records in the order of one of their words: least significant digit first, 16 bits at a time. */
function indicesByFirst(words: Uint32Array, width: number, count: number, at: number): Uint32Array {
  // Counting digits pays for many records only.
  if (count < 4096)
    return Uint32Array.from({ length: count }, (_, i) => i).sort(
      (a, b) => words[a * width + at] - words[b * width + at],
    )
  let indices = Uint32Array.from({ length: count }, (_, i) => i)
  let next = new Uint32Array(count)
  for (const shift of [0, 16]) {
    const starts = new Uint32Array(0x10001)
    for (let i = 0; i < count; i++) starts[((words[i * width + at] >>> shift) & 0xffff) + 1]++
    for (let digit = 0; digit < 0x10000; digit++) starts[digit + 1] += starts[digit]
    for (let i = 0; i < count; i++) {
      const digit = (words[indices[i] * width + at] >>> shift) & 0xffff
      next[starts[digit]++] = indices[i]
    }
    ;[indices, next] = [next, indices]
  }
  return indices
}

/** The first `count` records of `width` bytes in the order of `compare`, which gets two buffers and offsets. */
export function sortRecords(
  records: Buffer,
  count: number,
  width: number,
  compare: (a: Buffer, i: number, b: Buffer, k: number) => number,
): Buffer {
  const order = Uint32Array.from({ length: count }, (_, i) => i).sort(
    (a, b) => compare(records, a * width, records, b * width) || a - b,
  )
  const sorted = Buffer.alloc(count * width)
  order.forEach((from, to) => {
    records.copy(sorted, to * width, from * width, (from + 1) * width)
  })
  return sorted
}

/** Bytes of a file that are held at a time. */
const BLOCK = 64 * 1024

/** Reads records of `bytes` bytes one after the other; `view` holds the current one. */
export class RecordReader {
  readonly path: string
  readonly #file: number
  readonly #size: number
  readonly #bytes: number
  readonly #block: Buffer
  #at = 0
  #filled = 0
  #left: number

  /** @throws DataError `corrupt-file` if the file does not consist of whole records */
  constructor(path: string, bytes: number) {
    this.path = path
    this.#bytes = bytes
    this.#file = openSync(path, 'r')
    this.#size = fstatSync(this.#file).size
    if (this.#size % bytes !== 0) {
      closeSync(this.#file)
      throw new DataError('corrupt-file', `${path}: ${this.#size} bytes, expected a multiple of ${bytes}`, {
        hint: 'delete the file and its completion marker, then run again',
      })
    }
    this.#left = this.#size
    this.#block = Buffer.allocUnsafe(bytes * Math.max(1, Math.floor(BLOCK / bytes)))
  }

  /** Where the current record starts in `block`. */
  get offset(): number {
    return this.#at - this.#bytes
  }

  /** The bytes of the current record, valid until the next one. */
  get record(): Uint8Array {
    return this.#block.subarray(this.offset, this.#at)
  }

  get block(): Buffer {
    return this.#block
  }

  /** Moves to the next record; false at the end, where the file is closed. */
  next(): boolean {
    if (this.#at === this.#filled) {
      if (this.#left === 0) {
        this.close()
        return false
      }
      this.#filled = readSync(this.#file, this.#block, 0, Math.min(this.#block.length, this.#left), null)
      this.#left -= this.#filled
      this.#at = 0
    }
    this.#at += this.#bytes
    return true
  }

  #closed = false

  close(): void {
    if (!this.#closed) closeSync(this.#file)
    this.#closed = true
  }
}

/** Visits the records of several sorted files in one order; equal records come in the order of the files. */
export function mergeRecords(
  readers: readonly RecordReader[],
  compare: (a: RecordReader, b: RecordReader) => number,
  visit: (reader: RecordReader, file: number) => void,
): void {
  const heap: number[] = []
  const less = (a: number, b: number) => {
    const order = compare(readers[a], readers[b])
    return order < 0 || (order === 0 && a < b)
  }
  const down = (start: number) => {
    let at = start
    for (;;) {
      let least = at
      for (const child of [2 * at + 1, 2 * at + 2])
        if (child < heap.length && less(heap[child], heap[least])) least = child
      if (least === at) return
      ;[heap[at], heap[least]] = [heap[least], heap[at]]
      at = least
    }
  }
  readers.forEach((reader, i) => {
    if (reader.next()) heap.push(i)
  })
  for (let i = heap.length >> 1; i >= 0; i--) down(i)
  while (heap.length > 0) {
    const file = heap[0]
    visit(readers[file], file)
    if (!readers[file].next()) {
      const last = heap.pop() as number
      if (heap.length > 0 && last !== file) heap[0] = last
    }
    down(0)
  }
}

/** Writes records of `bytes` bytes to a file that appears complete or not at all, block by block. */
export async function openRecords(path: string, bytes: number) {
  const { file, ...its } = await openAtomic(path)
  const block = Buffer.allocUnsafe(bytes * Math.max(1, Math.floor(BLOCK / bytes)))
  let filled = 0
  const flush = () => {
    writeSync(file.fd, block, 0, filled)
    filled = 0
  }
  return {
    write(record: Uint8Array): void {
      block.set(record, filled)
      filled += bytes
      if (filled === block.length) flush()
    },
    async commit(): Promise<void> {
      flush()
      await its.commit()
    },
    discard: its.discard,
  }
}

/** Merges sorted files of records into one, block by block. */
export async function mergeFiles(
  paths: readonly string[],
  bytes: number,
  compare: (a: RecordReader, b: RecordReader) => number,
  output: string,
): Promise<void> {
  const merged = await openRecords(output, bytes)
  const readers = paths.map((path) => new RecordReader(path, bytes))
  try {
    mergeRecords(readers, compare, ({ record }) => merged.write(record))
    await merged.commit()
  } catch (error) {
    await merged.discard()
    throw error
  } finally {
    for (const reader of readers) reader.close()
  }
}
