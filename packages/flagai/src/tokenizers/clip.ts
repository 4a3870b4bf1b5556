import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { FlagError } from '@flag/core-tensor'
import { packageRoot } from '../models/folder.ts'
import { mergePairs } from './bytePairs.ts'
import { cleanText, whiteSpace } from './cleanText.ts'
import { checkedMaxLength, type EncodeTextOptions, type Tokenizer } from './tokenizer.ts'

/** Merges of CLIP's own vocabulary. The file that OpenAI published has more lines, which were never used. */
const MERGES = 49152 - 256 - 2
const END_OF_WORD = '</w>'
/** The names that OpenAI's code gives to the marks of begin and end, and those of transformers' files. */
const MARKS = [
  ['<start_of_text>', '<|startoftext|>'],
  ['<end_of_text>', '<|endoftext|>'],
] as const

const words = new RegExp(
  `<start_of_text>|<end_of_text>|'s|'t|'re|'ve|'m|'ll|'d|\\p{L}+|\\p{N}|[^${whiteSpace}\\p{L}\\p{N}]+`,
  'giu',
)

/** The character that stands for each byte: itself where it shows, else one from 256 on (GPT-2). */
const characters: readonly string[] = (() => {
  const shows = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff)
  let next = 256
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(shows(byte) ? byte : next++))
})()
const bytes = new Map(characters.map((character, byte) => [character, byte]))

/** The symbols of single bytes in the order of their ids. */
const alphabet = [...characters].sort()

/**
 * The tokenizer of CLIP (Radford et al. 2021) and EVA-CLIP: byte-pair encoding of lower-case words. A text is
 * `<start_of_text> … <end_of_text>`; ids equal those of open_clip's SimpleTokenizer, except for texts that ftfy takes
 * for wrongly decoded ones (see `cleanText`).
 */
export class ClipTokenizer implements Tokenizer {
  readonly padId: number = 0
  readonly #ids: ReadonlyMap<string, number>
  readonly #symbols: readonly string[]
  readonly #ranks: ReadonlyMap<string, number>
  readonly #begin: number
  readonly #end: number
  readonly #known = new Map<string, readonly number[]>()

