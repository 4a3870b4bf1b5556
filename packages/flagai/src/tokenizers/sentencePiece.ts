import { readFile } from 'node:fs/promises'
import { FlagError } from '@flag/core-tensor'
import { segmentBpe } from './bpe.ts'
import { firstDuplicate } from './duplicates.ts'
import { type ModelProto, ModelType, PieceType } from './modelProto.ts'
import { Normalizer, SPACE_MARK, type SymbolMatcher } from './normalizer.ts'
import { type PieceTable, readPieces, textOf } from './pieceTable.ts'
import { PieceTrie } from './pieceTrie.ts'
import { type Segmentation, segmentUnigram } from './unigram.ts'
import { binaryOf, fromUtf8, toUtf8 } from './utf8.ts'

/** FLT_MIN of C, from which SentencePiece starts its search of the greatest score. */
const SMALLEST_FLOAT = 2 ** -126
const knownTypes: ReadonlySet<number> = new Set(Object.values(PieceType))
const BYTE_PIECE = /^<0x([0-9A-F]{2})>$/

/**
 * A tokenizer model of SentencePiece (Kudo & Richardson 2018): unigram or BPE, with its normaliser. Gives the same ids
 * as the `sentencepiece` package.
 *
 * Texts are any strings; a lone surrogate counts as U+FFFD, the replacement character.
 *
 * @example
 * const pieces = await SentencePiece.fromFile('sentencepiece.bpe.model')
 * pieces.encode('Hello world') // [35377, 8997]
 */
export class SentencePiece {
  readonly #table: PieceTable
  readonly #scores: Float32Array
  readonly #types: Int32Array
  /** Ids of all pieces, those too that occur in no text. */
  readonly #ids: PieceTrie
  readonly #normalizer: Normalizer
  readonly #denormalizer: Normalizer | undefined
  readonly #segment: (text: Uint8Array) => Segmentation
  /** Ids of the pieces for bytes 0 to 255; empty without byte fallback. */
  readonly #byteIds: readonly number[]
  readonly #unknownSurface: string
  readonly #stripsLeadingSpaces: 'all' | 'one' | 'none'
  /** Id of the unknown piece. */
  readonly unknownId: number

  private constructor(table: PieceTable, model: ModelProto) {
    const { trainer_spec: trainer = {}, normalizer_spec: spec = {} } = model
    this.#table = table
    this.#scores = table.scores
    this.#types = table.types
    this.#ids = new PieceTrie(table)
    this.unknownId = this.#types.indexOf(PieceType.unknown)
    this.#check(Boolean(trainer.byte_fallback))
    const matcher = this.#symbolMatcher()
    this.#normalizer = new Normalizer(spec, matcher)
    const hasDenormalizer = (model.denormalizer_spec?.precompiled_charsmap?.length ?? 0) > 0
    this.#denormalizer = hasDenormalizer ? new Normalizer(model.denormalizer_spec ?? {}, () => 0) : undefined
    const kind = Number(trainer.model_type ?? ModelType.unigram)
    if (trainer.treat_whitespace_as_suffix || (kind !== ModelType.unigram && kind !== ModelType.bpe)) {
      const what = trainer.treat_whitespace_as_suffix ? 'treat_whitespace_as_suffix' : `model type ${kind}`
      throw new FlagError('unsupported', `${what}; unigram and BPE models with leading spaces can be read`)
    }
    this.#segment = kind === ModelType.bpe ? this.#bpe(matcher) : this.#unigram()
    this.#byteIds = trainer.byte_fallback
      ? Array.from({ length: 256 }, (_, byte) => this.idOf(bytePiece(byte)))
      : []
    this.#unknownSurface = trainer.unk_surface ?? ' \u2047 '
    const strips = Boolean(spec.add_dummy_prefix ?? 1)
    const stripsAll = Boolean(spec.remove_extra_whitespaces ?? 1)
    this.#stripsLeadingSpaces = stripsAll ? 'all' : strips ? 'one' : 'none'
  }

  /**
   * The bytes are not copied: they must stay as they are. Throws a FlagError that starts with `name` for bytes that are
   * no such model.
   */
  static fromBytes(bytes: Uint8Array, name = 'SentencePiece model'): SentencePiece {
    try {
      const { pieces, model } = readPieces(bytes)
      return new SentencePiece(pieces, model)
    } catch (error) {
      if (!(error instanceof FlagError)) throw error
      throw new FlagError(error.code, `${name}: ${error.message}`, {
        hint: error.hint ?? 'give a .model file as sentencepiece writes it, complete and unchanged',
        cause: error,
      })
    }
  }

