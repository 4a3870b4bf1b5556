import { Kernel } from '@flag/core-tensor'
import { isUncut } from './englishRules.ts'
import { PUNCTUATION } from './punctuation.ts'
import wasm from './simpleWords.wasm.ts'
import { simplify } from './simplify.ts'
import { englishTokenizer } from './text.ts'

/** What `simpleWords.as.ts` exports; numbers are addresses in its memory unless said otherwise. */
interface Functions {
  simplify(at: number, end: number, table: number, output: number): number
  startWords(input: number, output: number): void
  splitWords(end: number, slots: number, mask: number, table: number, longest: number): number
  chunkStart(): number
  wordsEnd(): number
  learn(slots: number, mask: number, chunk: number, length: number, words: number): void
  replaceChunk(length: number, words: number, bytes: number): void
}

const CODE_POINTS = 0x110000
/** Room for the bytes of characters that do not stay as they are: all scripts in use need a fraction of it. */
const CHARACTER_BYTES = 1 << 20
/** Chunks that are remembered; beyond that, or beyond the room for them and their words, all are forgotten. */
const CHUNKS = 1 << 18
const BYTES_PER_CHUNK = 32
/** Longer chunks are seldom seen again, so remembering them does not pay; they are longer than any exception. */
const LONGEST_KNOWN = 48

const COPY = 1
const SPACE = 2
const DIGIT = 3
const SEPARATOR = 4
const UNCUT = 2 ** 31

const isPunctuation = new Set(PUNCTUATION)
const digit = /\p{Nd}/u
const joinsNumbers = new Set('.,،٫⎖⎗⎘')

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/**
 * The words of simplified texts, as `englishTokenizer().words(simplify(text))` gives them, as UTF-8 with a space after
 * each word.
 */
export class SimpleWords {
  readonly #kernel = new Kernel<Functions>(wasm)
  readonly #table: number
  #characterEnd: number
  readonly #charactersEnd: number
  readonly #slots: number
  readonly #mask: number
  readonly #chunks: number
  #chunkEnd: number
  #known = 0
  /** Where the memory that a text needs begins. */
  readonly #free: number
  #memory: Uint8Array

  /** @param chunks how many chunks to remember at most, a power of two */
  constructor(chunks = CHUNKS) {
    this.#mask = 2 * chunks - 1
    this.#table = this.#kernel.base
    this.#characterEnd = this.#table + 4 * CODE_POINTS
    this.#charactersEnd = this.#characterEnd + CHARACTER_BYTES
    this.#slots = this.#charactersEnd
    this.#chunks = this.#slots + 16 * 2 * chunks
    this.#chunkEnd = this.#chunks
    this.#free = this.#chunks + BYTES_PER_CHUNK * chunks
    this.#memory = new Uint8Array(this.#kernel.reserve(this.#free))
  }

  /** The words' bytes, valid until the next call. */
  of(text: string): Uint8Array {
    return this.#simplify(text) ?? this.#slowly(text)
  }

