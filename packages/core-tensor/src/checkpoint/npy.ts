import { FlagError } from '../errors.ts'
import { byteSize, type NumericDType, viewBytes } from '../tensor/dtype.ts'
import { byteLengthOf, sizeOf, Tensor } from '../tensor/tensor.ts'
import { writeAll, writeAtomically } from './atomic.ts'
import type { Contents, Entry } from './checkpoint.ts'
import { type ByteSource, corrupt, fileSource, gather, rawEntry } from './source.ts'
import { readZip, zipPart } from './zip.ts'
import { writeZip } from './zipWriter.ts'

/** NumPy's type codes, without the byte-order character. */
const codes = new Map<string, NumericDType>([
  ['f4', 'float32'],
  ['f8', 'float64'],
  ['f2', 'float16'],
  ['i1', 'int8'],
  ['i2', 'int16'],
  ['i4', 'int32'],
  ['i8', 'int64'],
  ['u1', 'uint8'],
  ['u2', 'uint16'],
  ['u4', 'uint32'],
  ['u8', 'uint64'],
  ['b1', 'bool'],
])
const HEADER_LIMIT = 2 ** 16
export const NPY_MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]

/**
 * Reads the header of a .npy file (NEP 1, versions 1 to 3) whose array gets `name`. Big-endian and Fortran-ordered
 * arrays are put right when read. Throws `corrupt-file`, or `unsupported` for strings, records and complex numbers.
 */
export async function readNpy(source: ByteSource, name: string): Promise<Contents> {
  const { path, size } = source
  const head = await source.read(0, Math.min(size, 12))
  if (head.length < 10 || NPY_MAGIC.some((byte, i) => head[i] !== byte)) {
    throw corrupt(path, 'does not start with the mark of a .npy file')
  }
  const view = new DataView(head.buffer, head.byteOffset, head.length)
  const version = head[6]
  if (version < 1 || version > 3 || head.length < 12)
    throw corrupt(path, `is .npy version ${version}, expected 1, 2 or 3`)
  const prefix = version === 1 ? 10 : 12
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (length > HEADER_LIMIT || prefix + length > size) {
    throw corrupt(
      path,
      `the header claims ${length} bytes, expected at most ${Math.min(HEADER_LIMIT, size - prefix)}`,
    )
  }
  const text = new TextDecoder().decode(await source.read(prefix, length))
  const { dtype, shape, swapped, fortran } = parseHeader(path, text)
  const start = prefix + length
  const raw = rawEntry(source, name, dtype, shape, start)
  const end = start + byteLengthOf(dtype, shape)
  if (end !== size)
    throw corrupt(path, `has ${size} bytes, expected ${end} for ${dtype} [${shape.join(', ')}]`)
  if (!swapped && !fortran) return { entries: [raw] }
  const entry: Entry = {
    name,
    dtype,
    shape,
    read: async () => {
      const bytes = await source.read(start, end - start)
      if (swapped) swapBytes(bytes, byteSize(dtype))
      if (!fortran) return new Tensor(dtype, shape, viewBytes(dtype, bytes))
      const strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis)))
      return gather(dtype, shape, strides, bytes)
    },
  }
  return { entries: [entry] }
}

/** The header is a Python dict literal with three known keys. */
function parseHeader(path: string, text: string) {
  const descr = /'descr'\s*:\s*'([<>|=]?)(\w+)'/.exec(text)
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)
  const sizes = /'shape'\s*:\s*\(((?:\s*\d+L?\s*,?)*)\s*\)/.exec(text)
  if (!order || !sizes || !/'descr'/.test(text)) {
    throw corrupt(
      path,
      `the header must give descr, fortran_order and shape, found ${JSON.stringify(text.slice(0, 100))}`,
    )
  }
  const dtype = descr ? codes.get(descr[2]) : undefined
  if (!descr || dtype === undefined) {
    throw new FlagError(
      'unsupported',
      `${path}: arrays of type ${text.slice(0, 100).trim()} are not supported`,
      {
        hint: `supported: ${[...codes.values()].join(', ')}`,
      },
    )
  }
  const shape = [...sizes[1].matchAll(/\d+/g)].map(([size]) => Number(size))
  try {
    byteLengthOf(dtype, shape)
  } catch (cause) {
    throw corrupt(path, (cause as Error).message, undefined, cause)
  }
  return {
    dtype,
    shape,
    swapped: descr[1] === '>' && byteSize(dtype) > 1,
    fortran: order[1] === 'True' && shape.length > 1,
  }
}

