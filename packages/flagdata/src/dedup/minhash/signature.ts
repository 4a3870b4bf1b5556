import { Kernel } from '@flag/core-tensor'
import { simpleWords } from '../../text/simpleWords.ts'
import type { MinhashConfig } from '../config.ts'
import wasm from './minhash.wasm.ts'
import { drawPairedPermutations, drawPermutations } from './permutations.ts'

/** What `minhash.as.ts` exports; numbers are addresses in its memory unless said otherwise. */
interface Functions {
  hashShingles(
    text: number,
    end: number,
    size: number,
    hash: number,
    starts: number,
    hashes: number,
    scratch: number,
  ): number
  permute(hashes: number, count: number, a: number, b: number, minima: number, permutations: number): void
  permute32(hashes: number, count: number, a: number, b: number, minima: number, permutations: number): void
}

const HASHES = { xxhash: 0, sha1: 1, 'sha1-32': 2 } as const
const MERSENNE_61 = (1n << 61n) - 1n
const MOST_32 = 0xffffffffn

/** A character between words, as Python's `\W` has it. */
const NO_WORD = /[^\p{L}\p{N}_]/u

type FlagDataConfig = Extract<MinhashConfig, { compatible: 'flagdata' }>

/** Texts are worked on in parts of about this many UTF-16 units, which bounds memory. */
const PART = 1 << 18
const SPACE = 0x20

/**
 * MinHash signatures of texts (Broder 1997): per permutation the least value over all shingles. Shingles are `ngrams`
 * consecutive words of the simplified text, joined by a space and hashed to 64 bits. Bit-equal to datatrove 0.10 with
 * English words; with `compatible: 'flagdata'` to datasketch's, of the words and 32-bit hashes that FlagData takes.
 */
export class Signer {
  readonly #config: MinhashConfig
  readonly #kernel = new Kernel<Functions>(wasm)
  readonly #count: number
  /** Permutations in the kernel's memory: their number is even, the last may be there twice. */
  readonly #padded: number
  readonly #a: number
  readonly #b: number
  readonly #minima: number
  readonly #scratch: number
  readonly #text: number

  constructor(config: MinhashConfig) {
    this.#config = config
    this.#count = config.buckets * config.hashesPerBucket
    this.#padded = this.#count + (this.#count % 2)
    this.#a = this.#kernel.base
    this.#b = this.#a + 8 * this.#padded
    this.#minima = this.#b + 8 * this.#padded
    this.#scratch = this.#minima + 8 * this.#padded
    this.#text = this.#scratch + 320
    const draw = config.compatible === 'flagdata' ? drawPairedPermutations : drawPermutations
    const { a, b } = draw(this.#count, config.seed)
    const memory = new BigUint64Array(this.#kernel.reserve(this.#text), 0, this.#scratch / 8)
    memory.set(a, this.#a / 8)
    memory.set(b, this.#b / 8)
  }

  /** The signature, pairs of low and high half, little-endian as in the files. */
  get signature(): Uint32Array {
    return new Uint32Array(this.#kernel.reserve(0), this.#minima, 2 * this.#count)
  }

  /** Fills `signature`; false if the text has too few words for a single shingle. */
  sign(text: string): boolean {
    if (this.#config.compatible === 'flagdata') return this.#signAsFlagData(text, this.#config)
    const { ngrams, hash } = this.#config
    new BigUint64Array(this.#kernel.reserve(0), this.#minima, this.#padded).fill(MERSENNE_61)
    let any = false
    /** Bytes of the last words of the part before, with which shingles begin. */
    let kept = 0
    for (let from = 0; from < text.length; ) {
      const to = endOfPart(text, from)
      const words = simpleWords().of(from === 0 && to === text.length ? text : text.slice(from, to))
      from = to
      const end = this.#text + kept + words.length
      const starts = (end + 7) & ~7
      // A word has at least two bytes with its space.
      const most = (kept + words.length) >> 1
      const hashes = (starts + 4 * (most + 1) + 7) & ~7
      const memory = this.#kernel.reserve(hashes + 8 * most)
      new Uint8Array(memory).set(words, this.#text + kept)
      const { functions } = this.#kernel
      const count = functions.hashShingles(
        this.#text,
        end,
        ngrams,
        HASHES[hash],
        starts,
        hashes,
        this.#scratch,
      )
      if (count >= ngrams) {
        any = true
        functions.permute(hashes, count - ngrams + 1, this.#a, this.#b, this.#minima, this.#padded)
      }
      if (from === text.length) break
      const first = new Uint32Array(memory, starts, count + 1)[Math.max(0, count - ngrams + 1)]
      kept = end - first
      new Uint8Array(memory).copyWithin(this.#text, first, end)
    }
    return any
  }

  /** Fewer words than a shingle has make one; a short text has the largest hashes, or none. */
  #signAsFlagData(text: string, { ngrams, hash, minLength, shortDocuments }: FlagDataConfig): boolean {
    new BigUint64Array(this.#kernel.reserve(0), this.#minima, this.#padded).fill(MOST_32)
    const words = text.toLowerCase().split(NO_WORD)
    if (words.length < minLength) return shortDocuments === 'collapse'
    const size = Math.min(ngrams, words.length)
    const bytes = Buffer.from(`${words.join(' ')} `)
    const end = this.#text + bytes.length
    const starts = (end + 7) & ~7
    const hashes = (starts + 4 * (words.length + 1) + 7) & ~7
    const memory = this.#kernel.reserve(hashes + 8 * words.length)
    new Uint8Array(memory).set(bytes, this.#text)
    const { functions } = this.#kernel
    const count = functions.hashShingles(this.#text, end, size, HASHES[hash], starts, hashes, this.#scratch)
    functions.permute32(hashes, count - size + 1, this.#a, this.#b, this.#minima, this.#padded)
    return true
  }
}

/** A place after white space, where nothing of a text that is simplified depends on what comes before. */
function endOfPart(text: string, from: number): number {
  if (text.length - from <= PART) return text.length
  let to = from + PART
  while (to > from && !endsPart(text, to)) to--
  if (to > from) return to
  to = from + PART
  while (to < text.length && !endsPart(text, to)) to++
  return to
}

const endsPart = (text: string, at: number) => {
  const unit = text.charCodeAt(at - 1)
  return unit === SPACE || unit === 0x0a
}
