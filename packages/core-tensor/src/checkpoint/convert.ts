import { realpath } from 'node:fs/promises'
import { FlagError } from '../errors.ts'
import type { FloatDType } from '../tensor/dtype.ts'
import { byteLengthOf } from '../tensor/tensor.ts'
import { type CastLoss, castStream } from './cast.ts'
import type { Checkpoint } from './checkpoint.ts'
import { openCheckpoint } from './open.ts'
import { writeSafetensorsStreams } from './safetensors.ts'
import { streamsOf, type TensorStream } from './stream.ts'
import { writeTorch } from './torchWriter.ts'

export interface ConvertOptions {
  /** `safetensors`, or `torch`: what `torch.save` writes of a state dict. */
  to: 'safetensors' | 'torch'
  /** Type of floating-point tensors. Default: each as it is. */
  dtype?: FloatDType
  /** Called as bytes are written. */
  onProgress?: (done: number, total: number) => void
}

/** What a conversion did. */
export interface Conversion {
  readonly path: string
  readonly tensors: number
  /** Bytes of all tensors in the new file. */
  readonly bytes: number
  /** Names that are one tensor. A torch file keeps that; safetensors cannot, each name gets a copy. */
  readonly tied: readonly (readonly string[])[]
  /** Finite numbers that became infinite, by tensor: float16 ends at 65,504. */
  readonly infinite: Readonly<Record<string, number>>
}

/**
 * Writes the tensors of a checkpoint (a file, an index over shards, a model folder) as one file of another format,
 * complete or not at all. Names and values stay as they are; values are rounded to nearest even when `dtype` asks for
 * another type. Tensors pass through in pieces of 16 MiB, so that memory does not grow with the file; only tensors that
 * do not lie in one piece in their file are held whole, one at a time.
 *
 * Throws what opening and reading throws, `invalid-argument` when the output is one of the inputs, `io`.
 */
export async function convertCheckpoint(
  input: string,
  output: string,
  { to, dtype, onProgress }: ConvertOptions,
): Promise<Conversion> {
  const checkpoint = await openCheckpoint(input, { keepModule: true })
  const { tensors, close } = streamsOf(checkpoint)
  try {
    await checkNotInput([input, ...sourcesOf(checkpoint)], output)
    const loss = new Map<string, CastLoss>()
    let done = 0
    const total = tensors.reduce((sum, tensor) => sum + byteLengthOf(tensor.dtype, tensor.shape), 0)
    const converted = tensors.map((tensor) => {
      const counted = countPieces(tensor, (bytes) => {
        done += bytes
        onProgress?.(done, total)
      })
      const lost = { infinite: 0 }
      loss.set(tensor.name, lost)
      return dtype === undefined ? counted : castStream(counted, dtype, lost)
    })
    if (to === 'torch') await writeTorch(output, converted)
    else await writeSafetensorsStreams(output, converted, { ...checkpoint.metadata, format: 'pt' })
    const infinite = [...loss].filter(([, { infinite }]) => infinite > 0)
    return {
      path: output,
      tensors: converted.length,
      bytes: bytesOf(converted, to === 'torch'),
      tied: tiesOf(converted),
      infinite: Object.fromEntries(infinite.map(([name, { infinite }]) => [name, infinite])),
    }
  } finally {
    await close()
    await checkpoint.close()
  }
}

function countPieces(tensor: TensorStream, count: (bytes: number) => void): TensorStream {
  const pieces = async function* () {
    for await (const piece of tensor.pieces()) {
      yield piece
      count(piece.byteLength)
    }
  }
  return { ...tensor, pieces }
}

const sourcesOf = (checkpoint: Checkpoint): string[] =>
  checkpoint.names.flatMap((name) => checkpoint.info(name).source?.path ?? [])

async function checkNotInput(inputs: readonly string[], output: string): Promise<void> {
  const place = await realpath(output).catch(() => undefined)
  if (place === undefined) return
  for (const input of new Set(inputs)) {
    if ((await realpath(input)) !== place) continue
    throw new FlagError('invalid-argument', `${output}: is what is to be converted`, {
      hint: 'give another output',
    })
  }
}

function tiesOf(tensors: readonly TensorStream[]): string[][] {
  const names = new Map<string, string[]>()
  for (const { tie, name } of tensors) {
    if (tie !== undefined) names.set(tie, [...(names.get(tie) ?? []), name])
  }
  return [...names.values()].filter(({ length }) => length > 1)
}

function bytesOf(tensors: readonly TensorStream[], tiesAreKept: boolean): number {
  const seen = new Set<string>()
  let bytes = 0
  for (const { tie, dtype, shape } of tensors) {
    if (!(tiesAreKept && tie !== undefined && seen.has(tie))) bytes += byteLengthOf(dtype, shape)
    if (tie !== undefined) seen.add(tie)
  }
  return bytes
}
