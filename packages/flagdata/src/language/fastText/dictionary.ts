import type { BinaryFile } from '../binaryFile.ts'
import type { Arguments } from './arguments.ts'
import { addSubwords, addWordNgrams, HASH_START, hashByte, hashBytes, Rows } from './features.ts'

const LABEL_PREFIX = Buffer.from('__label__')
export const END = Buffer.from('</s>')

/** Words and labels, labels last, as bytes one after another. */
export interface Entries {
  bytes: Uint8Array
  /** Where each begins; one more than there are entries. */
  starts: Uint32Array
  counts: Float64Array
  words: number
  labels: number
  /** Words of the training text, repeated ones counted. */
  tokens: number
}

/** Of a pruned model: which hashes still have a row, and which. */
export type Pruned = ReadonlyMap<number, number>

/** The vocabulary of a model: what it makes of a line of text. */
export class Dictionary {
  readonly entries: Entries
  readonly pruned: Pruned | undefined
  readonly #args: Arguments
  readonly #end: number
  /** Entries by hash, open addressing. */
  readonly #table: Int32Array
  readonly #hashes: Uint32Array
  /** Rows of words and their n-grams, made when first met. */
  readonly #rowsOf: (Int32Array | undefined)[]
  #wordHashes = new Int32Array(256)
  readonly #scratch = new Rows()
  readonly #rowOfHash: (bucket: number) => number
  /** Where the last line stopped: before its end at a word that is the mark of a line's end. */
  stoppedAt = 0

  constructor(args: Arguments, entries: Entries, pruned?: Pruned) {
    this.#args = args
    this.entries = entries
    this.pruned = pruned
    const size = entries.words + entries.labels
    this.#rowsOf = new Array(args.maxn > 0 ? entries.words : 0)
    this.#hashes = new Uint32Array(size)
    this.#table = new Int32Array(2 ** Math.ceil(Math.log2(2 * size + 2))).fill(-1)
    for (let i = 0; i < size; i++) {
      this.#hashes[i] = hashBytes(entries.bytes, entries.starts[i], entries.starts[i + 1])
      let slot = this.#hashes[i] & (this.#table.length - 1)
      while (this.#table[slot] >= 0) slot = (slot + 1) & (this.#table.length - 1)
      this.#table[slot] = i
    }
    this.#end = this.#find(END, 0, END.length, hashBytes(END, 0, END.length))
    const { words } = entries
    const table = tableOf(pruned ?? new Map())
    const mask = table.length / 2 - 1
    this.#rowOfHash =
      pruned === undefined
        ? (bucket) => words + bucket
        : (bucket) => {
            let slot = bucket & mask
            while (table[2 * slot] !== bucket) {
              if (table[2 * slot] < 0) return -1
              slot = (slot + 1) & mask
            }
            return words + table[2 * slot + 1]
          }
  }

  /** @throws DataError `corrupt-file` */
  static read(file: BinaryFile, args: Arguments): Dictionary {
    const [size, words, labels] = ['entries', 'words', 'labels'].map((it) =>
      file.int32(`the number of ${it}`),
    )
    const tokens = file.int64('the number of tokens')
    const prunedSize = file.int64('the number of pruned n-grams')
    if (size < 0 || words < 0 || labels <= 0 || size !== words + labels)
      throw file.corrupt(`a dictionary of ${size} entries, ${words} words and ${labels} labels`)
    // An entry takes 10 bytes at least, a pruned n-gram 8.
    file.require(10 * size + 8 * Math.max(prunedSize, 0), `a dictionary of ${size} entries`)

    const starts = new Uint32Array(size + 1)
    const counts = new Float64Array(size)
    let bytes = Buffer.allocUnsafe(16 * size)
    for (let i = 0; i < size; i++) {
      const what = `entry ${i} of ${size}`
      const word = file.zeroTerminated(what)
      const end = starts[i] + word.length
      if (end > bytes.length) bytes = Buffer.concat([bytes], Math.max(end, 2 * bytes.length))
      word.copy(bytes, starts[i])
      starts[i + 1] = end
      counts[i] = file.int64(what)
      const type = file.bytes(1, what)[0]
      if (type !== (i < words ? 0 : 1)) throw file.corrupt(`${what} of type ${type} among ${words} words`)
    }
    const pruned = prunedSize < 0 ? undefined : new Map<number, number>()
    for (let i = 0; i < prunedSize; i++) {
      const pair = file.bytes(8, `pruned n-gram ${i} of ${prunedSize}`)
      const [bucket, row] = [pair.readInt32LE(0), pair.readInt32LE(4)]
      if (bucket < 0 || row < 0) throw file.corrupt(`pruned n-gram ${i} of bucket ${bucket} and row ${row}`)
      pruned?.set(bucket, row)
    }
    const entries = { bytes: bytes.subarray(0, starts[size]), starts, counts, words, labels, tokens }
    return new Dictionary(args, entries, pruned)
  }

  /** Rows that the input matrix must have. */
  get rows(): number {
    if (this.pruned === undefined) return this.entries.words + this.#args.bucket
    let most = -1
    for (const row of this.pruned.values()) most = Math.max(most, row)
    return this.entries.words + most + 1
  }

  /** As it stands in a model's file. Only what was never pruned is written. */
  write(): Buffer {
    const { bytes, starts, counts, words, labels, tokens } = this.entries
    const size = words + labels
    const buffer = Buffer.alloc(28 + starts[size] + 10 * size)
    let at = buffer.writeInt32LE(size, 0)
    at = buffer.writeInt32LE(words, at)
    at = buffer.writeInt32LE(labels, at)
    at = buffer.writeBigInt64LE(BigInt(tokens), at)
    at = buffer.writeBigInt64LE(-1n, at)
    for (let i = 0; i < size; i++) {
      buffer.set(bytes.subarray(starts[i], starts[i + 1]), at)
      at += starts[i + 1] - starts[i] + 1
      at = buffer.writeBigInt64LE(BigInt(counts[i]), at)
      at = buffer.writeInt8(i < words ? 0 : 1, at)
    }
    return buffer
  }

  labels(): string[] {
    const { bytes, starts, words, labels } = this.entries
    return Array.from({ length: labels }, (_, i) =>
      Buffer.from(bytes.subarray(starts[words + i], starts[words + i + 1])).toString(),
    )
  }

  #find(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const { bytes: all, starts } = this.entries
    const mask = this.#table.length - 1
    for (let slot = hash & mask; this.#table[slot] >= 0; slot = (slot + 1) & mask) {
      const entry = this.#table[slot]
      if (this.#hashes[entry] === hash && starts[entry + 1] - starts[entry] === end - start) {
        const shift = starts[entry] - start
        let i = start
        while (i < end && all[shift + i] === bytes[i]) i++
        if (i === end) return entry
      }
    }
    return -1
  }