  /** Opens a `.model` file. Throws `not-found`, `corrupt-file` or `unsupported`, naming the file. */
  static async fromFile(path: string): Promise<SentencePiece> {
    let bytes: Uint8Array
    try {
      bytes = await readFile(path)
    } catch (cause) {
      throw new FlagError('not-found', `${path}: cannot be read`, { cause })
    }
    return SentencePiece.fromBytes(bytes, path)
  }

  /** Number of pieces. */
  get size(): number {
    return this.#types.length
  }

  /** Throws `invalid-argument` for an id outside of 0 to `size` - 1. */
  pieceOf(id: number): string {
    if (this.#types[id] === undefined) {
      throw new FlagError('invalid-argument', `id ${id}; the model has pieces 0 to ${this.size - 1}`)
    }
    return textOf(this.#table, id)
  }

  /** The id of a piece, that of the unknown piece for strings that are none. */
  idOf(piece: string): number {
    const id = this.#ids.idOf(toUtf8(piece))
    return id < 0 ? this.unknownId : id
  }

  /** Log probability of a piece, or its merge rank in BPE models. */
  scoreOf(id: number): number {
    this.pieceOf(id)
    return this.#scores[id]
  }

  /** The text that is cut into pieces. */
  normalize(text: string): string {
    return fromUtf8(this.#normalizer.normalize(toUtf8(text)))
  }

  /** Ids of the pieces of a text; without byte fallback, a run of unknown characters is one unknown id. */
  encode(text: string): number[] {
    return this.#encode(text).map(({ id }) => id)
  }

  /** The pieces of a text; unknown characters as they are. */
  encodeAsPieces(text: string): string[] {
    return this.#encode(text).map(({ piece }) => piece)
  }

  /** The text of ids. Control pieces give nothing; invalid bytes give U+FFFD. Throws `invalid-argument`. */
  decode(ids: readonly number[]): string {
    let text = ''
    let isAtStart = true
    let seenSpace = false
    for (let i = 0; i < ids.length; i++) {
      let piece = this.pieceOf(ids[i])
      const type = this.#types[ids[i]]
      if (type === PieceType.byte) {
        const bytes: number[] = []
        for (; i < ids.length && this.#types[ids[i]] === PieceType.byte; i++) {
          bytes.push(Number.parseInt(this.pieceOf(ids[i]).slice(3, 5), 16))
        }
        i--
        text += decodeBytes(bytes)
        continue
      }
      if (seenSpace || text.length > 0) isAtStart = false
      seenSpace = false
      if (type === PieceType.control) continue
      if (type === PieceType.unknown) {
        text += this.#unknownSurface
        continue
      }
      if (isAtStart && this.#stripsLeadingSpaces !== 'none' && piece.startsWith(SPACE_MARK)) {
        piece = piece.slice(1)
        seenSpace = this.#stripsLeadingSpaces === 'one'
      }
      text += piece.replaceAll(SPACE_MARK, ' ')
    }
    return this.#denormalizer ? fromUtf8(this.#denormalizer.normalize(toUtf8(text))) : text
  }

  #encode(text: string): { id: number; piece: string }[] {
    const bytes = this.#normalizer.normalize(toUtf8(text))
    const { ids, ends } = this.#segment(bytes)
    const result: { id: number; piece: string }[] = []
    let unknownFrom = -1
    for (const [i, id] of ids.entries()) {
      const start = i > 0 ? ends[i - 1] : 0
      if (id !== this.unknownId) unknownFrom = -1
      else if (this.#byteIds.length > 0) {
        for (const byte of bytes.subarray(start, ends[i])) {
          result.push({ id: this.#byteIds[byte], piece: bytePiece(byte) })
        }
        continue
      } else if (unknownFrom >= 0) {
        result[result.length - 1].piece = fromUtf8(bytes.subarray(unknownFrom, ends[i]))
        continue
      } else unknownFrom = start
      result.push({ id, piece: fromUtf8(bytes.subarray(start, ends[i])) })
    }
    return result
  }

  /** Throws for the first piece that may not be, and where pieces are missing. */
  #check(hasBytes: boolean): void {
    const bad = (message: string) => new FlagError('corrupt-file', message)
    if (this.size === 0) throw bad('no pieces')
    if (this.unknownId < 0) throw bad('no unknown piece')
    const duplicate = firstDuplicate(this.#table)
    const { bytes, starts, ends } = this.#table
    // The first zero byte that is not before the piece: pieces stand in the order of their ids.
    let zero = -1
    for (let id = 0; id < this.size; id++) {
      if (zero < starts[id]) zero = bytes.indexOf(0, starts[id])
      if (zero < 0) zero = bytes.length
      const fault =
        starts[id] === ends[id] || zero < ends[id]
          ? 'empty or with a zero character'
          : (this.#faultOf(id, hasBytes) ?? (id === duplicate ? 'defined twice' : undefined))
      if (fault) throw bad(`piece ${id} ${JSON.stringify(this.pieceOf(id))}: ${fault}`)
    }
    if (!hasBytes) return
    for (let byte = 0; byte < 256; byte++) {
      const id = this.#ids.idOf(toUtf8(bytePiece(byte)))
      if (this.#types[id] !== PieceType.byte) throw bad(`no piece ${bytePiece(byte)}`)
    }
  }

  /** What is wrong with the score or the type of a piece. */
  #faultOf(id: number, hasBytes: boolean): string | undefined {
    const type = this.#types[id]
    if (!Number.isFinite(this.#scores[id])) return `score ${this.#scores[id]}`
    if (type === PieceType.normal) return
    if (!knownTypes.has(type)) return `type ${type}`
    if (type === PieceType.unknown && id !== this.unknownId) return 'a second unknown piece'
    if (type === PieceType.byte && !(hasBytes && BYTE_PIECE.test(this.pieceOf(id)))) return 'no byte'
  }

  #symbolMatcher(): SymbolMatcher {
    if (!this.#types.includes(PieceType.userDefined)) return () => 0
    const ids = [...this.#types.keys()].filter((id) => this.#types[id] === PieceType.userDefined)
    const trie = new PieceTrie(this.#table, ids)
    return (text, start) => trie.longest(text, start)
  }

  #unigram(): (text: Uint8Array) => Segmentation {
    const [types, scores, { normal, userDefined }] = [this.#types, this.#scores, PieceType]
    let [minScore, maxScore] = [Math.fround(3.4028235e38), SMALLEST_FLOAT]
    for (let id = 0; id < types.length; id++) {
      if (types[id] !== normal) continue
      minScore = Math.min(minScore, scores[id])
      maxScore = Math.max(maxScore, scores[id])
    }
    const pieces = {
      trie: this.#ids,
      scores,
      isUsed: (id: number) => types[id] === normal || types[id] === userDefined,
      isUserDefined: (id: number) => types[id] === userDefined,
      unknownId: this.unknownId,
      minScore,
      maxScore,
    }
    return (text) => segmentUnigram(text, pieces)
  }

  #bpe(symbol: SymbolMatcher): (text: Uint8Array) => Segmentation {
    const { bytes, starts, ends } = this.#table
    const types = this.#types
    const { normal, userDefined, unused } = PieceType
    const kinds: readonly number[] = [normal, userDefined, unused]
    const textIds = [...types.keys()].filter((id) => kinds.includes(types[id]))
    const pieces = {
      ids: new Map(textIds.map((id) => [binaryOf(bytes.subarray(starts[id], ends[id])), id])),
      scores: this.#scores,
      isUnused: (id: number) => types[id] === PieceType.unused,
      symbol,
      unknownId: this.unknownId,
    }
    return (text) => segmentBpe(text, pieces)
  }
}

const bytePiece = (byte: number) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`

/** UTF-8 where every byte that does not belong to a character is one U+FFFD. */
function decodeBytes(bytes: number[]): string {
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const length = [1, 2, 3, 4].find((count) => {
      const character = Buffer.from(bytes.slice(at, at + count)).toString('utf8')
      return (
        at + count <= bytes.length &&
        toUtf8(character).length === count &&
        !isReplacement(character, bytes, at)
      )
    })
    text += length ? Buffer.from(bytes.slice(at, at + length)).toString('utf8') : '\ufffd'
    at += length ?? 1
  }
  return text
}

/** Decoded to U+FFFD from bytes that do not spell U+FFFD. */
const isReplacement = (character: string, bytes: number[], at: number) =>
  character.includes('\ufffd') && !(bytes[at] === 0xef && bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd)
