import { FlagError } from '../errors.ts'
import type { NumericDType } from '../tensor/dtype.ts'
import { byteLengthOf, type Shape, type Tensor } from '../tensor/tensor.ts'
import type { Checkpoint } from './checkpoint.ts'
import { type ByteSource, fileSource } from './source.ts'

/** A tensor on its way into a file: its bytes, row-major and little-endian, come in pieces when they are asked for. */
export interface TensorStream {
  readonly name: string
  readonly dtype: NumericDType
  readonly shape: Shape
  /** Tensors of one key are one and the same tensor under several names. */
  readonly tie?: string
  pieces(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>
}

/** Bytes read at a time; a multiple of every element's size. */
const PIECE = 2 ** 24

/** A tensor in memory as a stream of one piece. Throws `dtype-mismatch` for strings. */
export function streamOf(name: string, tensor: Tensor): TensorStream {
  if (tensor.dtype === 'string') {
    throw new FlagError('dtype-mismatch', `tensor "${name}" holds strings, which no checkpoint can`)
  }
  return { name, dtype: tensor.dtype, shape: tensor.shape, pieces: () => [tensor.bytes] }
}

/**
 * All tensors of a checkpoint as streams, in its order. Those that lie in their files as they are come in pieces of
 * 16 MiB; others (transposed, compressed) one whole tensor at a time. `close` ends what the streams have opened.
 */
export function streamsOf(checkpoint: Checkpoint): {
  tensors: TensorStream[]
  close(): Promise<void>
} {
  const files = new Map<string, Promise<ByteSource>>()
  const open = (path: string): Promise<ByteSource> => {
    const file = files.get(path) ?? fileSource(path)
    files.set(path, file)
    return file
  }
  const tensors = checkpoint.names.map((name): TensorStream => {
    const { dtype, shape, source } = checkpoint.info(name)
    if (source === undefined) {
      const whole = async function* () {
        yield (await checkpoint.read(name)).bytes
      }
      return { name, dtype, shape, pieces: whole }
    }
    const { path, offset, byteLength } = source
    const pieces = async function* () {
      const file = await open(path)
      for (let at = 0; at < byteLength; at += PIECE) {
        yield await file.read(offset + at, Math.min(PIECE, byteLength - at))
      }
    }
    const tie = byteLength > 0 ? `${path}\0${offset}\0${byteLength}\0${dtype}` : undefined
    return { name, dtype, shape, tie, pieces }
  })
  return {
    tensors,
    async close() {
      for (const file of files.values()) await file.then((source) => source.close()).catch(() => {})
    },
  }
}

/** Passes the pieces of a tensor on. Throws `runtime` when they are not as many bytes as its shape takes. */
export async function writePieces(
  tensor: TensorStream,
  write: (piece: Uint8Array) => Promise<void>,
): Promise<void> {
  const expected = byteLengthOf(tensor.dtype, tensor.shape)
  let done = 0
  for await (const piece of tensor.pieces()) {
    done += piece.byteLength
    await write(piece)
  }
  if (done === expected) return
  throw new FlagError('runtime', `tensor "${tensor.name}" came as ${done} bytes, its shape takes ${expected}`)
}