  /**
   * Adds the rows of a line: the words up to `end`, then the mark of the line's end if there is to be one. Returns the
   * number of tokens, labels among them. A line stops early at a word that is that mark.
   */
  addLine(
    rows: Rows,
    bytes: Uint8Array,
    start: number,
    end: number,
    { marksEnd = true, onLabel }: { marksEnd?: boolean; onLabel?: (label: number) => void } = {},
  ): number {
    const { words } = this.entries
    let tokens = 0
    let hashes = 0
    let stopped = false
    const add = (entry: number, hash: number, from: number, to: number, isEnd: boolean) => {
      tokens++
      if (entry < 0 ? isLabel(bytes, from, to) : entry >= words) {
        if (entry >= 0) onLabel?.(entry - words)
        return
      }
      this.#addWord(rows, bytes, from, to, entry, isEnd)
      if (hashes === this.#wordHashes.length) {
        const larger = new Int32Array(2 * hashes)
        larger.set(this.#wordHashes)
        this.#wordHashes = larger
      }
      this.#wordHashes[hashes++] = hash
    }
    for (let at = start; at < end && !stopped; ) {
      if (isSpace(bytes[at])) {
        at++
        continue
      }
      const from = at
      let hash = HASH_START
      while (at < end && !isSpace(bytes[at])) hash = hashByte(hash, bytes[at++])
      hash >>>= 0
      const entry = this.#find(bytes, from, at, hash)
      stopped = at - from === END.length && startsWith(bytes, from, at, END)
      if (stopped) this.stoppedAt = at
      add(entry, hash, from, at, stopped)
    }
    this.stoppedAt = stopped ? this.stoppedAt : end
    if (marksEnd && !stopped) add(this.#end, hashBytes(END, 0, END.length), 0, 0, true)
    if (this.#args.wordNgrams > 1 && this.#args.bucket > 0) {
      const { wordNgrams, bucket } = this.#args
      addWordNgrams(rows, this.#wordHashes, hashes, wordNgrams, bucket, this.#rowOfHash)
    }
    return tokens
  }

  #addWord(rows: Rows, bytes: Uint8Array, from: number, to: number, entry: number, isEnd: boolean): void {
    const args = this.#args
    if (args.maxn <= 0 || isEnd || args.bucket === 0) {
      if (entry >= 0) rows.push(entry)
      return
    }
    if (entry < 0) {
      addSubwords(rows, bytes, from, to, args, this.#rowOfHash)
      return
    }
    let own = this.#rowsOf[entry]
    if (own === undefined) {
      this.#scratch.length = 0
      this.#scratch.push(entry)
      addSubwords(this.#scratch, bytes, from, to, args, this.#rowOfHash)
      own = this.#scratch.values.slice(0, this.#scratch.length)
      this.#rowsOf[entry] = own
    }
    rows.append(own)
  }
}

/** Pairs of numbers as a hash table with open addressing, faster than a map for millions of look-ups; −1 for none. */
function tableOf(pairs: Pruned): Int32Array {
  const size = 2 ** Math.ceil(Math.log2(2 * pairs.size + 2))
  const table = new Int32Array(2 * size).fill(-1)
  for (const [key, value] of pairs) {
    let slot = key & (size - 1)
    while (table[2 * slot] >= 0) slot = (slot + 1) & (size - 1)
    table[2 * slot] = key
    table[2 * slot + 1] = value
  }
  return table
}

/** Whether a word is a label, as fastText tells them apart. */
export const isLabel = (bytes: Uint8Array, from: number, to: number) =>
  startsWith(bytes, from, to, LABEL_PREFIX)

/** The white space of fastText: ASCII's, and the zero byte. */
export const isSpace = (byte: number) => byte === 32 || (byte >= 9 && byte <= 13) || byte === 0

function startsWith(bytes: Uint8Array, from: number, to: number, prefix: Uint8Array): boolean {
  if (to - from < prefix.length) return false
  for (let i = 0; i < prefix.length; i++) if (bytes[from + i] !== prefix[i]) return false
  return true
}
