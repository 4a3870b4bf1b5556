import { FlagError } from '../errors.ts'
import { byteSize, type NumericDType } from '../tensor/dtype.ts'
import { byteLengthOf, type Shape, type Tensor } from '../tensor/tensor.ts'
import { writeAll, writeAtomically } from './atomic.ts'
import type { Contents } from './checkpoint.ts'
import { type ByteSource, corrupt, rawEntry } from './source.ts'
import { streamOf, type TensorStream, writePieces } from './stream.ts'

/** The format's own limit on its header, in bytes. */
const HEADER_LIMIT = 100_000_000

const codes: Record<NumericDType, string> = {
  float64: 'F64',
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint64: 'U64',
  uint32: 'U32',
  uint16: 'U16',
  uint8: 'U8',
  bool: 'BOOL',
}
const dtypes = new Map(Object.entries(codes).map(([dtype, code]) => [code, dtype as NumericDType]))

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0)

/**
 * Reads a safetensors header (https://huggingface.co/docs/safetensors): eight bytes of length, JSON, then the data,
 * which the tensors must cover without gap or overlap. Throws `corrupt-file` or, for 8-bit floats, `unsupported`.
 */
export async function readSafetensors(source: ByteSource): Promise<Contents> {
  const { path, size } = source
  if (size < 8) throw corrupt(path, `has ${size} bytes, a safetensors file has at least 8`)
  const prefix = await source.read(0, 8)
  const length = Number(new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true))
  if (length > HEADER_LIMIT || length > size - 8) {
    throw corrupt(
      path,
      `the header claims ${length} bytes, expected at most ${Math.min(HEADER_LIMIT, size - 8)}`,
      'either the file is cut short or it is not a safetensors file',
    )
  }
  const header = parseHeader(path, await source.read(8, length))
  const start = 8 + length
  const { __metadata__: metadata = {}, ...tensors } = header
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === 'string')) {
    throw corrupt(path, 'the header field __metadata__ must map strings to strings')
  }
  const described = Object.entries(tensors).map(([name, value]) => describe(path, name, value))
  let end = 0
  for (const tensor of [...described].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (tensor.begin !== end) {
      const problem = tensor.begin < end ? 'overlaps the tensor before it' : 'leaves a gap before it'
      throw corrupt(
        path,
        `tensor "${tensor.name}" starts at ${tensor.begin} of the data, expected ${end}: it ${problem}`,
      )
    }
    end = tensor.end
  }
  if (start + end !== size) {
    throw corrupt(path, `has ${size} bytes, but its tensors end at ${start + end}`)
  }
  return {
    metadata: metadata as Record<string, string>,
    entries: described.map(({ name, dtype, shape, begin }) =>
      rawEntry(source, name, dtype, shape, start + begin),
    ),
  }
}

function parseHeader(path: string, bytes: Uint8Array): Record<string, unknown> {
  let header: unknown
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw corrupt(
      path,
      'the header is not JSON',
      'either the file is damaged or it is not a safetensors file',
      cause,
    )
  }
  if (!isRecord(header)) throw corrupt(path, 'the header must be a JSON object')
  return header
}

function describe(path: string, name: string, value: unknown) {
  const { dtype: code, shape, data_offsets: range } = isRecord(value) ? value : {}
  if (typeof code !== 'string' || !isSizes(shape) || !isSizes(range) || range.length !== 2) {
    throw corrupt(path, `tensor "${name}" must have dtype, shape and data_offsets, found ${excerpt(value)}`)
  }
  const dtype = dtypes.get(code)
  if (dtype === undefined) {
    throw new FlagError('unsupported', `${path}: tensor "${name}" has dtype ${excerpt(code)}`, {
      hint: `supported: ${[...dtypes.keys()].join(', ')}`,
    })
  }
  const [begin, end] = range
  const expected = checkedLength(path, name, dtype, shape)
  if (end - begin !== expected) {
    throw corrupt(
      path,
      `tensor "${name}", ${code} [${shape.join(', ')}], takes ${expected} bytes, but data_offsets are [${begin}, ${end}]`,
    )
  }
  return { name, dtype, shape: shape as Shape, begin, end }
}

