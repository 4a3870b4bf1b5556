import { FlagError } from '../errors.ts'

/**
 * Protocol Buffers' wire format (https://protobuf.dev/programming-guides/encoding/), for messages declared as a table
 * of fields. Messages are plain objects; absent fields are undefined. 64-bit integers are numbers where a number
 * holds them exactly, else bigints. Bytes are views of the input, not copies.
 */
type Scalar = 'int' | 'float' | 'double' | 'string' | 'bytes'

/** What a field holds; messages are given as functions, since they may contain each other. */
export type FieldKind = Scalar | (() => Message<object>)

interface Field {
  readonly key: string
  readonly kind: FieldKind
  readonly repeated: boolean
  /** Repeated numbers lie in one length-delimited value. */
  readonly packed: boolean
  /** Field number and wire type, as they are written. */
  readonly tag: number
}

export interface Message<T extends object> {
  readonly name: string
  readonly fields: readonly Field[]
  readonly byNumber: ReadonlyMap<number, Field>
  /** Never there: ties the table to the type of the objects it describes. */
  readonly type?: T
}

type FieldTable<T> = {
  readonly [K in keyof Required<T>]: Required<T>[K] extends Uint8Array
    ? readonly [number, FieldKind]
    : Required<T>[K] extends readonly unknown[]
      ? readonly [number, FieldKind, 'repeated']
      : readonly [number, FieldKind]
}

/** Declares a message: for each property its field number, its kind, and whether it is repeated. */
export function message<T extends object>(name: string, table: FieldTable<T>): Message<T> {
  const fields = Object.entries<readonly [number, FieldKind, 'repeated'?]>(table).map(
    ([key, [number, kind, repeated]]): Field => {
      const packed = repeated === 'repeated' && wireTypeOf(kind) !== BYTES
      const tag = number * 8 + (packed ? BYTES : wireTypeOf(kind))
      return { key, kind, repeated: repeated === 'repeated', packed, tag }
    },
  )
  return { name, fields, byNumber: new Map(fields.map((field) => [field.tag >>> 3, field])) }
}

const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5
const wireTypes: Record<Scalar, number> = {
  int: VARINT,
  float: FIXED32,
  double: FIXED64,
  string: BYTES,
  bytes: BYTES,
}
const wireTypeOf = (kind: FieldKind) => (typeof kind === 'function' ? BYTES : wireTypes[kind])

const MAX_DEPTH = 64
/** Readers everywhere refuse larger messages. */
const MAX_BYTES = 2 ** 31 - 1

type Fields = Record<string, unknown>

/** Throws `corrupt-file` for bytes that are no such message. */
export function decodeMessage<T extends object>(type: Message<T>, bytes: Uint8Array): T {
  return new Reader(bytes).message(type, bytes.length, 0) as T
}

const text = new TextDecoder()

class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  message(type: Message<object>, end: number, depth: number): Fields {
    if (depth > MAX_DEPTH)
      throw new FlagError('corrupt-file', `${type.name}: nested deeper than ${MAX_DEPTH}`)
    const result: Fields = {}
    while (this.#at < end) {
      const tag = Number(this.#varint(type, end))
      const wire = tag % 8
      const field = type.byNumber.get(Math.floor(tag / 8))
      if (!field) this.#skip(type, wire, end)
      else if (field.repeated) this.#repeated(type, field, wire, end, depth, result)
      else result[field.key] = this.#value(type, field, wire, end, depth)
    }
    return result
  }

  #repeated(
    type: Message<object>,
    field: Field,
    wire: number,
    end: number,
    depth: number,
    result: Fields,
  ): void {
    const list = (result[field.key] as unknown[] | undefined) ?? []
    result[field.key] = list
    if (wire !== BYTES || wireTypeOf(field.kind) === BYTES) {
      list.push(this.#value(type, field, wire, end, depth))
      return
    }
    const stop = this.#length(type, end)
    while (this.#at < stop) list.push(this.#value(type, field, wireTypeOf(field.kind), stop, depth))
  }

  #value(type: Message<object>, field: Field, wire: number, end: number, depth: number): unknown {
    const { kind } = field
    if (wire !== wireTypeOf(kind)) {
      throw new FlagError('corrupt-file', `${type.name}.${field.key}: unexpected wire type ${wire}`)
    }
    if (kind === 'int') return this.#varint(type, end)
    const start =
      kind === 'float' ? this.#take(type, 4, end) : kind === 'double' ? this.#take(type, 8, end) : 0
    if (kind === 'float') return this.#view.getFloat32(start, true)
    if (kind === 'double') return this.#view.getFloat64(start, true)
    const stop = this.#length(type, end)
    if (typeof kind === 'function') return this.message(kind(), stop, depth + 1)
    const bytes = this.#bytes.subarray(this.#at, stop)
    this.#at = stop
    return kind === 'string' ? text.decode(bytes) : bytes
  }

  /** A signed 64-bit integer. */
  #varint(type: Message<object>, end: number): number | bigint {
    let low = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#bytes[this.#take(type, 1, end)]
      low |= (byte & 0x7f) << shift
      if (byte < 0x80) return low
    }
    let value = BigInt(low)
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#take(type, 1, end)]
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) {
        const signed = BigInt.asIntN(64, value)
        const small = Number(signed)
        return Number.isSafeInteger(small) ? small : signed
      }
    }
    throw new FlagError('corrupt-file', `${type.name}: an integer longer than 10 bytes`)
  }

  /** Where a length-delimited value ends. */
  #length(type: Message<object>, end: number): number {
    const length = Number(this.#varint(type, end))
    if (length < 0 || length > end - this.#at) throw cut(type)
    return this.#at + length
  }

  #take(type: Message<object>, count: number, end: number): number {
    const start = this.#at
    if (count > end - start) throw cut(type)
    this.#at += count
    return start
  }

  #skip(type: Message<object>, wire: number, end: number): void {
    if (wire === VARINT) this.#varint(type, end)
    else if (wire === FIXED64) this.#take(type, 8, end)
    else if (wire === FIXED32) this.#take(type, 4, end)
    else if (wire === BYTES) this.#at = this.#length(type, end)
    else throw new FlagError('corrupt-file', `${type.name}: unknown wire type ${wire}`)
  }
}

