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
}
