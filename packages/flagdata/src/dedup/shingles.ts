import { simplify } from '../text/simplify.ts'
import { englishTokenizer } from '../text/text.ts'

/** The n-grams of a text's words as bytes: words joined by one space, as datatrove hashes them. */
export interface Shingles {
  readonly count: number
  readonly bytes: Buffer
  /** Where n-gram `i` starts and ends in `bytes`. */
  start(i: number): number
  end(i: number): number
}

/**
 * The n-grams of the simplified text with words of the English tokenizer, as datatrove takes them. All words lie once
 * in `bytes`, so that an n-gram is a part of them. Memory: the text and 4 bytes per word.
 */
export function shinglesOf(text: string, n: number): Shingles {
  return shinglesOfWords(wordsOf(text), n)
}

/** The words that n-grams are made of. */
export function wordsOf(text: string): string[] {
  const { ids, vocabulary } = englishTokenizer().words(simplify(text))
  return Array.from(ids, (id) => vocabulary.texts[id])
}

export function shinglesOfWords(words: readonly string[], n: number): Shingles {
  const bytes = Buffer.from(words.join(' '))
  const starts = new Uint32Array(words.length + 1)
  let at = 0
  words.forEach((word, i) => {
    starts[i] = at
    at += Buffer.byteLength(word) + 1
  })
  starts[words.length] = at
  return {
    count: Math.max(0, words.length - n + 1),
    bytes,
    start: (i) => starts[i],
    end: (i) => starts[i + n] - 1,
  }
}
