import { join } from 'node:path'
import { simplify } from '../../text/simplify.ts'
import { englishTokenizer } from '../../text/text.ts'
import { splitLines, strip } from '../../text/whitespace.ts'
import { writeAtomic } from '../../writers/atomic.ts'
import type { ConfigOf } from '../config.ts'
import { compareHashes } from '../exact.ts'
import { sortRecords } from '../records.ts'
import { hash, hashText } from '../textHash.ts'

export type SentencesConfig = ConfigOf<'sentences'>

/** Bytes of a record: hash (64 bits), document (32), sentence (16 as datatrove has it, else 32). */
export const recordBytes = ({ compatible }: SentencesConfig): number => (compatible ? 14 : 16)

/** The most sentences whose numbers fit; later ones of a document are compared with nothing and stay. */
const mostSentences = ({ compatible }: SentencesConfig) => (compatible ? 0x10000 : 0xffffffff)

const readSentence = (block: Buffer, at: number, width: number) =>
  width === 14 ? block.readUInt16LE(at + 12) : block.readUInt32LE(at + 12)

/** Orders records by hash, document and sentence. */
const compareRecords = (width: number) => (a: Buffer, i: number, b: Buffer, k: number) =>
  compareHashes(a, i, b, k) ||
  a.readUInt32LE(i + 8) - b.readUInt32LE(k + 8) ||
  readSentence(a, i, width) - readSentence(b, k, width)

/** The folder of one range of hashes. */
export const rangeFolder = (range: number): string => String(range).padStart(4, '0')

/** The sentences of a text, or its lines, without white space around them. */
function unitsOf(text: string, { split }: SentencesConfig): string[] {
  if (split === 'lines') return splitLines(text)
  const spans = englishTokenizer().sentenceSpans(text)
  const sentences: string[] = []
  for (let i = 0; i < spans.length; i += 2) {
    const sentence = strip(text.slice(spans[i], spans[i + 1]))
    // Only what follows the last sentence can be white space alone, so no number shifts.
    if (sentence !== '') sentences.push(sentence)
  }
  return sentences
}

/**
 * Collects the hashes of every span of `sentences` consecutive sentences of one piece, simplified and joined by a
 * space. Written sorted, one file for each range of hashes, as datatrove does: `0000/{piece}.c4_sig`.
 */
export class SentenceSignatureWriter {
  readonly #config: SentencesConfig
  readonly #width: number
  #records: Buffer
  #count = 0

  constructor(config: SentencesConfig) {
    this.#config = config
    this.#width = recordBytes(config)
    this.#records = Buffer.alloc(this.#width * 1024)
  }

  add(text: string, document: number): void {
    const { sentences: size, hash: name } = this.#config
    const units = unitsOf(text, this.#config)
    if (units.length < size) return
    const simple = units.map(simplify)
    const spans = Math.min(simple.length - size + 1, mostSentences(this.#config))
    for (let i = 0; i < spans; i++) {
      const span = simple.slice(i, i + size).join(' ')
      if (strip(span) === '') continue
      hashText(span, name)
      this.#push(document, i)
    }
  }

  #push(document: number, sentence: number): void {
    const at = this.#count++ * this.#width
    if (at === this.#records.length) this.#records = Buffer.concat([this.#records, Buffer.alloc(at)])
    this.#records.writeUInt32LE(hash.low, at)
    this.#records.writeUInt32LE(hash.high, at + 4)
    this.#records.writeUInt32LE(document, at + 8)
    if (this.#width === 14) this.#records.writeUInt16LE(sentence, at + 12)
    else this.#records.writeUInt32LE(sentence, at + 12)
  }

  async commit(folder: string, piece: string): Promise<void> {
    const width = this.#width
    const sorted = sortRecords(this.#records, this.#count, width, compareRecords(width))
    const { ranges } = this.#config
    const size = 0xffffffffffffffffn / BigInt(ranges)
    let start = 0
    for (let range = 0; range < ranges; range++) {
      // The bound belongs to the range, as in datatrove; the last range holds the rest.
      const bound = range === ranges - 1 ? 0xffffffffffffffffn : BigInt(range + 1) * size
      let end = start
      while (end < sorted.length && sorted.readBigUInt64LE(end) <= bound) end += width
      await writeAtomic(join(folder, rangeFolder(range), `${piece}.c4_sig`), sorted.subarray(start, end))
      start = end
    }
  }
}
