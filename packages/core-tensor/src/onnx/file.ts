import { stat } from 'node:fs/promises'
import path from 'node:path'
import { writeAll, writeAtomically } from '../checkpoint/atomic.ts'
import type { StoredTensor } from '../checkpoint/checkpoint.ts'
import { corrupt, fileSource } from '../checkpoint/source.ts'
import { FlagError } from '../errors.ts'
import type { Graph } from '../graph/graph.ts'
import { viewBytes } from '../tensor/dtype.ts'
import { byteLengthOf, Tensor } from '../tensor/tensor.ts'
import { type DecodeOptions, decodeModel, type LoadedModel } from './decode.ts'
import { type EncodeOptions, type ExternalData, encodeModel, type NamedValue } from './encode.ts'

/** The format allows 2 GiB; some is left for what is not weights. */
const LARGEST_MODEL = 2 ** 31 - 2 ** 26
/** Smaller tensors stay in the model, where they can be seen. */
const SMALLEST_OUTSIDE = 1024
/** Runtimes map what starts at a page. */
const PAGE = 4096

/**
 * Reads an ONNX file. Tensors that it keeps in other files of its folder stay there.
 * Throws what `decodeModel` throws, `not-found` for a missing file and `corrupt-file` for one that is too short.
 */
export async function loadOnnx(
  file: string,
  options: Omit<DecodeOptions, 'folder'> = {},
): Promise<LoadedModel> {
  const source = await fileSource(file)
  let bytes: Uint8Array
  try {
    if (source.size >= 2 ** 31)
      throw corrupt(file, `an ONNX file has at most 2 GiB, this has ${source.size} bytes`)
    bytes = await source.read(0, source.size)
  } finally {
    await source.close()
  }
  const model = decodeModel(bytes, { ...options, folder: path.dirname(path.resolve(file)) })
  await checkOutside(file, model.graph.storedTensors)
  return model
}

async function checkOutside(file: string, tensors: readonly StoredTensor[]): Promise<void> {
  const ends = new Map<string, number>()
  for (const { source } of tensors) {
    if (source) ends.set(source.path, Math.max(ends.get(source.path) ?? 0, source.offset + source.byteLength))
  }
  for (const [outside, end] of ends) {
    const found = await stat(outside).catch(() => undefined)
    if (!found?.isFile()) throw new FlagError('not-found', `${file} needs ${outside}, which is not there`)
    if (found.size < end) throw corrupt(outside, `${file} needs ${end} bytes of it, it has ${found.size}`)
  }
}

export interface SaveOptions extends Pick<EncodeOptions, 'graphName' | 'producer' | 'metadata'> {
  /**
   * Whether weights go into a second file, `<file>.data`. Needed, and the default, for more than 2 GiB. The model
   * refers to it by name: both are moved together.
   */
  readonly externalData?: boolean
}

/**
 * Writes a graph as an ONNX file that needs no checkpoint any more: the checkpoint tensors it uses are copied. The file
 * is written under a temporary name first. Throws `io`, and what `encodeModel` throws.
 */
export async function saveOnnx(
  file: string,
  model: { readonly graph: Graph; readonly outputs: readonly NamedValue[] },
  options: SaveOptions = {},
): Promise<void> {
  const { externalData, ...head } = options
  const encode = (place: NonNullable<EncodeOptions['place']>) =>
    encodeModel(model.graph, model.outputs, { ...head, place })
  const data: { tensor: Tensor | StoredTensor; at: number }[] = []
  let end = 0
  const outside = encode((tensor): ExternalData | undefined => {
    const length = lengthOf(tensor)
    if (length === undefined) return undefined
    if (length < SMALLEST_OUTSIDE && tensor instanceof Tensor) return undefined
    const at = Math.ceil(end / PAGE) * PAGE
    end = at + length
    data.push({ tensor, at })
    return { location: `${path.basename(file)}.data`, offset: at, length }
  })
  if (externalData ?? outside.length + end > LARGEST_MODEL) {
    await writeAtomically(`${file}.data`, async (handle) => {
      let position = 0
      for (const { tensor, at } of data) {
        await writeAll(handle, new Uint8Array(at - position))
        for await (const part of partsOf(tensor)) await writeAll(handle, part)
        position = at + (lengthOf(tensor) as number)
      }
    })
    await writeAtomically(file, (handle) => writeAll(handle, outside))
    return
  }
  const read = new Map<Tensor | StoredTensor, Tensor>()
  for (const { tensor } of data) if (!(tensor instanceof Tensor)) read.set(tensor, await readStored(tensor))
  const whole = encode((tensor) => read.get(tensor))
  await writeAtomically(file, (handle) => writeAll(handle, whole))
}

/** Bytes of a tensor in a file; undefined for strings, which have no fixed size. */
function lengthOf({ dtype, shape }: Tensor | StoredTensor): number | undefined {
  return dtype === 'string' ? undefined : byteLengthOf(dtype, shape)
}

/** Large tensors are copied in parts. */
const PART = 2 ** 26

async function* partsOf(tensor: Tensor | StoredTensor): AsyncGenerator<Uint8Array> {
  if (tensor instanceof Tensor || !tensor.source) {
    yield (tensor instanceof Tensor ? tensor : await readStored(tensor)).bytes
    return
  }
  const { path: file, offset, byteLength } = tensor.source
  const source = await fileSource(file)
  try {
    for (let done = 0; done < byteLength; done += PART)
      yield await source.read(offset + done, Math.min(PART, byteLength - done))
  } finally {
    await source.close()
  }
}

async function readStored(stored: StoredTensor): Promise<Tensor> {
  if (stored.source) {
    const { path: file, offset, byteLength } = stored.source
    const source = await fileSource(file)
    try {
      return new Tensor(
        stored.dtype,
        stored.shape,
        viewBytes(stored.dtype, await source.read(offset, byteLength)),
      )
    } finally {
      await source.close()
    }
  }
  if (stored.read) return stored.read()
  throw new FlagError('unsupported', `the tensor "${stored.name}" cannot be read`)
}
