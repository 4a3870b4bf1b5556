import type { Header } from './header.ts'
import { murmurHash64 } from './murmur.ts'
import type { Ngrams } from './ngrams.ts'

const requiredBits = (most: number): number => (most === 0 ? 0 : Math.floor(Math.log2(most)) + 1)

/** A number of up to 53 bits that begins at any bit, low bits first. */
function readBits(bytes: Buffer, bit: number, count: number): number {
  let at = Math.floor(bit / 8)
  const shift = bit % 8
  let value = bytes[at++] >> shift
  for (let have = 8 - shift; have < count; have += 8) value += bytes[at++] * 2 ** have
  return value % 2 ** count
}

const scratch = new DataView(new ArrayBuffer(4))
function toFloat(bits: number): number {
  scratch.setUint32(0, bits)
  return scratch.getFloat32(0)
}

/** Values of probabilities and backoffs by their codes. */
type Bins = { probabilities: Float32Array; backoffs: Float32Array }

/** The n-grams of one order, sorted below their parents. */
interface Level {
  /** Where the packed entries begin, in bits. */
  start: number
  wordBits: number
  entryBits: number
  bins: Bins | undefined
  /** Where an entry's children begin; absent at the longest. */
  children?: (entry: number) => number
}

/**
 * KenLM's tries: sorted n-grams in packed bits, with values as they are or quantised, and with pointers as they are or
 * with their high bits in an array (Raj and Whittaker 2003).
 *
 * Source: Heafield 2011, KenLM (https://aclanthology.org/W11-2123), and the layout of KenLM's files.
 */
export class TrieNgrams implements Ngrams {
  readonly order: number
  probability = 0
  backoff = 0
  /** Where the trie ends in the file. */
  readonly end: number
  readonly #bytes: Buffer
  /** Words of the vocabulary, `<unk>` among them. */
  readonly words: number
  readonly #vocabulary: number
  readonly #unigrams: number
  readonly #levels: Level[] = []
  #length = 0
  #begin = 0
  #stop = 0

  constructor(bytes: Buffer, header: Header) {
    const { order, counts, isQuantised, hasArrays, start } = header
    this.#bytes = bytes
    this.order = order
    this.words = Number(bytes.readBigUInt64LE(start)) + 1
    if (this.words > counts[0] + 1)
      throw new RangeError(`${this.words} words in a vocabulary of ${counts[0]}`)
    this.#vocabulary = start + 8
    let at = this.#vocabulary + 8 * counts[0]

    const bins: Bins[] = []
    const [probabilityBits, backoffBits] = isQuantised ? [bytes[at + 1], bytes[at + 2]] : [31, 32]
    if (isQuantised) {
      if (bytes[at] !== 2) throw new RangeError(`quantisation of version ${bytes[at]}, not 2`)
      if (probabilityBits > 25 || backoffBits > 25 || probabilityBits === 0 || backoffBits === 0)
        throw new RangeError(`codes of ${probabilityBits} and ${backoffBits} bits`)
      at += 8
      const floats = (bits: number) => {
        const values = Float32Array.from({ length: 2 ** bits }, (_, i) => bytes.readFloatLE(at + 4 * i))
        at += 4 * values.length
        return values
      }
      for (let i = 2; i <= order; i++) {
        const probabilities = floats(probabilityBits)
        bins.push({ probabilities, backoffs: i < order ? floats(backoffBits) : new Float32Array() })
      }
    }
    this.#unigrams = at
    at += 16 * (counts[0] + 2)

    const arrayBits = hasArrays && order > 2 ? bytes[at + 1] : 0
    const wordBits = requiredBits(counts[0])
    for (let i = 1; i < order; i++) {
      const isLongest = i === order - 1
      const entries = counts[i]
      const most = isLongest ? 0 : counts[i + 1]
      const chopped = isLongest ? 0 : choppedBits(entries + 1, most, arrayBits)
      const pointerBits = isLongest ? 0 : requiredBits(most) - chopped
      let array: { start: number; length: number } | undefined
      if (hasArrays && !isLongest) {
        const length = Math.floor(most / 2 ** pointerBits) + 1
        array = { start: 8 * Math.ceil(at / 8) + 8, length }
        at += 8 * (1 + length) + 7
      }
      const valueBits = isLongest ? probabilityBits : probabilityBits + backoffBits
      const entryBits = wordBits + valueBits + pointerBits
      const level: Level = { start: 8 * at, wordBits, entryBits, bins: bins[i - 1] }
      if (!isLongest)
        level.children = (entry) => {
          const bit = level.start + entry * entryBits + wordBits + valueBits
          const low = readBits(bytes, bit, pointerBits)
          return array === undefined ? low : this.#highBits(array, entry) * 2 ** pointerBits + low
        }
      this.#levels.push(level)
      at += Math.ceil(((1 + entries) * entryBits) / 8) + 8
      if (at > bytes.length) throw new RangeError(`a trie that ends at byte ${at} or later`)
    }
    this.end = at
  }

