import { createHash } from 'node:crypto'
import { simplify } from '../../text/simplify.ts'
import { englishTokenizer } from '../../text/text.ts'
import type { MinhashConfig } from '../config.ts'
import { MersenneTwister } from '../mersenneTwister.ts'
import { xxhash, xxhash64 } from '../xxhash64.ts'

const MERSENNE_61 = (1n << 61n) - 1n

/** Random permutations x → (a·x + b mod 2^64) mod (2^61 − 1), their numbers in halves of 32 bits. */
interface Permutations {
  aHigh: Int32Array
  aLow: Int32Array
  bHigh: Int32Array
  bLow: Int32Array
}

/** The permutations of a seed: first all a, then all b, as datatrove draws them from `RandomState(seed)`. */
function drawPermutations(count: number, seed: number): Permutations {
  const generator = new MersenneTwister(seed)
  const halves = (low: bigint) => {
    const [highs, lows] = [new Int32Array(count), new Int32Array(count)]
    for (let i = 0; i < count; i++) {
      const value = generator.nextUint64(low, MERSENNE_61)
      highs[i] = Number(BigInt.asIntN(32, value >> 32n))
      lows[i] = Number(BigInt.asIntN(32, value))
    }
    return [highs, lows]
  }
  const [aHigh, aLow] = halves(1n)
  const [bHigh, bLow] = halves(0n)
  return { aHigh, aLow, bHigh, bLow }
}

/**
 * MinHash signatures of texts (Broder 1997): per permutation the least value over all shingles. Shingles are `ngrams`
 * consecutive words of the simplified text, joined by a space and hashed to 64 bits. Bit-equal to datatrove 0.10 with
 * English words.
 */
export class Signer {
  readonly #config: MinhashConfig
  readonly #permutations: Permutations
  /** The signature, pairs of low and high half, little-endian as in the files. */
  readonly signature: Uint32Array
  #highs = new Int32Array(1024)
  #lows = new Int32Array(1024)
  #bytes = Buffer.allocUnsafe(1 << 16)
  #starts = new Uint32Array(1024)

  constructor(config: MinhashConfig) {
    const count = config.buckets * config.hashesPerBucket
    this.#config = config
    this.#permutations = drawPermutations(count, config.seed)
    this.signature = new Uint32Array(2 * count)
  }

  /** Fills `signature`; false if the text has too few words for a single shingle. */
  sign(text: string): boolean {
    const shingles = this.#hashShingles(text)
    if (shingles === 0) return false
    this.#permute(shingles)
    return true
  }

  /** Hashes all shingles into `#highs` and `#lows` and returns their number. */
  #hashShingles(text: string): number {
    const { ids, vocabulary } = englishTokenizer().words(simplify(text))
    const count = ids.length - this.#config.ngrams + 1
    if (count <= 0) return 0
    this.#reserve(ids.length)
    // All words once, each followed by a space: a shingle is a part of these bytes.
    let at = 0
    for (let i = 0; i < ids.length; i++) {
      const word = vocabulary.texts[ids[i]]
      if (at + 3 * word.length + 1 > this.#bytes.length) {
        const larger = Buffer.allocUnsafe(2 * this.#bytes.length + 3 * word.length)
        this.#bytes.copy(larger, 0, 0, at)
        this.#bytes = larger
      }
      this.#starts[i] = at
      at = writeWord(this.#bytes, word, at)
      this.#bytes[at++] = 0x20
    }
    this.#starts[ids.length] = at
    const { ngrams, hash } = this.#config
    for (let i = 0; i < count; i++) {
      const start = this.#starts[i]
      const end = this.#starts[i + ngrams] - 1
      if (hash === 'xxhash') {
        xxhash64(this.#bytes, start, end)
        this.#highs[i] = xxhash.high
        this.#lows[i] = xxhash.low
      } else {
        const digest = createHash('sha1').update(this.#bytes.subarray(start, end)).digest()
        this.#lows[i] = digest.readInt32LE(0)
        this.#highs[i] = digest.readInt32LE(4)
      }
    }
    return count
  }

  #reserve(words: number): void {
    if (this.#starts.length > words) return
    this.#starts = new Uint32Array(2 * words + 1)
    this.#highs = new Int32Array(2 * words)
    this.#lows = new Int32Array(2 * words)
  }

  #permute(shingles: number): void {
    const { aHigh, aLow, bHigh, bLow } = this.#permutations
    const highs = this.#highs
    const lows = this.#lows
    for (let p = 0; p < aLow.length; p++) {
      const [ah, al, bh, bl] = [aHigh[p], aLow[p], bHigh[p], bLow[p]]
      const a0 = al & 0xffff
      const a1 = al >>> 16
      let leastHigh = 0x7fffffff
      let leastLow = 0
      for (let s = 0; s < shingles; s++) {
        const hl = lows[s]
        const h0 = hl & 0xffff
        const h1 = hl >>> 16
        // High half of the product of the low halves, by pieces of 16 bits (Hacker's Delight, 8-2).
        const w = (Math.imul(h1, a0) + (Math.imul(h0, a0) >>> 16)) >>> 0
        const t = ((w & 0xffff) + Math.imul(h0, a1)) >>> 0
        let high =
          (Math.imul(h1, a1) + (w >>> 16) + (t >>> 16) + Math.imul(hl, ah) + Math.imul(highs[s], al)) | 0
        let low = (Math.imul(hl, al) + bl) | 0
        high = (high + bh + (low >>> 0 < bl >>> 0 ? 1 : 0)) | 0
        // Modulo 2^61 − 1: the top three bits count once more at the bottom.
        const top = high >>> 29
        high &= 0x1fffffff
        low = (low + top) | 0
        if (low >>> 0 < top) high++
        if (high >= 0x1fffffff && (high > 0x1fffffff || low === -1)) {
          low = (low + 1) | 0
          high = 0
        }
        if (high < leastHigh || (high === leastHigh && low >>> 0 < leastLow)) {
          leastHigh = high
          leastLow = low >>> 0
        }
      }
      this.signature[2 * p] = leastLow
      this.signature[2 * p + 1] = leastHigh
    }
  }
}

/** Writes a word as UTF-8 and returns where it ends. Short ASCII words, nearly all, do not leave JavaScript. */
function writeWord(bytes: Buffer, word: string, at: number): number {
  if (word.length > 24) return at + bytes.write(word, at)
  for (let i = 0; i < word.length; i++) {
    const unit = word.charCodeAt(i)
    if (unit > 0x7f) return at + bytes.write(word, at)
    bytes[at + i] = unit
  }
  return at + word.length
}