function checkedLength(path: string, name: string, dtype: NumericDType, shape: Shape): number {
  try {
    return byteLengthOf(dtype, shape)
  } catch (cause) {
    throw corrupt(
      path,
      `tensor "${name}" has an impossible shape: ${(cause as Error).message}`,
      undefined,
      cause,
    )
  }
}

const excerpt = (value: unknown): string => String(JSON.stringify(value)).slice(0, 80)

/** Bytes before the data are filled up to a multiple of this, so that vectors of any size are aligned. */
const ALIGNMENT = 64

/** A tensor that is to be written: its name, type and shape. */
export interface TensorLayout {
  readonly name: string
  readonly dtype: NumericDType
  readonly shape: Shape
}

/** Writes the next bytes of a tensor. Tensors may be written in any order, each from its start to its end. */
export type WriteTensor = (name: string, bytes: Uint8Array) => Promise<void>

/**
 * Writes a safetensors file whose tensors are made one after another, or in parts, by `fill`: complete or not at all.
 * Wider types come first, then names in order, as the reference implementation writes them; the data starts at a
 * multiple of 64 bytes.
 *
 * Throws `invalid-argument` when `fill` writes more or less than a tensor's bytes, `io` when the file cannot be
 * written.
 */
export async function writeSafetensorsParts(
  path: string,
  layout: readonly TensorLayout[],
  fill: (write: WriteTensor) => Promise<void>,
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  const sorted = [...layout].sort(
    (a, b) => byteSize(b.dtype) - byteSize(a.dtype) || (a.name < b.name ? -1 : 1),
  )
  // Without a prototype, so that a tensor may have any name.
  const header: Record<string, unknown> = Object.create(null)
  if (metadata) header.__metadata__ = metadata
  const places = new Map<string, { next: number; end: number }>()
  let size = 0
  for (const { name, dtype, shape } of sorted) {
    if (name === '__metadata__')
      throw new FlagError('invalid-argument', `${path}: "__metadata__" cannot name a tensor`)
    if (places.has(name)) throw new FlagError('invalid-argument', `${path}: two tensors are named "${name}"`)
    const end = size + byteLengthOf(dtype, shape)
    header[name] = { dtype: codes[dtype], shape, data_offsets: [size, end] }
    places.set(name, { next: size, end })
    size = end
  }
  const json = new TextEncoder().encode(JSON.stringify(header))
  const length = Math.ceil((8 + json.byteLength) / ALIGNMENT) * ALIGNMENT - 8
  if (length > HEADER_LIMIT)
    throw new FlagError('invalid-argument', `${path}: the header would take ${length} bytes`)
  const head = new Uint8Array(8 + length).fill(0x20)
  new DataView(head.buffer).setBigUint64(0, BigInt(length), true)
  head.set(json, 8)
  await writeAtomically(path, async (file) => {
    await writeAll(file, head, 0)
    await fill(async (name, bytes) => {
      const place = places.get(name)
      if (!place || place.next + bytes.byteLength > place.end)
        throw new FlagError('invalid-argument', `${path}: ${bytes.byteLength} bytes too many of "${name}"`)
      await writeAll(file, bytes, head.byteLength + place.next)
      place.next += bytes.byteLength
    })
    for (const [name, { next, end }] of places) {
      if (next < end)
        throw new FlagError('invalid-argument', `${path}: ${end - next} bytes of "${name}" are missing`)
    }
  })
}

/**
 * Writes tensors and string metadata as a safetensors file, as `writeSafetensorsParts` does.
 * Throws `dtype-mismatch` for strings, `io` when the file cannot be written.
 */
export async function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, Tensor>>,
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  const streams = Object.entries(tensors).map(([name, tensor]) => streamOf(name, tensor))
  await writeSafetensorsStreams(path, streams, metadata)
}

/** `writeSafetensors` for tensors that come in pieces. */
export async function writeSafetensorsStreams(
  path: string,
  tensors: readonly TensorStream[],
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  const fill = async (write: WriteTensor) => {
    for (const tensor of tensors) await writePieces(tensor, (piece) => write(tensor.name, piece))
  }
  await writeSafetensorsParts(path, tensors, fill, metadata)
}