function swapBytes(bytes: Uint8Array, size: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (size === 2) buffer.swap16()
  else if (size === 4) buffer.swap32()
  else buffer.swap64()
}

/** Reads the arrays of a .npz archive, named as in it. Compressed arrays are unpacked when their turn comes. */
export async function readNpz(source: ByteSource): Promise<Contents> {
  const entries: Entry[] = []
  for (const file of (await readZip(source)).values()) {
    if (!file.name.endsWith('.npy')) continue
    const name = file.name.slice(0, -'.npy'.length)
    const part = await zipPart(source, file)
    const {
      entries: [entry],
    } = await readNpy(part, name)
    const place = file.stored ? entry.source : undefined
    entries.push({
      ...entry,
      source: place && { ...place, path: source.path, offset: file.offset + place.offset },
    })
  }
  if (entries.length === 0) throw corrupt(source.path, 'holds no .npy array')
  return { entries }
}

/** The bytes of a .npy file up to its data, which start at a multiple of 64. */
function npyHeader({ dtype, shape }: Tensor, path: string): Uint8Array {
  const code = [...codes].find(([, known]) => known === dtype)?.[0]
  if (code === undefined) {
    throw new FlagError('dtype-mismatch', `${path}: .npy cannot hold ${dtype}`, {
      hint: 'cast to float32 first, or write safetensors',
    })
  }
  const order = byteSize(dtype as NumericDType) === 1 ? '|' : '<'
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ')
  const dict = `{'descr': '${order}${code}', 'fortran_order': False, 'shape': (${sizes}), }`
  const length = Math.ceil((10 + dict.length + 1) / 64) * 64 - 10
  const head = new Uint8Array(10 + length)
  head.set([...NPY_MAGIC, 1, 0, length & 0xff, length >> 8])
  head.set(new TextEncoder().encode(`${dict.padEnd(length - 1)}\n`), 10)
  return head
}

/** Writes a tensor as a .npy file, complete or not at all. Throws `dtype-mismatch` for bfloat16 and strings, `io`. */
export async function writeNpy(path: string, tensor: Tensor): Promise<void> {
  const head = npyHeader(tensor, path)
  await writeAtomically(path, async (file) => {
    await writeAll(file, head)
    await writeAll(file, tensor.bytes)
  })
}

/** Writes tensors as an uncompressed .npz archive, complete or not at all. Throws as `writeNpy`. */
export async function writeNpz(path: string, tensors: Readonly<Record<string, Tensor>>): Promise<void> {
  const files = Object.entries(tensors).map(([name, tensor]) => {
    const head = npyHeader(tensor, path)
    return { name: `${name}.npy`, size: head.length + tensor.bytes.length, pieces: [head, tensor.bytes] }
  })
  await writeZip(path, files)
}

/** Reads a .npy file. Throws `not-found`, `io`, `corrupt-file`, `unsupported`. */
export async function loadNpy(path: string): Promise<Tensor> {
  const source = await fileSource(path)
  try {
    const { entries } = await readNpy(source, path)
    return await entries[0].read()
  } finally {
    await source.close()
  }
}

/** A tensor as the bytes of a .npy file. Throws as `writeNpy`. */
export const npyBytes = (tensor: Tensor): Uint8Array =>
  Buffer.concat([npyHeader(tensor, 'npy'), tensor.bytes])

/** The tensor in the bytes of a .npy file, which `name` stands for in errors. Throws as `loadNpy`. */
export async function parseNpy(bytes: Uint8Array, name: string): Promise<Tensor> {
  const { entries } = await readNpy(bytesSource(bytes, name), name)
  return entries[0].read()
}

const bytesSource = (bytes: Uint8Array, path: string): ByteSource => ({
  path,
  size: bytes.length,
  onDisk: false,
  read: async (offset, length) => {
    if (offset + length > bytes.length) throw corrupt(path, `ends after ${bytes.length} bytes`)
    return bytes.slice(offset, offset + length)
  },
  close: async () => {},
})
