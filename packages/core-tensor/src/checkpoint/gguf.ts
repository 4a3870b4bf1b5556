import { FlagError } from '../errors.ts'
import type { NumericDType } from '../tensor/dtype.ts'
import { sizeOf, Tensor } from '../tensor/tensor.ts'
import type { Contents, Entry } from './checkpoint.ts'
import { type BlockFormat, blockFormats } from './quants.ts'
import { type ByteSource, corrupt, rawEntry } from './source.ts'

export const GGUF_MAGIC = [0x47, 0x47, 0x55, 0x46]
const dtypes = new Map<number, NumericDType>([
  [0, 'float32'],
  [1, 'float16'],
  [24, 'int8'],
  [25, 'int16'],
  [26, 'int32'],
  [27, 'int64'],
  [28, 'float64'],
  [30, 'bfloat16'],
])
const HEADER_WINDOW = 2 ** 20
/** Vocabularies of a million words fit. */
const HEADER_LIMIT = 2 ** 28
const STRING = 8
const ARRAY = 9
/** Bytes per metadata value type; strings and arrays have none. */
const VALUE_SIZES = [1, 1, 2, 2, 4, 4, 4, 1, undefined, undefined, 8, 8, 8]

/** The bytes read so far end before the header does. */
class HeaderTruncated extends FlagError {}

interface Described {
  readonly name: string
  readonly shape: number[]
  readonly type: number
  readonly offset: number
}

/**
 * Reads a GGUF file of version 2 or 3 (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). Q4_0, Q4_1, Q5_0,
 * Q5_1 and Q8_0 tensors become float32 when read. Shapes are given outermost first, as everywhere else in Flag.
 * Metadata values that are single numbers, booleans or strings are kept, as strings.
 *
 * Throws `corrupt-file`, or `unsupported` for big-endian files and other quantisations.
 */
export async function readGguf(source: ByteSource): Promise<Contents> {
  const { path, size } = source
  let header: ReturnType<typeof parseHeader> | undefined
  // How long the header is is known only once it is read.
  for (let window = HEADER_WINDOW; !header; window *= 4) {
    const length = Math.min(window, size, HEADER_LIMIT)
    try {
      header = parseHeader(path, await source.read(0, length))
    } catch (error) {
      if (!(error instanceof HeaderTruncated) || length < window) throw error
    }
  }
  const { metadata, tensors, end } = header
  const alignment = Number(metadata['general.alignment'] ?? 32)
  if (!Number.isSafeInteger(alignment) || alignment < 1)
    throw corrupt(path, `general.alignment is ${alignment}`)
  const start = Math.ceil(end / alignment) * alignment
  const entries: Entry[] = []
  const names = new Set<string>()
  for (const tensor of tensors) {
    if (names.has(tensor.name)) throw corrupt(path, `two tensors are named "${tensor.name}"`)
    names.add(tensor.name)
    entries.push(entryOf(source, tensor, start + tensor.offset))
  }
  return { metadata, entries }
}

function entryOf(source: ByteSource, { name, shape, type }: Described, offset: number): Entry {
  const { path } = source
  const format = blockFormats.get(type)
  const dtype = dtypes.get(type)
  let count: number
  try {
    count = sizeOf(shape)
  } catch (cause) {
    throw corrupt(
      path,
      `tensor "${name}" has an impossible shape: ${(cause as Error).message}`,
      undefined,
      cause,
    )
  }
  if (dtype !== undefined) return rawEntry(source, name, dtype, shape, offset)
  if (format === undefined) {
    const known = [...blockFormats.values()].map(({ name }) => name)
    throw new FlagError(
      'unsupported',
      `${path}: tensor "${name}" is of ggml type ${type}, which is not supported`,
      {
        hint: `supported: ${[...dtypes.values(), ...known].join(', ')}`,
      },
    )
  }
  const row = shape.at(-1) ?? 1
  if (row % format.elements !== 0) {
    throw corrupt(
      path,
      `tensor "${name}" is ${format.name} but its rows of ${row} are not whole blocks of ${format.elements}`,
    )
  }
  const byteLength = (count / format.elements) * format.size
  if (offset + byteLength > source.size) {
    throw corrupt(
      path,
      `tensor "${name}" needs bytes ${offset} to ${offset + byteLength}, but the file has ${source.size}`,
    )
  }
  return {
    name,
    dtype: 'float32',
    shape,
    read: async () => new Tensor('float32', shape, decode(format, await source.read(offset, byteLength))),
  }
}

