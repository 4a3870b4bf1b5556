import { close, fstat, open, read } from 'node:fs'
import { promisify } from 'node:util'
import { FlagError } from '../errors.ts'
import { byteSize, type NumericDType, viewBytes } from '../tensor/dtype.ts'
import { byteLengthOf, type Shape, Tensor } from '../tensor/tensor.ts'
import type { Entry } from './checkpoint.ts'

/** A file, or bytes in memory, read in parts: readers never load the whole. */
export interface ByteSource {
  /** Names it in errors. */
  readonly path: string
  readonly size: number
  /** True when `path` is a real file that the runtime can map. */
  readonly onDisk: boolean
  /** Fresh bytes `offset` to `offset + length`. Throws `corrupt-file` when the file is shorter. */
  read(offset: number, length: number): Promise<Uint8Array>
  close(): Promise<void>
}

/** The error of a file that is not what its format demands. */
export function corrupt(path: string, problem: string, hint?: string, cause?: unknown): FlagError {
  return new FlagError('corrupt-file', `${path}: ${problem}`, {
    hint: hint ?? 'the file is damaged or incomplete: copy or download it again',
    cause,
  })
}

function checkRange(path: string, size: number, offset: number, length: number): void {
  const inside =
    Number.isSafeInteger(offset) &&
    Number.isSafeInteger(length) &&
    offset >= 0 &&
    length >= 0 &&
    offset + length <= size
  if (inside) return
  throw corrupt(path, `${length} bytes at offset ${offset} are referred to, but the file has ${size} bytes`)
}

/** Bytes in memory as a source. */
export function memorySource(bytes: Uint8Array, path = 'memory'): ByteSource {
  return {
    path,
    size: bytes.byteLength,
    onDisk: false,
    read: async (offset, length) => {
      checkRange(path, bytes.byteLength, offset, length)
      return bytes.slice(offset, offset + length)
    },
    close: async () => {},
  }
}

/** One read call takes at most 2^31 - 1 bytes. */
const READ_LIMIT = 2 ** 30

/** A file as a source. Throws `not-found` or `io`. */
export async function fileSource(path: string): Promise<ByteSource> {
  const failed = (cause: unknown): FlagError => {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return new FlagError('not-found', `${path}: no such file`, { cause })
    return new FlagError('io', `${path}: ${message}`, { cause })
  }
  const handle = await promisify(open)(path, 'r').catch((cause) => {
    throw failed(cause)
  })
  const closeHandle = () => promisify(close)(handle)
  const stat = await promisify(fstat)(handle)
  if (!stat.isFile()) {
    await closeHandle()
    throw new FlagError('io', `${path}: not a regular file`)
  }
  let closed = false
  return {
    path,
    size: stat.size,
    onDisk: true,
    read: async (offset, length) => {
      if (closed) throw new FlagError('invalid-argument', `${path}: read after the checkpoint was closed`)
      checkRange(path, stat.size, offset, length)
      const bytes = Buffer.allocUnsafeSlow(length)
      for (let done = 0; done < length; ) {
        const { bytesRead } = await promisify(read)(
          handle,
          bytes,
          done,
          Math.min(length - done, READ_LIMIT),
          offset + done,
        ).catch((cause) => {
          throw failed(cause)
        })
        if (bytesRead === 0)
          throw corrupt(path, `ends at ${offset + done} bytes, it had ${stat.size} when opened`)
        done += bytesRead
      }
      return new Uint8Array(bytes.buffer, bytes.byteOffset, length)
    },
    close: async () => {
      if (!closed) await closeHandle()
      closed = true
    },
  }
}

/** A tensor whose raw row-major bytes start at `offset`. Throws `corrupt-file` when they pass the file's end. */
export function rawEntry(
  source: ByteSource,
  name: string,
  dtype: NumericDType,
  shape: Shape,
  offset: number,
): Entry {
  const byteLength = byteLengthOf(dtype, shape)
  if (offset + byteLength > source.size) {
    throw corrupt(
      source.path,
      `tensor "${name}", ${dtype} [${shape.join(', ')}], needs bytes ${offset} to ${offset + byteLength}, but the file has ${source.size}`,
    )
  }
  return {
    name,
    dtype,
    shape,
    source: source.onDisk ? { path: source.path, offset, byteLength } : undefined,
    read: async () => new Tensor(dtype, shape, viewBytes(dtype, await source.read(offset, byteLength))),
  }
}

/** Row-major strides, in elements. */
export function contiguousStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1)
  for (let axis = shape.length - 2; axis >= 0; axis--)
    strides[axis] = strides[axis + 1] * Math.max(1, shape[axis + 1])
  return strides
}

/** Elements of a strided view, gathered into row-major order; `bytes` starts at the view's first element. */
export function gather(dtype: NumericDType, shape: Shape, strides: Shape, bytes: Uint8Array): Tensor {
  const size = byteSize(dtype)
  const element = size === 1 ? 'uint8' : size === 2 ? 'uint16' : size === 4 ? 'uint32' : 'uint64'
  const from = viewBytes(element, bytes) as unknown as Uint32Array
  const out = new Uint8Array(byteLengthOf(dtype, shape))
  const to = viewBytes(element, out) as unknown as Uint32Array
  const rank = shape.length
  const index = new Array<number>(rank).fill(0)
  const inner = rank > 0 ? shape[rank - 1] : 1
  const step = rank > 0 ? strides[rank - 1] : 0
  for (let i = 0, start = 0; i < to.length; ) {
    for (let j = 0; j < inner; j++) to[i++] = from[start + j * step]
    for (let axis = rank - 2; axis >= 0; axis--) {
      start += strides[axis]
      if (++index[axis] < shape[axis]) break
      start -= strides[axis] * shape[axis]
      index[axis] = 0
    }
  }
  return new Tensor(dtype, shape, viewBytes(dtype, out))
}
