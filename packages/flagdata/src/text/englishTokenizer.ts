import { exceptions, findInfixes, isUrl, prefixLength, sentenceEnds, suffixLength } from './englishRules.ts'
import { addToHash, HASH_START, TokenCache } from './tokenCache.ts'
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
  #cache!: TokenCache
  /** Sequences of token ids that are exceptions when they stand together, by their first id. */
  #sequences!: Uint32Array[][]
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
    this.#cache = new TokenCache()
    this.#sequences = []
    for (const tokens of cutExceptions.values()) {
      const ids = Uint32Array.from(tokens, (token) => vocabulary.add(token, isSpace(token.charCodeAt(0))))
      this.#sequences[ids[0]] ??= []
      this.#sequences[ids[0]].push(ids)
    }
  }

  /** Fills `#ids` and `#starts` with all tokens, white space but single spaces included. */
  #tokenize(text: string): void {
    if (this.#vocabulary.size > MOST_TOKENS || this.#cache.size > MOST_TOKENS) this.#reset()
    this.#count = 0
    const { length } = text
    if (length === 0) return
    let start = 0
    let hash = HASH_START
    let inSpace = isSpace(text.charCodeAt(0))
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i)
      if (isSpace(unit) !== inSpace) {
        if (start < i) this.#push(text, start, i, hash, inSpace)
        inSpace = !inSpace
        start = i
        hash = HASH_START
        // One space belongs to the token before it.
        if (unit === 0x20) {
          start++
          continue
        }
      }
      hash = addToHash(hash, unit)
    }
    if (start < length) this.#push(text, start, length, hash, inSpace)
    this.#joinExceptions(text)
  }

  #push(text: string, start: number, end: number, hash: number, space: boolean): void {
    const isShort = end - start <= LONGEST_CACHED
    const entry = isShort ? this.#cache.find(text, start, end, hash) : -1
    if (entry >= 0) {
      const { ids } = this.#cache
      this.#putAll(ids, this.#cache.start(entry), this.#cache.start(entry + 1), start)
      return
    }
    const chunk = text.slice(start, end)
    const tokens = space ? [chunk] : split(chunk, true)
    const ids = Uint32Array.from(tokens, (token) => this.#vocabulary.add(token, space))
    if (isShort) this.#cache.add(chunk, hash, ids)
    this.#putAll(ids, 0, ids.length, start)
  }

  /** Tokens that follow each other from `start` of the text. */
  #putAll(ids: Uint32Array, from: number, to: number, start: number): void {
    const { texts } = this.#vocabulary
    for (let i = from; i < to; i++) {
      this.#put(ids[i], start)
      if (i + 1 < to) start += texts[ids[i]].length
    }
  }

  #put(id: number, start: number): void {
    if (this.#count === this.#ids.length) {
      this.#ids = doubled(this.#ids)
      this.#starts = doubled(this.#starts)
    }
    this.#ids[this.#count] = id
    this.#starts[this.#count++] = start
  }

  /**
   * Finds exceptions such as `:)` that were cut into several tokens and puts their own tokens in their place. Longer
   * ones win, then earlier ones. A sequence with spaces inside is no exception, but keeps others from its tokens.
   */
  #joinExceptions(text: string): void {
    const found = this.#findSequences()
    if (found.length === 0) return
    found.sort((a, b) => b.length - a.length || a.start - b.start)
    const { texts } = this.#vocabulary
    const taken = new Set<number>()
    const replaced = new Map<number, { length: number; tokens: Uint32Array }>()
    for (const { start, length } of found) {
      const last = start + length - 1
      if (!taken.has(start) && !taken.has(last)) {
        const end = this.#starts[last] + texts[this.#ids[last]].length
        const tokens = exceptionOf(text.slice(this.#starts[start], end))?.map((token) =>
          this.#vocabulary.add(token, false),
        )
        if (tokens) replaced.set(start, { length, tokens: Uint32Array.from(tokens) })
      }
      for (let i = start; i <= last; i++) taken.add(i)
    }
    if (replaced.size === 0) return
    const ids = this.#ids.slice(0, this.#count)
    const starts = this.#starts.slice(0, this.#count)
    this.#count = 0
    for (let i = 0; i < ids.length; ) {
      const exception = replaced.get(i)
      if (exception) this.#putAll(exception.tokens, 0, exception.tokens.length, starts[i])
      else this.#put(ids[i], starts[i])
      i += exception?.length ?? 1
    }
  }

  #findSequences(): { start: number; length: number }[] {
    const found: { start: number; length: number }[] = []
    const ids = this.#ids
    const count = this.#count
    // Ids of exceptions' tokens come first in the vocabulary, so that this is a short list.
    const known = this.#sequences
    for (let i = 0; i < count; i++) {
      const sequences = ids[i] < known.length ? known[ids[i]] : undefined
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
