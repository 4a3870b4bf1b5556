import { exceptions, findInfixes, isUrl, prefixLength, sentenceEnds, suffixLength } from './englishRules.ts'
import type { Tokenizer, Words } from './tokenizer.ts'
import { ENDS_SENTENCE, IS_PUNCTUATION, IS_SPACE, Vocabulary } from './vocabulary.ts'
import { isSpace } from './whitespace.ts'

const LONGEST_EXCEPTION = Math.max(...Array.from(exceptions.keys(), (text) => text.length))

const exceptionOf = (text: string) => (text.length <= LONGEST_EXCEPTION ? exceptions.get(text) : undefined)

/** The tokens of a text without white space: affixes are cut off, then infixes cut the rest. */
function split(text: string, withExceptions: boolean): string[] {
  const whole = withExceptions ? exceptionOf(text) : undefined
  if (whole !== undefined) return [...whole]
  const front: string[] = []
  const back: string[] = []
  let rest = text
  let before = -1
  while (rest.length > 0 && rest.length !== before) {
    if (withExceptions && exceptionOf(rest) !== undefined) break
    before = rest.length
    const prefix = prefixLength(rest)
    const withoutPrefix = rest.slice(prefix)
    if (prefix > 0 && withExceptions && exceptionOf(withoutPrefix) !== undefined) {
      front.push(rest.slice(0, prefix))
      rest = withoutPrefix
      break
    }
    const suffix = suffixLength(withoutPrefix)
    const withoutSuffix = rest.slice(0, rest.length - suffix)
    if (suffix > 0 && withExceptions && exceptionOf(withoutSuffix) !== undefined) {
      back.push(rest.slice(rest.length - suffix))
      rest = withoutSuffix
      break
    }
    if (prefix > 0) front.push(rest.slice(0, prefix))
    if (suffix > 0) back.push(rest.slice(rest.length - suffix))
    rest = rest.slice(prefix, rest.length - suffix)
  }
  // Joined, not pushed: a hostile text may have more pieces than a call has arguments.
  return front.concat(rest.length > 0 ? splitInfixes(rest, withExceptions) : [], back.reverse())
}

function splitInfixes(text: string, withExceptions: boolean): readonly string[] {
  const exception = withExceptions ? exceptionOf(text) : undefined
  if (exception !== undefined) return exception
  if (isUrl(text)) return [text]
  const tokens: string[] = []
  let start = 0
  for (const [from, to] of findInfixes(text)) {
    // An infix at the very start cuts nothing off.
    if (from === 0) continue
    if (from !== start) tokens.push(text.slice(start, from))
    tokens.push(text.slice(from, to))
    start = to
  }
  if (start < text.length) tokens.push(text.slice(start))
  return tokens
}

/** Exceptions that affixes would cut, so that they are looked for again in the sequence of tokens. */
export const cutExceptions: ReadonlyMap<string, readonly string[]> = new Map(
  Array.from(exceptions.keys())
    .filter((text) => prefixLength(text) > 0 || suffixLength(text) > 0 || findInfixes(text).length > 0)
    .map((text) => [text, split(text, false)] as const)
    .filter(([text, tokens]) => tokens.length > 1 || exceptions.get(text)?.length !== 1),
)

/** The vocabulary and the cache start anew at this many entries, which bounds their memory. */
const MOST_TOKENS = 400_000
/** Longer texts without white space are rare, so keeping their tokens does not pay. */
const LONGEST_CACHED = 48

/**
 * Words as spaCy's English tokenizer (`spacy.blank('en')`) makes them, which is what datatrove uses for English, and
 * sentences as its `sentencizer` does. Takes time proportional to the length of the text, whatever it holds.
 *
 * Source: https://spacy.io/usage/linguistic-features#how-tokenizer-works
 */
export class EnglishTokenizer implements Tokenizer {
  #vocabulary!: Vocabulary
  #cache!: Map<string, Uint32Array>
  /** Sequences of token ids that are exceptions when they stand together, by their first id. */
  #sequences!: Map<number, Uint32Array[]>
  #lastFirst = 0
  #ids = new Uint32Array(4096)
  /** Where each token starts in the text, in UTF-16 units. */
  #starts = new Uint32Array(4096)
  #count = 0

  constructor() {
    this.#reset()
  }

