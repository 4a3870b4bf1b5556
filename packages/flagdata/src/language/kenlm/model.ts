import { open } from 'node:fs/promises'
import { DataError } from '../../errors.ts'
import { splitSpaces } from '../../text/whitespace.ts'
import { readArpa } from './arpa.ts'
import { isBinary, openBinary } from './binary.ts'
import type { Ngrams } from './ngrams.ts'

const { fround } = Math

export interface ScoreOptions {
  /** Whether the sentence begins after `<s>`. */
  bos?: boolean
  /** Whether `</s>` is scored as well. */
  eos?: boolean
}

/** The words before, the last one first, and the weights for backing off from n-grams of 1, 2, … of them. */
interface State {
  words: number[]
  backoffs: number[]
}

const MOST_CACHED = 1_000_000

/**
 * An n-gram language model with backoff, from an ARPA file (plain or `.gz`) or a binary file of KenLM. Scores are added
 * up as 32-bit floats in KenLM's order.
 *
 * Source: Heafield 2011, KenLM (https://aclanthology.org/W11-2123)
 */
export class LanguageModel {
  readonly order: number
  readonly #ngrams: Ngrams
  readonly #numbers = new Map<string, number>()

  private constructor(ngrams: Ngrams) {
    this.#ngrams = ngrams
    this.order = ngrams.order
  }

  /** @throws DataError `not-found`, `corrupt-file`, `unsupported` */
  static async open(path: string): Promise<LanguageModel> {
    const head = Buffer.alloc(8)
    const file = await open(path).catch((cause) => {
      throw new DataError(cause.code === 'ENOENT' ? 'not-found' : 'io', `${path}: ${cause.message}`, {
        hint: 'expected an ARPA file or a binary file of KenLM',
        cause,
      })
    })
    try {
      await file.read(head, 0, 8, 0)
    } finally {
      await file.close()
    }
    return new LanguageModel(isBinary(head) ? openBinary(path) : await readArpa(path))
  }

  /** Logarithm (base 10) of the probability of a sentence, whose words are separated by white space. */
  score(sentence: string, { bos = true, eos = true }: ScoreOptions = {}): number {
    const begin = this.#number('<s>')
    let state: State = { words: [], backoffs: [] }
    if (bos) {
      this.#ngrams.start(begin)
      state = { words: [begin], backoffs: [this.#ngrams.backoff] }
    }
    let total = 0
    const add = (word: string) => {
      const next: State = { words: [], backoffs: [] }
      total = fround(total + this.#scoreWord(state, this.#number(word), next))
      state = next
    }
    for (const word of splitSpaces(sentence)) add(word)
    if (eos) add('</s>')
    return total
  }

  /** 10 to the power of the negative score per word, the end of the sentence counted as one. */
  perplexity(sentence: string): number {
    return 10 ** (-this.score(sentence) / (splitSpaces(sentence).length + 1))
  }

  #number(word: string): number {
    const known = this.#numbers.get(word)
    if (known !== undefined) return known
    const number = this.#ngrams.wordNumber(word)
    if (this.#numbers.size >= MOST_CACHED) this.#numbers.clear()
    this.#numbers.set(word, number)
    return number
  }

  #scoreWord({ words, backoffs }: State, word: number, next: State): number {
    const ngrams = this.#ngrams
    ngrams.start(word)
    let { probability } = ngrams
    next.backoffs.push(ngrams.backoff)
    let length = 1
    let found = 0
    while (found < words.length && found + 1 < this.order && ngrams.extend(words[found])) {
      found++
      if (found + 1 < this.order) next.backoffs.push(ngrams.backoff)
      // A place without a probability of its own only leads to longer n-grams.
      if (Number.isNaN(ngrams.probability)) continue
      probability = ngrams.probability
      length = found + 1
    }
    next.words.push(word, ...words.slice(0, next.backoffs.length - 1))
    for (let i = length - 1; i < backoffs.length; i++) probability = fround(probability + backoffs[i])
    return probability
  }
}
