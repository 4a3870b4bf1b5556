import { EnglishTokenizer } from './englishTokenizer.ts'
import type { Tokenizer, Words } from './tokenizer.ts'
import { codePoints, splitLines } from './whitespace.ts'

let english: Tokenizer | undefined

/** The tokenizer of this thread. */
export const englishTokenizer = (): Tokenizer => (english ??= new EnglishTokenizer())

/**
 * A text and what several steps ask about it, each computed when first asked for and then shared: tokenizing is the
 * most expensive part of most filters, and is done once per document.
 */
export class Text {
  readonly value: string
  #words: Words | undefined
  #length = -1
  #lines: readonly string[] | undefined

  constructor(value: string) {
    this.value = value
  }

  /** Code points, as thresholds count characters. */
  get length(): number {
    if (this.#length < 0) this.#length = codePoints(this.value)
    return this.#length
  }

  /** Words of spaCy's English tokenizer. */
  get words(): Words {
    this.#words ??= englishTokenizer().words(this.value)
    return this.#words
  }

  /** Lines as Python's `splitlines` gives them. */
  get lines(): readonly string[] {
    this.#lines ??= splitLines(this.value)
    return this.#lines
  }
}