  words(text: string): Words {
    this.#tokenize(text)
    const { flags } = this.#vocabulary
    const words = new Uint32Array(this.#count)
    let count = 0
    for (let i = 0; i < this.#count; i++) {
      const id = this.#ids[i]
      if ((flags[id] & IS_SPACE) === 0) words[count++] = id
    }
    return { ids: words.subarray(0, count), vocabulary: this.#vocabulary }
  }

  sentenceCount(text: string): number {
    this.#tokenize(text)
    const { flags } = this.#vocabulary
    let count = 1
    let ended = false
    for (let i = 0; i < this.#count; i++) {
      const flag = flags[this.#ids[i]]
      if ((flag & ENDS_SENTENCE) !== 0) ended = true
      else if (ended && (flag & IS_PUNCTUATION) === 0) {
        count++
        ended = false
      }
    }
    return count
  }

  sentenceSpans(text: string): Uint32Array {
    this.#tokenize(text)
    const { flags } = this.#vocabulary
    const spans = new Uint32Array(2 * this.#count)
    let count = 0
    let first = 0
    let ended = false
    const close = (next: number) => {
      if (first === next) return
      spans[count++] = this.#starts[first]
      spans[count++] = this.#endOf(next - 1)
      first = next
    }
    for (let i = 0; i < this.#count; i++) {
      const flag = flags[this.#ids[i]]
      if ((flag & ENDS_SENTENCE) !== 0) ended = true
      else if (ended && (flag & IS_PUNCTUATION) === 0) {
        close(i)
        ended = false
      }
    }
    close(this.#count)
    return spans.slice(0, count)
  }

  wordSpans(text: string): Uint32Array {
    this.#tokenize(text)
    const { flags } = this.#vocabulary
    const spans = new Uint32Array(2 * this.#count)
    let count = 0
    for (let i = 0; i < this.#count; i++) {
      if ((flags[this.#ids[i]] & IS_SPACE) !== 0) continue
      spans[count++] = this.#starts[i]
      spans[count++] = this.#endOf(i)
    }
    return spans.slice(0, count)
  }

  #endOf(token: number): number {
    return this.#starts[token] + this.#vocabulary.texts[this.#ids[token]].length
  }

  #reset(): void {
    const vocabulary = new Vocabulary(sentenceEnds)
    this.#vocabulary = vocabulary
    this.#cache = new Map()
    this.#sequences = new Map()
    for (const tokens of cutExceptions.values()) {
      const ids = Uint32Array.from(tokens, (token) => vocabulary.add(token, isSpace(token.charCodeAt(0))))
      const known = this.#sequences.get(ids[0])
      if (known) known.push(ids)
      else this.#sequences.set(ids[0], [ids])
    }
    this.#lastFirst = Math.max(...this.#sequences.keys())
  }

  /** Fills `#ids` and `#starts` with all tokens, white space but single spaces included. */
  #tokenize(text: string): void {
    if (this.#vocabulary.size > MOST_TOKENS || this.#cache.size > MOST_TOKENS) this.#reset()
    this.#count = 0
    const { length } = text
    if (length === 0) return
    let start = 0
    let inSpace = isSpace(text.charCodeAt(0))
    for (let i = 1; i < length; i++) {
      const unit = text.charCodeAt(i)
      if (isSpace(unit) === inSpace) continue
      if (start < i) this.#push(text.slice(start, i), start, inSpace)
      // One space belongs to the token before it.
      start = unit === 0x20 ? i + 1 : i
      inSpace = !inSpace
    }
    if (start < length) this.#push(text.slice(start), start, inSpace)
    this.#joinExceptions(text)
  }

  #push(chunk: string, start: number, space: boolean): void {
    let ids = this.#cache.get(chunk)
    if (ids === undefined) {
      const tokens = space ? [chunk] : split(chunk, true)
      ids = Uint32Array.from(tokens, (token) => this.#vocabulary.add(token, space))
      if (chunk.length <= LONGEST_CACHED) this.#cache.set(chunk, ids)
    }
    while (this.#count + ids.length > this.#ids.length) {
      this.#ids = doubled(this.#ids)
      this.#starts = doubled(this.#starts)
    }
    const { texts } = this.#vocabulary
    for (let i = 0; i < ids.length; i++) {
      this.#ids[this.#count] = ids[i]
      this.#starts[this.#count++] = start
      if (i + 1 < ids.length) start += texts[ids[i]].length
    }
  }

  /**
   * Finds exceptions such as `:)` that were cut into several tokens and puts their own tokens in their place. Longer
   * ones win, then earlier ones. A sequence with spaces inside is no exception, but keeps others from its tokens.
   */
  #joinExceptions(text: string): void {
    const found = this.#findSequences()
    if (found.length === 0) return
    found.sort((a, b) => b.length - a.length || a.start - b.start)
    const taken = new Set<number>()
    const chosen = new Map<number, number>()
    for (const { start, length } of found) {
      if (!taken.has(start) && !taken.has(start + length - 1)) chosen.set(start, length)
      for (let i = start; i < start + length; i++) taken.add(i)
    }
    const { texts } = this.#vocabulary
    const ids = this.#ids.slice(0, this.#count)
    const starts = this.#starts.slice(0, this.#count)
    const length = this.#count
    this.#count = 0
    for (let i = 0; i < length; ) {
      const size = chosen.get(i) ?? 1
      const last = i + size - 1
      const exception = chosen.has(i)
        ? exceptionOf(text.slice(starts[i], starts[last] + texts[ids[last]].length))
        : undefined
      const tokens =
        exception?.map((token) => this.#vocabulary.add(token, false)) ?? ids.subarray(i, i + size)
      let start = starts[i]
      for (const [k, id] of tokens.entries()) {
        if (this.#count === this.#ids.length) {
          this.#ids = doubled(this.#ids)
          this.#starts = doubled(this.#starts)
        }
        this.#ids[this.#count] = id
        // An exception's tokens follow each other without a gap; others stay where they are.
        this.#starts[this.#count++] = exception ? start : starts[i + k]
        start += texts[id].length
      }
      i += size
    }
  }

  #findSequences(): { start: number; length: number }[] {
    const found: { start: number; length: number }[] = []
    const ids = this.#ids
    const count = this.#count
    const known = this.#lastFirst
    for (let i = 0; i < count; i++) {
      // Ids of exceptions' tokens come first in the vocabulary.
      if (ids[i] > known) continue
      const sequences = this.#sequences.get(ids[i])
      if (sequences === undefined) continue
      for (const sequence of sequences) {
        if (i + sequence.length > count) continue
        let same = 1
        while (same < sequence.length && ids[i + same] === sequence[same]) same++
        if (same === sequence.length) found.push({ start: i, length: sequence.length })
      }
    }
    return found
  }
}

function doubled(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2)
  larger.set(array)
  return larger
}