const cut = (type: Message<object>) =>
  new FlagError('corrupt-file', `${type.name}: the data end in the middle of a field`)

/** Throws `unsupported` for messages over 2 GiB, which Protocol Buffers do not allow. */
export function encodeMessage<T extends object>(type: Message<T>, value: T): Uint8Array {
  const writer = new Writer()
  writer.message(type, value as Fields)
  if (writer.size <= MAX_BYTES) return writer.bytes()
  throw new FlagError(
    'unsupported',
    `${type.name}: ${writer.size} bytes are more than the format allows (2 GiB)`,
  )
}

const FIRST_CHUNK = 2 ** 12
const LAST_CHUNK = 2 ** 20
/** Bytes from this length on are not copied until all is put together. */
const LONG = 2 ** 14

/** Writes from the end to the beginning, so that the length of what stands behind it is known when a length is written. */
class Writer {
  /** Chunks that are full, the last first. */
  readonly #done: Uint8Array[] = []
  #doneSize = 0
  #chunk = Buffer.allocUnsafe(FIRST_CHUNK)
  /** Where the chunk's content begins. */
  #at = FIRST_CHUNK

  get size(): number {
    return this.#doneSize + this.#chunk.length - this.#at
  }

  bytes(): Uint8Array {
    const all = new Uint8Array(this.size)
    let at = 0
    for (const part of [...this.#done, this.#chunk.subarray(this.#at)].reverse()) {
      all.set(part, at)
      at += part.length
    }
    return all
  }

  message(type: Message<object>, value: Fields): void {
    const { fields } = type
    for (let i = fields.length - 1; i >= 0; i--) {
      const field = fields[i]
      const content = value[field.key]
      if (content === undefined) continue
      if (!field.repeated) {
        this.#value(field.kind, content)
        this.#varint(field.tag)
        continue
      }
      const list = content as unknown[]
      const end = this.size
      for (let k = list.length - 1; k >= 0; k--) {
        this.#value(field.kind, list[k])
        if (!field.packed) this.#varint(field.tag)
      }
      if (!field.packed || list.length === 0) continue
      this.#varint(this.size - end)
      this.#varint(field.tag)
    }
  }

  #value(kind: FieldKind, value: unknown): void {
    if (kind === 'int') this.#varint(value as number | bigint)
    else if (kind === 'float') this.#room(4).writeFloatLE(value as number, this.#at)
    else if (kind === 'double') this.#room(8).writeDoubleLE(value as number, this.#at)
    else if (kind === 'string') this.#string(value as string)
    else if (kind === 'bytes') this.#bytes(value as Uint8Array)
    else {
      const end = this.size
      this.message(kind(), value as Fields)
      this.#varint(this.size - end)
    }
  }

  #string(value: string): void {
    const length = Buffer.byteLength(value)
    this.#room(length).write(value, this.#at)
    this.#varint(length)
  }

  #bytes(value: Uint8Array): void {
    if (value.length < LONG) this.#room(value.length).set(value, this.#at)
    else {
      this.#close(FIRST_CHUNK)
      this.#done.push(value)
      this.#doneSize += value.length
    }
    this.#varint(value.length)
  }

  #varint(value: number | bigint): void {
    if (typeof value === 'bigint' || value < 0 || value >= 2 ** 31) {
      this.#long(BigInt.asUintN(64, BigInt(value)))
      return
    }
    const size = value < 2 ** 7 ? 1 : value < 2 ** 14 ? 2 : value < 2 ** 21 ? 3 : value < 2 ** 28 ? 4 : 5
    const chunk = this.#room(size)
    let at = this.#at
    let rest = value
    for (; rest > 0x7f; rest >>>= 7) chunk[at++] = (rest & 0x7f) | 0x80
    chunk[at] = rest
  }

  #long(value: bigint): void {
    const bytes: number[] = []
    let rest = value
    for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
    bytes.push(Number(rest))
    this.#room(bytes.length).set(bytes, this.#at)
  }

  /** The chunk in which `count` more bytes have room, from `#at` on. */
  #room(count: number): Buffer {
    if (this.#at < count) this.#close(Math.max(Math.min(2 * this.#chunk.length, LAST_CHUNK), count))
    this.#at -= count
    return this.#chunk
  }

  /** Puts the chunk aside and begins another of `size` bytes. */
  #close(size: number): void {
    const written = this.#chunk.subarray(this.#at)
    this.#done.push(written)
    this.#doneSize += written.length
    this.#chunk = Buffer.allocUnsafe(size)
    this.#at = size
  }
}