  /** Undefined where a text holds characters whose form depends on their neighbours. */
  #simplify(text: string): Uint8Array | undefined {
    const { functions } = this.#kernel
    // The longest canonical decomposition of a character, in bytes, is three times as long.
    const input = this.#free
    const size = 3 * text.length
    const simple = input + size
    this.#reserve(simple + 3 * size + 1)
    const { written } = encoder.encodeInto(text, this.#memory.subarray(input, simple))
    let end = functions.simplify(input, input + written, this.#table, simple)
    while (end < 0) {
      const entry = this.#describe(-1 - end)
      if (entry === undefined) return undefined
      this.#setWord(this.#table + 4 * (-1 - end), entry)
      end = functions.simplify(input, input + written, this.#table, simple)
    }
    return this.#split(simple, end)
  }

  /** The entry of a character in the kernel's table; undefined if its neighbours matter. */
  #describe(code: number): number | undefined {
    const character = String.fromCodePoint(code)
    // Capital sigma becomes one of two letters.
    if (character === 'Σ') return undefined
    const lower = character.toLowerCase()
    if (digit.test(lower)) return [...lower].length === 1 ? DIGIT : undefined
    const separator = joinsNumbers.has(lower) ? SEPARATOR : 0
    if (isPunctuation.has(lower)) return SPACE | separator
    const simple = simplify(lower)
    if (simple === '' && !/\p{Mn}/u.test(lower)) return SPACE | separator
    // Marks that stay change places with their neighbours.
    if (simple !== '' && `\u0345${lower}`.normalize('NFD')[0] !== '\u0345') return undefined
    const bytes = encoder.encode(simple)
    if (bytes.length > 31 || bytes.includes(0x20)) return undefined
    // Others that it is replaced by are looked at when they are read themselves.
    const uncut = simple === character && isUncut(simple) ? UNCUT : 0
    if (bytes.length === 1) return uncut + (COPY | separator | (1 << 3) | (bytes[0] << 8))
    const at = this.#characterEnd
    if (at + bytes.length > this.#charactersEnd) return undefined
    this.#memory.set(bytes, at)
    this.#characterEnd += bytes.length
    return uncut + (COPY | separator | (bytes.length << 3) | (at << 8))
  }

  /** Tokenizes chunk by chunk; undefined if a chunk may belong together with its neighbours. */
  #split(from: number, to: number): Uint8Array | undefined {
    const { functions } = this.#kernel
    const output = to
    // A chunk of n bytes has at most n words.
    this.#reserve(output + 2 * (to - from))
    functions.startWords(from, output)
    for (;;) {
      const length = functions.splitWords(to, this.#slots, this.#mask, this.#table, LONGEST_KNOWN)
      if (length === 0) break
      const at = functions.chunkStart()
      const chunk = decoder.decode(this.#memory.subarray(at, at + length))
      for (const character of chunk) if (isPunctuation.has(character)) return undefined
      const words = wordsOf(chunk)
      if (length <= LONGEST_KNOWN) this.#learn(at, length, words === `${chunk} ` ? undefined : words)
      else {
        const bytes = encoder.encode(words)
        const spare = output + 2 * (to - from)
        this.#reserve(spare + bytes.length)
        this.#memory.set(bytes, spare)
        functions.replaceChunk(length, spare, bytes.length)
      }
      if (2 * this.#known > this.#mask || this.#chunkEnd + 4 * LONGEST_KNOWN > this.#free) this.#forget()
    }
    return this.#memory.subarray(output, functions.wordsEnd())
  }

  #learn(at: number, length: number, words: string | undefined): void {
    const chunk = this.#chunkEnd
    this.#memory.copyWithin(chunk, at, at + length)
    this.#chunkEnd = (chunk + length + 3) & ~3
    let address = 0
    if (words !== undefined) {
      const bytes = encoder.encode(words)
      address = this.#chunkEnd
      this.#setWord(address, bytes.length)
      this.#memory.set(bytes, address + 4)
      this.#chunkEnd = (address + 4 + bytes.length + 3) & ~3
    }
    this.#kernel.functions.learn(this.#slots, this.#mask, chunk, length, address)
    this.#known++
  }

  #forget(): void {
    this.#memory.fill(0, this.#slots, this.#chunks)
    this.#chunkEnd = this.#chunks
    this.#known = 0
  }

  #slowly(text: string): Uint8Array {
    return encoder.encode(wordsOf(simplify(text)))
  }

  #reserve(end: number): void {
    const memory = this.#kernel.reserve(end)
    if (memory !== this.#memory.buffer) this.#memory = new Uint8Array(memory)
  }

  #setWord(at: number, value: number): void {
    new DataView(this.#memory.buffer).setUint32(at, value, true)
  }
}

let shared: SimpleWords | undefined

/** That of this thread, which remembers what it learned from text to text. */
export const simpleWords = (): SimpleWords => (shared ??= new SimpleWords())

function wordsOf(simple: string): string {
  const { ids, vocabulary } = englishTokenizer().words(simple)
  let joined = ''
  for (const id of ids) joined += `${vocabulary.texts[id]} `
  return joined
}