function decode(format: BlockFormat, bytes: Uint8Array): Float32Array {
  const out = new Float32Array((bytes.length / format.size) * format.elements)
  for (let at = 0, to = 0; at < bytes.length; at += format.size, to += format.elements)
    format.decode(bytes, at, out, to)
  return out
}

function parseHeader(path: string, bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  const take = (length: number): number => {
    if (!(at + length <= bytes.length)) {
      throw new HeaderTruncated(
        'corrupt-file',
        `${path}: the header needs ${length} bytes at ${at}, it has ${bytes.length}`,
        {
          hint: 'the file is damaged or incomplete: copy or download it again',
        },
      )
    }
    at += length
    return at - length
  }
  const uint32 = () => view.getUint32(take(4), true)
  const uint64 = () => Number(view.getBigUint64(take(8), true))
  const text = new TextDecoder()
  const string = () => {
    const length = uint64()
    const from = take(length)
    return text.decode(bytes.subarray(from, from + length))
  }
  const scalar = (type: number): string => {
    if (type === STRING) return string()
    const from = take(VALUE_SIZES[type] ?? 0)
    switch (type) {
      case 0:
        return String(view.getUint8(from))
      case 1:
        return String(view.getInt8(from))
      case 2:
        return String(view.getUint16(from, true))
      case 3:
        return String(view.getInt16(from, true))
      case 4:
        return String(view.getUint32(from, true))
      case 5:
        return String(view.getInt32(from, true))
      case 6:
        return String(view.getFloat32(from, true))
      case 7:
        return String(view.getUint8(from) !== 0)
      case 10:
        return String(view.getBigUint64(from, true))
      case 11:
        return String(view.getBigInt64(from, true))
      case 12:
        return String(view.getFloat64(from, true))
      default:
        throw corrupt(path, `a metadata value has type ${type}, expected 0 to 12`)
    }
  }
  const skipArray = (depth: number): void => {
    const type = uint32()
    const length = uint64()
    const size = VALUE_SIZES[type]
    if (size !== undefined) take(size * length)
    else if (type === STRING) for (let i = 0; i < length; i++) take(uint64())
    else if (type === ARRAY && depth < 8) for (let i = 0; i < length; i++) skipArray(depth + 1)
    else throw corrupt(path, `a metadata array has elements of type ${type}`)
  }

  const magic = take(4)
  if (GGUF_MAGIC.some((byte, i) => bytes[magic + i] !== byte))
    throw corrupt(path, 'does not start with "GGUF"')
  const version = uint32()
  if (version !== 2 && version !== 3) {
    throw new FlagError('unsupported', `${path}: is GGUF version ${version}, expected 2 or 3, little-endian`)
  }
  const tensorCount = uint64()
  const valueCount = uint64()
  const metadata: Record<string, string> = Object.create(null)
  for (let i = 0; i < valueCount; i++) {
    const key = string()
    const type = uint32()
    if (type === ARRAY) skipArray(0)
    else metadata[key] = scalar(type)
  }
  const tensors: Described[] = []
  for (let i = 0; i < tensorCount; i++) {
    const name = string()
    const rank = uint32()
    if (rank > 8) throw corrupt(path, `tensor "${name}" has ${rank} dimensions`)
    const shape = Array.from({ length: rank }, uint64).reverse()
    tensors.push({ name, shape, type: uint32(), offset: uint64() })
  }
  return { metadata, tensors, end: at }
}
