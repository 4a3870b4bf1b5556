import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { DataError } from '../../errors.ts'
import { strip } from '../../text/whitespace.ts'
import { openAtomic } from '../../writers/atomic.ts'
import type { ConfigOf } from '../config.ts'
import { type Shingles, shinglesOf } from '../shingles.ts'
import { hash, hashBytes, hashText } from '../textHash.ts'
import { xxhash32 } from '../xxhash32.ts'

export type BloomConfig = ConfigOf<'bloom'>

/** What is looked up in a filter of this configuration, in words that its file keeps. */
export const contentsOf = ({ level, ngrams, hash }: BloomConfig): string =>
  level === 'ngram' ? `ngram ${ngrams} ${hash}` : `${level} ${hash}`

/** Where the paragraphs of a text lie: its lines, those of white space alone left out. */
export function paragraphsOf(text: string): { start: number; end: number }[] {
  const paragraphs: { start: number; end: number }[] = []
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf('\n', start)
    const end = found < 0 ? text.length : found + 1
    if (strip(text.slice(start, end)) !== '') paragraphs.push({ start, end })
    start = end
  }
  return paragraphs
}

/** Calls `visit` with the hash of each part of a text that is looked up, in halves of 32 bits. */
function hashParts(text: string, config: BloomConfig, visit: (low: number, high: number) => void): void {
  const { level, ngrams, hash: name, compatible } = config
  if (level === 'ngram') {
    const shingles = shinglesOf(text, ngrams)
    for (let i = 0; i < shingles.count; i++) {
      if (compatible) visit(hash32(shingles, i, name), 0)
      else {
        hashBytes(shingles.bytes, shingles.start(i), shingles.end(i), name)
        visit(hash.low, hash.high)
      }
    }
    return
  }
  const parts =
    level === 'document' ? [text] : paragraphsOf(text).map(({ start, end }) => strip(text.slice(start, end)))
  for (const part of parts) {
    hashText(part, name)
    visit(hash.low, hash.high)
  }
}

function hash32({ bytes, start, end }: Shingles, i: number, name: BloomConfig['hash']): number {
  if (name === 'xxhash') return xxhash32(bytes, start(i), end(i))
  return createHash('sha1')
    .update(bytes.subarray(start(i), end(i)))
    .digest()
    .readUInt32LE(0)
}

/** Words that are written at a time. */
const BLOCK = 1 << 16

/**
 * Writes the hashes of the documents of a piece as they come: `hashes/{piece}.parts`, for each document its number, how
 * many parts it has, and their hashes (32-bit words). Memory: one block and one document.
 */
export class PartWriter {
  readonly #path: string
  #output: Awaited<ReturnType<typeof openAtomic>> | undefined
  #words = new Uint32Array(BLOCK)
  #length = 0

  constructor(folder: string, piece: string) {
    this.#path = join(folder, 'hashes', `${piece}.parts`)
  }

  add(text: string, document: number, config: BloomConfig): Promise<void> | undefined {
    const head = this.#length
    this.#push(document)
    this.#push(0)
    hashParts(text, config, (low, high) => {
      this.#push(low)
      this.#push(high)
    })
    this.#words[head + 1] = (this.#length - head - 2) / 2
    return this.#length >= BLOCK ? this.#flush() : undefined
  }

  #push(word: number): void {
    if (this.#length === this.#words.length) {
      const larger = new Uint32Array(2 * this.#words.length)
      larger.set(this.#words)
      this.#words = larger
    }
    this.#words[this.#length++] = word
  }

  async #flush(): Promise<void> {
    this.#output ??= await openAtomic(this.#path)
    await this.#output.file.writeFile(new Uint8Array(this.#words.buffer, 0, 4 * this.#length))
    this.#length = 0
  }

  async commit(): Promise<void> {
    await this.#flush()
    await this.#output?.commit()
  }
}

/** A document with the hashes of its parts, in pairs of low and high half; valid until the next one. */
export interface DocumentParts {
  document: number
  hashes: Uint32Array
}

/** @throws DataError `corrupt-file` if the file ends inside a document */
export function* readParts(path: string): Generator<DocumentParts> {
  const file = openSync(path, 'r')
  const head = new Uint32Array(2)
  let hashes = new Uint32Array(1024)
  const fill = (words: Uint32Array): number => {
    const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
    let at = 0
    while (at < bytes.length) {
      const read = readSync(file, bytes, at, bytes.length - at, null)
      if (read === 0) break
      at += read
    }
    return at
  }
  try {
    for (let read = fill(head); read > 0; read = fill(head)) {
      const length = 2 * head[1]
      if (hashes.length < length) hashes = new Uint32Array(2 * length)
      const of = hashes.subarray(0, length)
      if (read !== 8 || fill(of) !== 4 * length)
        throw new DataError('corrupt-file', `${path}: ends inside a document`, {
          hint: 'delete the run and start it again',
        })
      yield { document: head[0], hashes: of }
    }
  } finally {
    closeSync(file)
  }
}
