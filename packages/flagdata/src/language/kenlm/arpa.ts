import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { DataError } from '../../errors.ts'
import type { Ngrams } from './ngrams.ts'

/** JavaScript's maps hold 2^24 keys. */
const MOST = 16_000_000

/** n-grams of an ARPA file in memory: a trie from the last word backwards. */
class ArpaNgrams implements Ngrams {
  readonly order: number
  probability = 0
  backoff = 0
  readonly words = new Map<string, number>()
  /** Children by `parent · words + word`; the first nodes are the unigrams. */
  readonly #children = new Map<number, number>()
  readonly #probabilities: number[] = []
  readonly #backoffs: number[] = []
  #node = 0

  constructor(order: number) {
    this.order = order
    this.addWord('<unk>', -100, 0)
  }

  addWord(word: string, probability: number, backoff: number): void {
    const isUnknown = word === '<unk>' || word === '<UNK>'
    const number = isUnknown ? 0 : (this.words.get(word) ?? this.words.size + 1)
    if (!isUnknown) this.words.set(word, number)
    this.#probabilities[number] = probability
    this.#backoffs[number] = backoff
  }

  /** Adds an n-gram of two words or more; false where one of them is no unigram. */
  add(words: readonly string[], probability: number, backoff: number): boolean {
    let node = -1
    for (let i = words.length - 1; i >= 0; i--) {
      const word = this.wordNumber(words[i])
      if (word === 0 && words[i] !== '<unk>' && words[i] !== '<UNK>') return false
      node = node < 0 ? word : this.#child(node, word)
    }
    this.#probabilities[node] = probability
    this.#backoffs[node] = backoff
    return true
  }

  #child(parent: number, word: number): number {
    const key = parent * (this.words.size + 1) + word
    let child = this.#children.get(key)
    if (child === undefined) {
      child = this.#probabilities.length
      this.#children.set(key, child)
      this.#probabilities.push(Number.NaN)
      this.#backoffs.push(0)
    }
    return child
  }

  get size(): number {
    return this.#children.size
  }

  wordNumber(word: string): number {
    return this.words.get(word) ?? 0
  }

  start(word: number): void {
    this.#go(word)
  }

  extend(word: number): boolean {
    const child = this.#children.get(this.#node * (this.words.size + 1) + word)
    if (child === undefined) return false
    this.#go(child)
    return true
  }

  #go(node: number): void {
    this.#node = node
    this.probability = Math.fround(this.#probabilities[node])
    this.backoff = Math.fround(this.#backoffs[node])
  }
}

/**
 * Reads an ARPA file, plain or `.gz`.
 *
 * @throws DataError `corrupt-file` with the line that is not understood, `unsupported` for more than 16 million n-grams
 */
export async function readArpa(path: string): Promise<Ngrams> {
  const stream = createReadStream(path)
  const input = path.endsWith('.gz') ? stream.pipe(createGunzip()) : stream
  // A fault of the stream would otherwise end the lines without a word.
  const failed = new Promise<never>((_, reject) => {
    for (const it of [stream, input]) it.on('error', reject)
  })
  failed.catch(() => {})
  let number = 0
  const corrupt = (found: string) =>
    new DataError('corrupt-file', `${path}:${number}: ${found}`, {
      hint: 'expected an ARPA file, plain or .gz',
    })

  const counts: number[] = []
  let found = 0
  let section = 0
  let isOver = false
  let ngrams: ArpaNgrams | undefined
  const endSection = () => {
    if (section > 0 && found !== counts[section - 1])
      throw corrupt(`${found} ${section}-grams, of ${counts[section - 1]} that its head says`)
    found = 0
  }
  const readLine = (line: string) => {
    if (number === 1 || (section === 0 && counts.length === 0 && line === '\\data\\')) {
      if (line !== '\\data\\' && line !== '') throw corrupt(`"${line.slice(0, 40)}", not \\data\\`)
      return
    }
    if (line === '' || isOver) return
    const count = /^ngram (\d+)=(\d+)$/.exec(line)
    if (count && section === 0) {
      if (Number(count[1]) !== counts.length + 1) throw corrupt(`"${line}" after ${counts.length} orders`)
      counts.push(Number(count[2]))
      return
    }
    if (line === '\\end\\') {
      endSection()
      if (section !== counts.length) throw corrupt(`the end after ${section} of ${counts.length} orders`)
      isOver = true
      return
    }
    const head = /^\\(\d+)-grams:$/.exec(line)
    if (head) {
      endSection()
      if (Number(head[1]) !== section + 1 || section + 1 > counts.length)
        throw corrupt(`"${line}" out of order`)
      section++
      ngrams ??= new ArpaNgrams(counts.length)
      return
    }
    if (ngrams === undefined) throw corrupt(`"${line.slice(0, 40)}" before any n-grams`)
    const [probability, words, backoff] = line.split('\t')
    const parts = (words ?? '').split(' ')
    const [p, b] = [Number(probability), backoff === undefined ? 0 : Number(backoff)]
    if (parts.length !== section || probability === '' || Number.isNaN(p) || Number.isNaN(b) || p > 0)
      throw corrupt(`"${line.slice(0, 60)}" is no ${section}-gram`)
    found++
    if (section === 1) ngrams.addWord(parts[0], p, b)
    else if (!ngrams.add(parts, p, b)) throw corrupt(`"${words}" has a word that is no unigram`)
    if (ngrams.size > MOST)
      throw new DataError('unsupported', `${path}: more than ${MOST} n-grams`, {
        hint: 'make a binary file of it with build_binary of KenLM',
      })
  }
  const read = async () => {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      number++
      readLine(line.trimEnd())
    }
  }
  try {
    await Promise.race([read(), failed])
  } catch (cause) {
    if (cause instanceof DataError) throw cause
    const { code, message } = cause as NodeJS.ErrnoException
    throw new DataError(code === 'ENOENT' ? 'not-found' : 'corrupt-file', `${path}: ${message}`, { cause })
  } finally {
    stream.destroy()
  }
  if (ngrams === undefined || !isOver) throw corrupt('the file ends before \\end\\')
  return ngrams
}
