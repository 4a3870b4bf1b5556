import type { Header } from './header.ts'
import { murmurHash64 } from './murmur.ts'
import type { Ngrams } from './ngrams.ts'

const MASK = (1n << 64n) - 1n

/** A hash table with linear probing in the file: 64-bit keys, 0 for none, each followed by values. */
class Table {
  readonly #bytes: Buffer
  readonly #start: number
  readonly #buckets: number
  readonly #entry: number

  constructor(bytes: Buffer, start: number, buckets: number, entry: number) {
    this.#bytes = bytes
    this.#start = start
    this.#buckets = buckets
    this.#entry = entry
  }

  /** Where the values of a key stand, or -1. */
  find(key: bigint): number {
    let bucket = Number(key % BigInt(this.#buckets))
    for (let i = 0; i < this.#buckets; i++) {
      const at = this.#start + bucket * this.#entry
      const found = this.#bytes.readBigUInt64LE(at)
      if (found === key) return at + 8
      if (found === 0n) return -1
      bucket = bucket + 1 === this.#buckets ? 0 : bucket + 1
    }
    return -1
  }
}

/** KenLM's probing hash tables, with or without rest costs, of which nothing is used here. */
export class ProbingNgrams implements Ngrams {
  readonly order: number
  probability = 0
  backoff = 0
  /** Words of the vocabulary, `<unk>` among them. */
  readonly words: number
  readonly #bytes: Buffer
  readonly #vocabulary: Table
  readonly #unigrams: number
  readonly #weights: number
  /** Of order 2 and more, the longest last. */
  readonly #tables: Table[]
  #length = 0
  #node = 0n

  constructor(bytes: Buffer, { order, counts, multiplier, hasRestCosts, start }: Header) {
    this.#bytes = bytes
    this.order = order
    this.#weights = hasRestCosts ? 12 : 8
    const buckets = (entries: number) =>
      Math.max(entries + 1, Math.trunc(Math.fround(multiplier * Math.fround(entries))))
    this.words = bytes.readUInt32LE(start + 4)
    let at = start + 8
    const table = (entries: number, entry: number) => {
      const made = new Table(bytes, at, buckets(entries), entry)
      at += buckets(entries) * entry
      return made
    }
    this.#vocabulary = table(counts[0], 12)
    this.#unigrams = at
    at += (counts[0] + 1) * this.#weights
    this.#tables = counts.slice(1).map((count, i) => table(count, i === order - 2 ? 12 : 8 + this.#weights))
    this.end = at
  }

  /** Where the tables end in the file. */
  readonly end: number

  wordNumber(word: string): number {
    const at = this.#vocabulary.find(murmurHash64(Buffer.from(word)))
    return at < 0 ? 0 : this.#bytes.readUInt32LE(at)
  }

  start(word: number): void {
    this.#length = 1
    this.#node = BigInt(word)
    this.#read(this.#unigrams + word * this.#weights)
  }

  extend(word: number): boolean {
    const node =
      ((this.#node * 8978948897894561157n) & MASK) ^ ((BigInt(1 + word) * 17894857484156487943n) & MASK)
    const at = this.#tables[this.#length - 1].find(node)
    if (at < 0) return false
    this.#node = node
    this.#length++
    this.#read(at)
    return true
  }

  #read(at: number): void {
    // The sign of the probability says whether longer n-grams begin here.
    this.probability = -Math.abs(this.#bytes.readFloatLE(at))
    this.backoff = this.#length === this.order ? 0 : this.#bytes.readFloatLE(at + 4)
  }
}
