import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { DataError } from '../errors.ts'

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
    const { width } = this
    const words = this.#words
    const indices = Uint32Array.from({ length: this.count }, (_, i) => i).sort((a, b) => {
      const [i, k] = [a * width, b * width]
      for (const at of order) if (words[i + at] !== words[k + at]) return words[i + at] - words[k + at]
      return 0
    })
    const result = new Uint32Array(this.#length)
    indices.forEach((from, to) => {
      result.set(words.subarray(from * width, (from + 1) * width), to * width)
    })
    return new Uint8Array(result.buffer)
  }
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
