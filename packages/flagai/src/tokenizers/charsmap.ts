import { FlagError } from '@flag/core-tensor'
import { buildDoubleArray, longestPrefix, type PrefixMatch } from './doubleArray.ts'
import { toUtf8 } from './utf8.ts'

/**
 * SentencePiece's precompiled map of characters: a trie from byte strings to what they are replaced with.
 *
 * Stored as the byte size of the trie (uint32), the trie (`doubleArray.ts`), and the replacements, each ended by a zero
 * byte; a key's value is where its replacement starts. Everything is little-endian.
 */
export class Charsmap {
  readonly #units: Uint32Array
  readonly #replacements: Uint8Array
  readonly #match: PrefixMatch = { length: 0, value: 0 }

  /** Throws `corrupt-file` when the sizes do not fit. */
  constructor(blob: Uint8Array) {
    const size = blob.length > 4 ? new DataView(blob.buffer, blob.byteOffset).getUint32(0, true) : 0
    if (blob.length <= 4 || size % 4 !== 0 || size >= blob.length - 4) {
      throw new FlagError(
        'corrupt-file',
        `precompiled_charsmap: ${blob.length} bytes do not hold a trie of ${size} bytes and replacements`,
      )
    }
    // Copied, since a Uint32Array must lie on a multiple of 4.
    this.#units = new Uint32Array(new Uint8Array(blob.subarray(4, 4 + size)).buffer)
    this.#replacements = blob.subarray(4 + size)
    if (this.#replacements[this.#replacements.length - 1] !== 0) {
      throw new FlagError('corrupt-file', 'precompiled_charsmap: the last replacement does not end')
    }
  }

  /** Bytes of the longest key at `start`, 0 for none; `replacement` then is what stands for it. */
  match(bytes: Uint8Array, start: number): number {
    return longestPrefix(this.#units, bytes, start, this.#match).length
  }

  /** Of the last match. */
  get replacement(): Uint8Array {
    const start = this.#match.value
    const end = this.#replacements.indexOf(0, start)
    if (end < 0) {
      throw new FlagError(
        'corrupt-file',
        `precompiled_charsmap: a replacement at ${start}, but there are ${this.#replacements.length} bytes`,
      )
    }
    return this.#replacements.subarray(start, end)
  }
}

/** The precompiled form of a table of replacements. */
export function compileCharsmap(rules: ReadonlyMap<string, string>): Uint8Array {
  const entries = [...rules].map(([from, to]) => ({ from: toUtf8(from), to }))
  entries.sort((a, b) => Buffer.compare(a.from, b.from))
  const starts = new Map<string, number>()
  const replacements: Uint8Array[] = []
  let length = 0
  for (const { to } of entries) {
    if (starts.has(to)) continue
    starts.set(to, length)
    const bytes = toUtf8(`${to}\0`)
    replacements.push(bytes)
    length += bytes.length
  }
  const units = buildDoubleArray(
    entries.map(({ from }) => from),
    entries.map(({ to }) => starts.get(to) as number),
  )
  const head = new Uint8Array(4)
  new DataView(head.buffer).setUint32(0, units.byteLength, true)
  const blob = Buffer.concat([head, new Uint8Array(units.buffer, 0, units.byteLength), ...replacements])
  return new Uint8Array(blob)
}

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i)

/** Control characters that say nothing about the text. */
const REMOVED = [...range(0x01, 0x08), 0x0b, ...range(0x0e, 0x1f), 0x7f, 0x8f, 0x9f]
/** Line ends, marks of direction, the byte-order mark, the replacement character, and the mark of SentencePiece. */
const SPACES = [
  0x09, 0x0a, 0x0c, 0x0d, 0x061c, 0x1680, 0x200b, 0x200c, 0x200e, 0x200f, 0x2028, 0x2029, 0x2581,
].concat([0xfeff, 0xfffd])
/** Left alone: the full-width tilde, which Japanese and Chinese use for ranges. */
const KEPT = ['\uff5e']

/**
 * Normalisation for machine translation: Unicode's NFKC of every character and of every decomposed spelling of a
 * character, controls removed, all kinds of space one space. For single characters these are the rules `nmt_nfkc` of
 * SentencePiece. Characters newer than the Unicode version of this Node stay as they are.
 */
export function nmtNfkcRules(): Map<string, string> {
  const rules = new Map<string, string>()
  for (let code = 1; code <= 0x10ffff; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue
    const character = String.fromCodePoint(code)
    const composed = character.normalize('NFKC')
    if (composed !== character) rules.set(character, composed)
    const decomposed = character.normalize('NFD')
    if (decomposed === character) continue
    if (decomposed.normalize('NFC') === character) rules.set(decomposed, composed)
    // Also the spelling as the longest composed beginning and one last mark: ô + acute for ố.
    const parts = [...decomposed]
    const partly = parts.slice(0, -1).join('').normalize('NFC') + parts[parts.length - 1]
    if (
      partly !== decomposed &&
      [...partly].length === 2 &&
      !isHangul(code) &&
      partly.normalize('NFC') === character
    ) {
      rules.set(partly, composed)
    }
  }
  // Half-width kana with their voicing mark: ｶ + ﾞ for ガ.
  for (const kana of range(0xff66, 0xff9d)) {
    for (const mark of [0xff9e, 0xff9f]) {
      const pair = String.fromCodePoint(kana, mark)
      if (pair.normalize('NFKC').length === 1) rules.set(pair, pair.normalize('NFKC'))
    }
  }
  for (const character of KEPT) rules.delete(character)
  for (const code of REMOVED) rules.set(String.fromCodePoint(code), '')
  for (const code of SPACES) rules.set(String.fromCodePoint(code), ' ')
  return rules
}

/** Syllables whose partly composed spelling is rare would double the table. */
const isHangul = (code: number) => code >= 0xac00 && code <= 0xd7a3