  /** How many of the array's numbers, the first left out, are at most `entry`. */
  #highBits({ start, length }: { start: number; length: number }, entry: number): number {
    let [low, high] = [0, length]
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if (Number(this.#bytes.readBigUInt64LE(start + 8 * middle)) <= entry) low = middle
      else high = middle
    }
    return low
  }

  wordNumber(word: string): number {
    const hash = murmurHash64(Buffer.from(word))
    let [low, high] = [0, this.words - 1]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#bytes.readBigUInt64LE(this.#vocabulary + 8 * middle) < hash) low = middle + 1
      else high = middle
    }
    const isFound = low < this.words - 1 && this.#bytes.readBigUInt64LE(this.#vocabulary + 8 * low) === hash
    return isFound ? low + 1 : 0
  }

  start(word: number): void {
    const at = this.#unigrams + 16 * word
    this.probability = this.#bytes.readFloatLE(at)
    this.backoff = this.#bytes.readFloatLE(at + 4)
    this.#begin = Number(this.#bytes.readBigUInt64LE(at + 8))
    this.#stop = Number(this.#bytes.readBigUInt64LE(at + 24))
    this.#length = 1
  }

  extend(word: number): boolean {
    const level = this.#levels[this.#length - 1]
    const { start, wordBits, entryBits, bins, children } = level
    let [low, high] = [this.#begin, this.#stop]
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if (readBits(this.#bytes, start + middle * entryBits, wordBits) < word) low = middle + 1
      else high = middle
    }
    if (low >= this.#stop || readBits(this.#bytes, start + low * entryBits, wordBits) !== word) return false
    const values = start + low * entryBits + wordBits
    this.#length++
    if (bins === undefined) {
      this.probability = -toFloat(readBits(this.#bytes, values, 31))
      this.backoff = children ? toFloat(readBits(this.#bytes, values + 31, 32)) : 0
    } else {
      const backoffBits = children ? Math.log2(bins.backoffs.length) : 0
      const code = readBits(this.#bytes, values + backoffBits, Math.log2(bins.probabilities.length))
      this.probability = bins.probabilities[code]
      this.backoff = children ? bins.backoffs[readBits(this.#bytes, values, backoffBits)] : 0
    }
    if (children) {
      this.#begin = children(low)
      this.#stop = children(low + 1)
    }
    return true
  }
}

/** How many high bits of pointers stand in an array: as many as make the file smallest. */
function choppedBits(entries: number, most: number, configured: number): number {
  const required = requiredBits(most)
  let [best, least] = [0, Number.POSITIVE_INFINITY]
  for (let chop = 0; chop <= Math.min(required, configured); chop++) {
    const change = Math.floor(most / 2 ** (required - chop)) * 64 - entries * chop
    if (change < least) {
      least = change
      best = chop
    }
  }
  return best
}
