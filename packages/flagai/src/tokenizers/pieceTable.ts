import { decodeMessage, FlagError } from '@flag/core-tensor'
import { Model, type ModelProto, PieceType } from './modelProto.ts'
import { fromUtf8 } from './utf8.ts'

const PIECES = 1
const [PIECE, SCORE, TYPE] = [1, 2, 3]
const [VARINT, FIXED64, BYTES, FIXED32] = [0, 1, 2, 5]
/** Field number × 8 + wire type. */
const [PIECES_TAG, PIECE_TAG, SCORE_TAG, TYPE_TAG] = [0x0a, 0x0a, 0x15, 0x18]

/** Byte strings by id: where each begins and ends in `bytes`. */
export interface ByteStrings {
  readonly bytes: Uint8Array
  readonly starts: Uint32Array
  readonly ends: Uint32Array
}

/**
 * The pieces of a SentencePiece model, left as UTF-8 where they lie in the file: a quarter of a million strings and
 * objects take longer to make than everything else that opening a model needs.
 */
export interface PieceTable extends ByteStrings {
  readonly scores: Float32Array
  /** As stored, whether it is one of `PieceType` or not. */
  readonly types: Int32Array
}

export const textOf = ({ bytes, starts, ends }: PieceTable, id: number): string =>
  fromUtf8(bytes.subarray(starts[id], ends[id]))

/** Reads a `.model` file: its pieces, and the rest of the message. Throws `corrupt-file`. */
export function readPieces(bytes: Uint8Array): { pieces: PieceTable; model: ModelProto } {
  const { count, rest } = fieldsOf(bytes)
  const pieces = {
    bytes,
    starts: new Uint32Array(count),
    ends: new Uint32Array(count),
    scores: new Float32Array(count),
    types: new Int32Array(count).fill(PieceType.normal),
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let id = 0, at = 0; id < count; ) {
    const end = endOfShort(bytes, at, PIECES_TAG, bytes.length)
    if (end > 0) {
      if (!readCommon(pieces, id, view, at + 2, end)) readPiece(pieces, id, view, at + 2, end)
      id++
      at = end
      continue
    }
    const cursor = new Cursor(bytes, at, bytes.length)
    const tag = cursor.varint()
    cursor.skip(tag % 8)
    if (Math.floor(tag / 8) === PIECES) readPiece(pieces, id++, view, cursor.content, cursor.at)
    at = cursor.at
  }
  return { pieces, model: decodeMessage(Model, Buffer.concat(rest)) }
}

/** How many pieces there are, and the other fields as they are. */
function fieldsOf(bytes: Uint8Array): { count: number; rest: Uint8Array[] } {
  const rest: Uint8Array[] = []
  let count = 0
  for (let at = 0; at < bytes.length; ) {
    const end = endOfShort(bytes, at, PIECES_TAG, bytes.length)
    if (end > 0) {
      count++
      at = end
      continue
    }
    const cursor = new Cursor(bytes, at, bytes.length)
    const tag = cursor.varint()
    const field = Math.floor(tag / 8)
    if (field === PIECES && tag % 8 !== BYTES) throw wrongType('ModelProto.pieces', tag % 8)
    cursor.skip(tag % 8)
    if (field === PIECES) count++
    else rest.push(bytes.subarray(at, cursor.at))
    at = cursor.at
  }
  return { count, rest }
}

/** Where a field ends that begins at `at`, has this tag and holds fewer than 128 bytes; 0 if it is no such field. */
function endOfShort(bytes: Uint8Array, at: number, tag: number, limit: number): number {
  if (at + 1 >= limit || bytes[at] !== tag || bytes[at + 1] >= 0x80) return 0
  const end = at + 2 + bytes[at + 1]
  return end <= limit ? end : 0
}

/** Reads a piece as SentencePiece writes them: text, score, and perhaps a type. False, and nothing read, for others. */
function readCommon(table: PieceTable, id: number, view: DataView, start: number, end: number): boolean {
  const { bytes } = table
  const score = endOfShort(bytes, start, PIECE_TAG, end)
  if (score === 0 || score + 5 > end || bytes[score] !== SCORE_TAG) return false
  const type = score + 5
  if (type < end) {
    if (type + 2 !== end || bytes[type] !== TYPE_TAG || bytes[type + 1] >= 0x80) return false
    table.types[id] = bytes[type + 1]
  }
  table.starts[id] = start + 2
  table.ends[id] = score
  table.scores[id] = view.getFloat32(score + 1, true)
  return true
}

function readPiece(table: PieceTable, id: number, view: DataView, start: number, end: number): void {
  const cursor = new Cursor(table.bytes, start, end)
  while (cursor.at < end) {
    const tag = cursor.varint()
    const [field, wire] = [Math.floor(tag / 8), tag % 8]
    const expected = field === PIECE ? BYTES : field === SCORE ? FIXED32 : field === TYPE ? VARINT : wire
    if (wire !== expected) throw wrongType(`SentencePiece.${['piece', 'score', 'type'][field - 1]}`, wire)
    if (field === TYPE) {
      table.types[id] = Math.min(cursor.varint(), 2 ** 31 - 1)
      continue
    }
    cursor.skip(wire)
    if (field === SCORE) table.scores[id] = view.getFloat32(cursor.content, true)
    else if (field === PIECE) {
      table.starts[id] = cursor.content
      table.ends[id] = cursor.at
    }
  }
}

/** A place in Protocol Buffers' wire format (https://protobuf.dev/programming-guides/encoding/). */
class Cursor {
  readonly #bytes: Uint8Array
  readonly #end: number
  at: number
  /** Where the content of the field that was skipped last begins. */
  content = 0

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes
    this.#end = end
    this.at = start
  }

  /** An unsigned integer; above 2^53 only about right, which is more than any length or known type. */
  varint(): number {
    let value = 0
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      if (this.at >= this.#end) throw cut()
      const byte = this.#bytes[this.at++]
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
    throw new FlagError('corrupt-file', 'an integer longer than 10 bytes')
  }

  skip(wire: number): void {
    const length =
      wire === BYTES ? this.varint() : wire === FIXED64 ? 8 : wire === FIXED32 ? 4 : wire === VARINT ? 0 : -1
    if (length < 0) throw new FlagError('corrupt-file', `unknown wire type ${wire}`)
    if (length > this.#end - this.at) throw cut()
    this.content = this.at
    if (wire === VARINT) this.varint()
    else this.at += length
  }
}

const cut = () => new FlagError('corrupt-file', 'the data end in the middle of a field')
const wrongType = (field: string, wire: number) =>
  new FlagError('corrupt-file', `${field}: unexpected wire type ${wire}`)
