import { createHash } from 'node:crypto'
import { DataError } from '../../errors.ts'
import type { ConfigOf } from '../config.ts'
import { utf8 } from '../textHash.ts'
import { xxhash, xxhash64 } from '../xxhash64.ts'

export type SimhashConfig = ConfigOf<'simhash'>

/**
 * The 64-bit SimHash of texts (Charikar 2002; Manku, Jain and Das Sarma 2007): each shingle votes with each bit of its
 * hash, and each bit of the result is the majority, 0 in a tie. A shingle that occurs twice votes twice. Texts that
 * share most shingles differ in few bits.
 *
 * With `compatible: 'data-juicer'` the result is that of its `document_simhash_deduplicator`: MD5, and the last shingle
 * left out, so that a text of at most `window` tokens has no shingle.
 */
export class Fingerprinter {
  readonly #config: SimhashConfig
  readonly #ignored: RegExp | undefined
  /**
   * How many hashes have each bit, as binary numbers that lie across the words: bit `i` of plane `p` is bit `p` of the count of
   * bit `i`. Adding a hash touches two planes on average instead of 32 counters.
   */
  readonly #lowPlanes = new Int32Array(32)
  readonly #highPlanes = new Int32Array(32)
  #hashes = 0
  /** The result of the last call, in halves. */
  low = 0
  high = 0

  /** @throws DataError `invalid-argument` if `ignorePattern` is no regular expression */
  constructor(config: SimhashConfig) {
    this.#config = config
    try {
      this.#ignored = config.ignorePattern ? new RegExp(config.ignorePattern, 'gu') : undefined
    } catch (error) {
      throw new DataError('invalid-argument', `ignorePattern: ${(error as Error).message}`)
    }
  }

  /** Computes `low` and `high`; false, and both 0, if the text has no shingle. */
  compute(original: string): boolean {
    const { lowercase, tokenization } = this.#config
    let text = lowercase ? original.toLowerCase() : original
    if (this.#ignored) text = text.replace(this.#ignored, '')
    this.#lowPlanes.fill(0)
    this.#highPlanes.fill(0)
    this.#hashes = 0
    const shingles =
      tokenization === 'character' ? this.#voteCharacters(text) : this.#voteTokens(this.#tokens(text))
    this.low = majority(this.#lowPlanes, this.#hashes)
    this.high = majority(this.#highPlanes, this.#hashes)
    return shingles > 0
  }

  #tokens(text: string): string[] {
    if (this.#config.tokenization === 'punctuation') return text.split(/\p{P}/u)
    return text.split(this.#config.compatible ? ' ' : /\s+/u).filter((token) => token !== '')
  }

  /** How many shingles `tokens` have. A text that is shorter than one is a shingle itself. */
  #shingles(tokens: number): number {
    if (this.#config.compatible) return Math.max(0, tokens - this.#config.window)
    return tokens === 0 ? 0 : Math.max(1, tokens - this.#config.window + 1)
  }

  #voteTokens(tokens: readonly string[]): number {
    const count = this.#shingles(tokens.length)
    for (let i = 0; i < count; i++) {
      const bytes = utf8(tokens.slice(i, i + this.#config.window).join(' '))
      this.#vote(bytes, 0, bytes.length)
    }
    return count
  }

  /** Characters are code points; a ring of the last ones' positions saves an array of all. */
  #voteCharacters(text: string): number {
    const { window } = this.#config
    const bytes = utf8(text)
    const starts = new Uint32Array(window + 1)
    let characters = 0
    let voted = 0
    for (let at = 0; at <= bytes.length; at++) {
      if (at < bytes.length && (bytes[at] & 0xc0) === 0x80) continue
      // The shingle ends here; the compatible mode leaves the one out that ends with the text.
      if (characters >= window && !(at === bytes.length && this.#config.compatible)) {
        this.#vote(bytes, starts[(characters - window) % (window + 1)], at)
        voted++
      }
      starts[characters % (window + 1)] = at
      characters++
    }
    if (voted > 0 || this.#config.compatible || bytes.length === 0) return voted
    this.#vote(bytes, 0, bytes.length)
    return 1
  }

  #vote(bytes: Buffer, start: number, end: number): void {
    let hashLow: number
    let hashHigh: number
    if (this.#config.hash === 'md5' || this.#config.compatible) {
      const digest = createHash('md5').update(bytes.subarray(start, end)).digest()
      hashHigh = digest.readInt32BE(0)
      hashLow = digest.readInt32BE(4)
    } else {
      xxhash64(bytes, start, end)
      hashLow = xxhash.low
      hashHigh = xxhash.high
    }
    addBits(this.#lowPlanes, hashLow)
    addBits(this.#highPlanes, hashHigh)
    this.#hashes++
  }
}

/** Adds 1 to the count of each bit that is set. */
function addBits(planes: Int32Array, bits: number): void {
  let carry = bits
  for (let p = 0; carry !== 0; p++) {
    const plane = planes[p]
    planes[p] = plane ^ carry
    carry &= plane
  }
}

/** The bits that more than half of the hashes have. */
function majority(planes: Int32Array, hashes: number): number {
  let bits = 0
  for (let i = 0; i < 32; i++) {
    let count = 0
    for (let p = 31; p >= 0; p--) count = 2 * count + ((planes[p] >>> i) & 1)
    if (2 * count > hashes) bits |= 1 << i
  }
  return bits >>> 0
}
