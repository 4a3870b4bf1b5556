import { Charsmap } from './charsmap.ts'
import type { NormalizerSpec } from './modelProto.ts'
import { ByteBuilder, characterLength, toUtf8 } from './utf8.ts'

/** What SentencePiece writes for a space: U+2581. */
export const SPACE_MARK = '\u2581'
const MARK = toUtf8(SPACE_MARK)
const BLANK = Uint8Array.of(0x20)
const SPACE = 0x20

/** Bytes of the longest symbol that `bytes` have at `start`, 0 for none. */
export type SymbolMatcher = (bytes: Uint8Array, start: number) => number

/** SentencePiece's normalisation: replacements by a map of characters, and the handling of spaces. */
export class Normalizer {
  readonly #charsmap: Charsmap | undefined
  readonly #addDummyPrefix: boolean
  readonly #removeExtraSpaces: boolean
  readonly #space: Uint8Array
  readonly #symbol: SymbolMatcher
  /** The replacement of the part of the input that was last read. */
  #part: Uint8Array = BLANK

  /** `symbol` finds user-defined symbols, which stay as they are. Throws `corrupt-file` for a damaged map. */
  constructor(spec: NormalizerSpec, symbol: SymbolMatcher) {
    const blob = spec.precompiled_charsmap
    this.#charsmap = blob === undefined || blob.length === 0 ? undefined : new Charsmap(blob)
    this.#addDummyPrefix = Boolean(spec.add_dummy_prefix ?? 1)
    this.#removeExtraSpaces = Boolean(spec.remove_extra_whitespaces ?? 1)
    this.#space = (spec.escape_whitespaces ?? 1) ? MARK : BLANK
    this.#symbol = symbol
  }

  /** UTF-8 in, UTF-8 out. */
  normalize(input: Uint8Array): Uint8Array {
    let at = 0
    if (this.#removeExtraSpaces) {
      while (at < input.length) {
        const length = this.#read(input, at)
        if (this.#part.length !== 1 || this.#part[0] !== SPACE) break
        at += length
      }
    }
    if (at === input.length) return new Uint8Array(0)
    const out = new ByteBuilder(input.length + (input.length >> 1) + 16)
    if (this.#addDummyPrefix) for (const byte of this.#space) out.push(byte)
    let afterSpace = this.#removeExtraSpaces
    while (at < input.length) {
      at += this.#read(input, at)
      const part = this.#part
      let from = 0
      while (afterSpace && part[from] === SPACE) from++
      if (from < part.length) {
        for (let i = from; i < part.length; i++) {
          if (part[i] !== SPACE) out.push(part[i])
          else for (const byte of this.#space) out.push(byte)
        }
        afterSpace = this.#removeExtraSpaces && part[part.length - 1] === SPACE
      }
    }
    if (this.#removeExtraSpaces) while (out.endsWith(this.#space)) out.length -= this.#space.length
    return out.bytes
  }

  /** Reads one symbol, key of the map, or character: returns its bytes in the input, leaves its replacement. */
  #read(input: Uint8Array, at: number): number {
    let length = this.#symbol(input, at)
    if (length === 0) {
      length = this.#charsmap?.match(input, at) ?? 0
      if (length > 0) {
        this.#part = (this.#charsmap as Charsmap).replacement
        return length
      }
      length = characterLength(input[at])
    }
    this.#part = input.subarray(at, at + length)
    return length
  }
}
