import { punctuation } from './punctuation.ts'
import { codePoints } from './whitespace.ts'

/** The token is white space; such tokens are no words. */
export const IS_SPACE = 1
/** Some character of the token is not punctuation. */
export const IS_WORD = 2
/** Some character of the token is a letter (categories L*). */
export const HAS_LETTER = 4
/** All characters are of the categories P*. */
export const IS_PUNCTUATION = 8
/** The token ends sentences. */
export const ENDS_SENTENCE = 16

const letter = /\p{L}/u
const allPunctuation = /^\p{P}+$/u

/**
 * Tokens as numbers, with what filters ask about a token computed once per distinct token instead of once per
 * occurrence. Ids count up from zero in the order of first appearance.
 */
export class Vocabulary {
  readonly texts: string[] = []
  /** Code points of the token. */
  lengths: Uint32Array = new Uint32Array(1024)
  flags: Uint8Array = new Uint8Array(1024)
  readonly #ids = new Map<string, number>()
  readonly #sentenceEnds: ReadonlySet<string>

  constructor(sentenceEnds: ReadonlySet<string>) {
    this.#sentenceEnds = sentenceEnds
  }

  get size(): number {
    return this.texts.length
  }

  /** The id of a token that was seen before, else -1. */
  find(token: string): number {
    return this.#ids.get(token) ?? -1
  }

  add(token: string, isSpace: boolean): number {
    const known = this.#ids.get(token)
    if (known !== undefined) return known
    const id = this.texts.length
    if (id === this.lengths.length) {
      this.lengths = grow(this.lengths, Uint32Array)
      this.flags = grow(this.flags, Uint8Array)
    }
    const own = detached(token)
    this.#ids.set(own, id)
    this.texts.push(own)
    this.lengths[id] = codePoints(token)
    let flags = isSpace ? IS_SPACE : 0
    for (const char of token) {
      if (punctuation.has(char)) continue
      flags |= IS_WORD
      break
    }
    if (letter.test(token)) flags |= HAS_LETTER
    if (allPunctuation.test(token)) flags |= IS_PUNCTUATION
    if (this.#sentenceEnds.has(token)) flags |= ENDS_SENTENCE
    this.flags[id] = flags
    return id
  }
}

/** The same text apart from the one that it was cut out of, which would stay in memory with it. */
const detached = (text: string): string => ` ${text}`.slice(1)

function grow<T extends Uint32Array | Uint8Array>(array: T, make: new (length: number) => T): T {
  const larger = new make(array.length * 2)
  larger.set(array)
  return larger
}
