import { decodeMessage, FlagError } from '@flag/core-tensor'
import { Model, type ModelProto, PieceType } from './modelProto.ts'
import { fromUtf8 } from './utf8.ts'

const PIECES = 1
const [PIECE, SCORE, TYPE] = [1, 2, 3]
const [VARINT, FIXED64, BYTES, FIXED32] = [0, 1, 2, 5]

/**
 * The pieces of a SentencePiece model, left as UTF-8 where they lie in the file: a quarter of a million strings and
 * objects take longer to make than everything else that opening a model needs.
 */
export interface PieceTable {
  readonly bytes: Uint8Array
  /** Where each piece begins and ends, by id. */
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  readonly scores: Float32Array
  /** As stored, whether it is one of `PieceType` or not. */
  readonly types: Int32Array
}

export const textOf = ({ bytes, starts, ends }: PieceTable, id: number): string =>
  fromUtf8(bytes.subarray(starts[id], ends[id]))

/** Reads a `.model` file: its pieces, and the rest of the message. Throws `corrupt-file`. */
export function readPieces(bytes: Uint8Array): { pieces: PieceTable; model: ModelProto } {
  const { contents, rest } = fieldsOf(bytes)
  const size = contents.length / 2
  const pieces = {
    bytes,
    starts: new Uint32Array(size),
    ends: new Uint32Array(size),
    scores: new Float32Array(size),
    types: new Int32Array(size).fill(PieceType.normal),
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let id = 0; id < size; id++) readPiece(pieces, id, view, contents[2 * id], contents[2 * id + 1])
  return { pieces, model: decodeMessage(Model, Buffer.concat(rest)) }
}

/** Where the content of each piece begins and ends, and the other fields as they are. */
function fieldsOf(bytes: Uint8Array): { contents: number[]; rest: Uint8Array[] } {
  const cursor = new Cursor(bytes, 0, bytes.length)
  const contents: number[] = []
  const rest: Uint8Array[] = []
  while (cursor.at < bytes.length) {
    const start = cursor.at
    const tag = cursor.varint()
    const field = Math.floor(tag / 8)
    if (field === PIECES && tag % 8 !== BYTES) throw wrongType('ModelProto.pieces', tag % 8)
    cursor.skip(tag % 8)
    if (field === PIECES) contents.push(cursor.content, cursor.at)
    else rest.push(bytes.subarray(start, cursor.at))
  }
  return { contents, rest }
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
