import type { Vocabulary } from './vocabulary.ts'

/** The words of a text as ids of a vocabulary, white space left out. */
export interface Words {
  readonly ids: Uint32Array
  readonly vocabulary: Vocabulary
}

/** Cuts texts of a language into words and counts sentences. */
export interface Tokenizer {
  words(text: string): Words
  /** The number of sentences, at least 1. */
  sentenceCount(text: string): number
  /** Where each sentence starts and ends, in UTF-16 units, one after the other; none in an empty text. */
  sentenceSpans(text: string): Uint32Array
  /** Where each word of `words` starts and ends, in UTF-16 units, one after the other. */
  wordSpans(text: string): Uint32Array
}
