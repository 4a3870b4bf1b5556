/** Words and n-grams of a language model, looked up from a word backwards: the word, the one before it, and so on. */
export interface Ngrams {
  readonly order: number
  /** The number of a word; 0 for unknown ones. */
  wordNumber(word: string): number
  /** Goes to the unigram of a word. */
  start(word: number): void
  /** Goes on to the n-gram with one more word before it; false, without moving, where the model has none. */
  extend(word: number): boolean
  /** Logarithm (base 10) of the probability at the present place; NaN where the place only leads to longer n-grams. */
  probability: number
  /** Logarithm of the weight for backing off from here; 0 for n-grams of full length. */
  backoff: number
}
