/**
 * How fastText turns words into rows of its input matrix: a word's own row, rows of its character n-grams and rows of
 * word n-grams, the last two by hashing into `bucket` rows.
 *
 * Source: Joulin et al. 2016, Bag of Tricks for Efficient Text Classification (https://arxiv.org/abs/1607.01759);
 * Bojanowski et al. 2017 (https://arxiv.org/abs/1607.04606); the hashes are those of fastText's program.
 */

/** FNV-1a with fastText's sign: bytes from 128 are taken as negative numbers. */
export const HASH_START = 2166136261 | 0
export const hashByte = (hash: number, byte: number): number =>
  Math.imul(hash ^ ((byte << 24) >> 24), 16777619)

export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = HASH_START
  for (let i = start; i < end; i++) hash = hashByte(hash, bytes[i])
  return hash >>> 0
}

/** Numbers that grow in place: the rows of a line. */
export class Rows {
  values = new Int32Array(1024)
  length = 0

  push(row: number): void {
    if (this.length === this.values.length) this.#grow(this.length + 1)
    this.values[this.length++] = row
  }

  append(rows: Int32Array): void {
    if (this.length + rows.length > this.values.length) this.#grow(this.length + rows.length)
    this.values.set(rows, this.length)
    this.length += rows.length
  }

  #grow(least: number): void {
    const larger = new Int32Array(Math.max(least, 2 * this.values.length))
    larger.set(this.values)
    this.values = larger
  }
}

/** Which row a hash leads to; -1 for none. */
export type RowOfHash = (bucket: number) => number

export interface NgramSizes {
  readonly minn: number
  readonly maxn: number
  readonly bucket: number
}

const isContinuation = (byte: number) => (byte & 0xc0) === 0x80
const [OPEN, CLOSE] = [0x3c, 0x3e]
/** Holds a word between its two marks. */
let marked = new Uint8Array(256)

/** Adds the rows of the character n-grams of `<word>`. */
export function addSubwords(
  rows: Rows,
  bytes: Uint8Array,
  start: number,
  end: number,
  { minn, maxn, bucket }: NgramSizes,
  rowOf: RowOfHash,
): void {
  const size = end - start + 2
  if (marked.length < size) marked = new Uint8Array(2 * size)
  const word = marked
  word[0] = OPEN
  for (let i = start; i < end; i++) word[i - start + 1] = bytes[i]
  word[size - 1] = CLOSE
  for (let i = 0; i < size; i++) {
    if (isContinuation(word[i])) continue
    let hash = HASH_START
    for (let j = i, n = 1; j < size && n <= maxn; n++) {
      hash = hashByte(hash, word[j++])
      while (j < size && isContinuation(word[j])) hash = hashByte(hash, word[j++])
      if (n >= minn && !(n === 1 && (i === 0 || j === size))) {
        const row = rowOf((hash >>> 0) % bucket)
        if (row >= 0) rows.push(row)
      }
    }
  }
}

const FACTOR = 116049371
const [FACTOR_HIGH, FACTOR_LOW] = [FACTOR >>> 16, FACTOR & 0xffff]

/**
 * Adds the rows of the n-grams of 2 to `n` words, from the words' hashes: a 64-bit polynomial of the hashes, which are
 * taken as signed, modulo `bucket`.
 */
export function addWordNgrams(
  rows: Rows,
  hashes: Int32Array,
  count: number,
  n: number,
  bucket: number,
  rowOf: RowOfHash,
): void {
  for (let i = 0; i < count; i++) {
    let low = hashes[i] >>> 0
    let high = hashes[i] >> 31
    for (let j = i + 1; j < count && j < i + n; j++) {
      // (high, low) * FACTOR + hashes[j], modulo 2^64, in pieces whose products are exact.
      const a = (low & 0xffff) * FACTOR_LOW
      const b = (low >>> 16) * FACTOR_LOW + (low & 0xffff) * FACTOR_HIGH + Math.floor(a / 65536)
      const productLow = ((b % 65536) * 65536 + (a % 65536)) % 4294967296
      const carry = (low >>> 16) * FACTOR_HIGH + Math.floor(b / 65536)
      const sum = productLow + (hashes[j] >>> 0)
      high = (Math.imul(high, FACTOR) + carry + (hashes[j] >> 31) + (sum >= 4294967296 ? 1 : 0)) | 0
      low = sum >>> 0
      const row = rowOf(modulo(high >>> 0, low, bucket))
      if (row >= 0) rows.push(row)
    }
  }
}

/** An unsigned 64-bit number in two halves, modulo a number below 2^31. */
function modulo(high: number, low: number, by: number): number {
  const a = rest(high, by)
  const b = rest(a * 65536 + (low >>> 16), by)
  return rest(b * 65536 + (low & 0xffff), by)
}

/** `%` for whole numbers below 2^53; JavaScript's own is slow above 2^31. */
function rest(value: number, by: number): number {
  const left = value - Math.floor(value / by) * by
  return left < 0 ? left + by : left >= by ? left - by : left
}
