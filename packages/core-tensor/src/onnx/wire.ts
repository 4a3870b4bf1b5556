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
  readonly number: number
  readonly kind: FieldKind
  readonly repeated: boolean
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
    ([key, [number, kind, repeated]]) => ({ key, number, kind, repeated: repeated === 'repeated' }),
  )
  return { name, fields, byNumber: new Map(fields.map((field) => [field.number, field])) }
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
  const sizes = new Map<object, number>()
  const size = sizeOfMessage(type, value as Fields, sizes)
  if (size > MAX_BYTES) {
    throw new FlagError('unsupported', `${type.name}: ${size} bytes are more than the format allows (2 GiB)`)
  }
  const writer = new Writer(size, sizes)
  writer.message(type, value as Fields)
  return writer.bytes
}

const utf8 = new TextEncoder()

function sizeOfVarint(value: number | bigint): number {
  if (typeof value === 'bigint' || value < 0 || value >= 2 ** 31) {
    let rest = BigInt.asUintN(64, BigInt(value)) >> 7n
    let size = 1
    for (; rest > 0n; rest >>= 7n) size++
    return size
  }
  return value < 2 ** 7 ? 1 : value < 2 ** 14 ? 2 : value < 2 ** 21 ? 3 : value < 2 ** 28 ? 4 : 5
}

const withLength = (size: number) => sizeOfVarint(size) + size

function contentSize(kind: FieldKind, value: unknown, sizes: Map<object, number>): number {
  if (kind === 'int') return sizeOfVarint(value as number | bigint)
  if (kind === 'float') return 4
  if (kind === 'double') return 8
  if (kind === 'string') return withLength(Buffer.byteLength(value as string))
  if (kind === 'bytes') return withLength((value as Uint8Array).length)
  return withLength(sizeOfMessage(kind(), value as Fields, sizes))
}

const isPacked = ({ repeated, kind }: Field) => repeated && wireTypeOf(kind) !== BYTES

function sizeOfMessage(type: Message<object>, value: Fields, sizes: Map<object, number>): number {
  let size = 0
  for (const field of type.fields) {
    const content = value[field.key]
    if (content === undefined) continue
    const tag = sizeOfVarint(field.number * 8)
    if (!field.repeated) {
      size += tag + contentSize(field.kind, content, sizes)
      continue
    }
    const list = content as unknown[]
    const sum = list.reduce<number>((total, item) => total + contentSize(field.kind, item, sizes), 0)
    if (!isPacked(field)) size += tag * list.length + sum
    else if (list.length > 0) {
      sizes.set(list, sum)
      size += tag + withLength(sum)
    }
  }
  sizes.set(value, size)
  return size
}

class Writer {
  readonly bytes: Uint8Array
  readonly #view: DataView
  readonly #sizes: ReadonlyMap<object, number>
  #at = 0

  constructor(size: number, sizes: ReadonlyMap<object, number>) {
    this.bytes = new Uint8Array(size)
    this.#view = new DataView(this.bytes.buffer)
    this.#sizes = sizes
  }

  message(type: Message<object>, value: Fields): void {
    for (const field of type.fields) {
      const content = value[field.key]
      if (content === undefined) continue
      const tag = field.number * 8 + wireTypeOf(field.kind)
      if (isPacked(field)) {
        const list = content as unknown[]
        if (list.length === 0) continue
        this.#varint(field.number * 8 + BYTES)
        this.#varint(this.#sizes.get(list) as number)
        for (const item of list) this.#value(field.kind, item)
        continue
      }
      for (const item of field.repeated ? (content as unknown[]) : [content]) {
        this.#varint(tag)
        this.#value(field.kind, item)
      }
    }
  }

  #value(kind: FieldKind, value: unknown): void {
    if (kind === 'int') this.#varint(value as number | bigint)
    else if (kind === 'float') this.#view.setFloat32(this.#advance(4), value as number, true)
    else if (kind === 'double') this.#view.setFloat64(this.#advance(8), value as number, true)
    else if (kind === 'string') this.#bytes(utf8.encode(value as string))
    else if (kind === 'bytes') this.#bytes(value as Uint8Array)
    else {
      this.#varint(this.#sizes.get(value as object) as number)
      this.message(kind(), value as Fields)
    }
  }

  #bytes(value: Uint8Array): void {
    this.#varint(value.length)
    this.bytes.set(value, this.#advance(value.length))
  }

  #varint(value: number | bigint): void {
    if (typeof value === 'bigint' || value < 0 || value >= 2 ** 31) {
      let rest = BigInt.asUintN(64, BigInt(value))
      for (; rest > 0x7fn; rest >>= 7n) this.bytes[this.#at++] = Number(rest & 0x7fn) | 0x80
      this.bytes[this.#at++] = Number(rest)
      return
    }
    let rest = value
    for (; rest > 0x7f; rest >>>= 7) this.bytes[this.#at++] = (rest & 0x7f) | 0x80
    this.bytes[this.#at++] = rest
  }

  #advance(count: number): number {
    const start = this.#at
    this.#at += count
    return start
  }
}