  /** `merges` are lines of two symbols; `vocabulary` gives ids where they are not in the order of the merges. */
  constructor(merges: readonly string[], vocabulary?: Readonly<Record<string, number>>) {
    const names = [
      ...alphabet,
      ...alphabet.map((symbol) => symbol + END_OF_WORD),
      ...merges.map((merge) => merge.replace(' ', '')),
      MARKS[0][0],
      MARKS[1][0],
    ]
    this.#ids = vocabulary
      ? new Map(Object.entries(vocabulary))
      : new Map(names.map((name, id) => [name, id]))
    const symbols: string[] = []
    for (const [name, id] of this.#ids) symbols[id] = name
    this.#symbols = symbols
    this.#ranks = new Map(merges.map((merge, rank) => [merge, rank]))
    const [begin, end] = MARKS.map((spellings) => spellings.find((name) => this.#ids.has(name)))
    if (begin === undefined || end === undefined) {
      throw new FlagError('corrupt-file', 'the vocabulary has no marks of begin and end', {
        hint: `expected ${MARKS.map((spellings) => spellings.join(' or ')).join(' and ')}`,
      })
    }
    this.#begin = this.#ids.get(begin) as number
    this.#end = this.#ids.get(end) as number
  }

  /** CLIP's own vocabulary, which comes with this package. */
  static async embedded(): Promise<ClipTokenizer> {
    return ClipTokenizer.fromFile(join(packageRoot(), 'models', 'clip-bpe', 'merges.txt.gz'))
  }

  /**
   * Opens a list of merges, compressed or not (`bpe_simple_vocab_16e6.txt.gz`, `merges.txt`), and, where there is one,
   * its `vocab.json`. Throws a FlagError that names the file.
   */
  static async fromFile(path: string, vocabularyPath?: string): Promise<ClipTokenizer> {
    const merges = (await textOf(path))
      .split('\n')
      .slice(1, MERGES + 1)
      .map((line) => line.trim())
      .filter((line) => line !== '')
    if (merges.length === 0 || !merges.every((line) => line.split(' ').length === 2)) {
      throw new FlagError('corrupt-file', `${path}: no list of merges`, {
        hint: 'expected a first line that names the version and then two symbols a line',
      })
    }
    if (vocabularyPath === undefined) return new ClipTokenizer(merges)
    const vocabulary = vocabularyOf(await textOf(vocabularyPath), vocabularyPath)
    return new ClipTokenizer(merges, vocabulary)
  }

  get vocabSize(): number {
    return this.#symbols.length
  }

  encode(text: string, options: EncodeTextOptions = {}): number[] {
    const { specialTokens = true } = options
    const added = specialTokens ? 2 : 0
    const maxLength = checkedMaxLength(options.maxLength, added)
    const ids: number[] = []
    for (const [word] of cleanText(text).matchAll(words)) {
      ids.push(...this.#idsOf(word))
      if (ids.length >= maxLength) break
    }
    const kept = ids.slice(0, Math.max(0, maxLength - added))
    return specialTokens ? [this.#begin, ...kept, this.#end] : kept
  }

  /** The text of ids in lower case, words apart; marks and padding are left out. Throws `invalid-argument`. */
  decode(ids: readonly number[]): string {
    const first = ids.indexOf(this.#end)
    const own = (first < 0 ? ids : ids.slice(0, first)).filter((id) => id !== this.#begin)
    const text = own.map((id) => this.#symbol(id)).join('')
    const codes = Array.from(text.replaceAll(END_OF_WORD, ' '), (character) => bytes.get(character) ?? 0x20)
    return new TextDecoder().decode(Uint8Array.from(codes)).trimEnd()
  }

  #symbol(id: number): string {
    const symbol = this.#symbols[id]
    if (symbol === undefined) throw new FlagError('invalid-argument', `no token has the id ${id}`)
    return symbol
  }

  #idsOf(word: string): readonly number[] {
    const known = this.#known.get(word)
    if (known) return known
    const mark = MARKS.findIndex(([name]) => name === word)
    const ids = mark >= 0 ? [mark === 0 ? this.#begin : this.#end] : this.#cut(word)
    // Long runs of letters hardly come twice.
    if (word.length < 32) this.#known.set(word, ids)
    return ids
  }

  #cut(word: string): number[] {
    const symbols = Array.from(new TextEncoder().encode(word), (byte) => characters[byte])
    symbols[symbols.length - 1] += END_OF_WORD
    return mergePairs(symbols, (left, right) => this.#ranks.get(`${left} ${right}`)).map((symbol) => {
      const id = this.#ids.get(symbol)
      if (id === undefined) throw new FlagError('corrupt-file', `the vocabulary has no token "${symbol}"`)
      return id
    })
  }
}

async function textOf(path: string): Promise<string> {
  if (!existsSync(path)) throw new FlagError('not-found', `${path}: no such file`)
  const file = await readFile(path)
  if (!path.endsWith('.gz')) return file.toString('utf8')
  try {
    return gunzipSync(file).toString('utf8')
  } catch (cause) {
    throw new FlagError('corrupt-file', `${path}: cannot be unpacked`, { cause })
  }
}

function vocabularyOf(text: string, path: string): Record<string, number> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new FlagError('corrupt-file', `${path}: not JSON`, { cause })
  }
  const entries =
    typeof json === 'object' && json !== null && !Array.isArray(json) ? Object.entries(json) : []
  if (entries.length === 0 || !entries.every(([, id]) => Number.isSafeInteger(id) && id >= 0)) {
    throw new FlagError('corrupt-file', `${path}: expected an object of tokens and their ids`)
  }
  return Object.fromEntries(entries) as Record<string, number>
}
