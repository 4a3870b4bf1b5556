import { createHash } from 'node:crypto'
import type { StoredTensor } from '../checkpoint/checkpoint.ts'
import { type TensorLayout, type WriteTensor, writeSafetensorsParts } from '../checkpoint/safetensors.ts'
import { fileSource } from '../checkpoint/source.ts'
import { FlagError } from '../errors.ts'
import { currentGraph, type Node, type Value } from '../graph/graph.ts'
import { intOf } from '../graph/operator.ts'
import { rewrite } from '../graph/rewrite.ts'
import type { Traced } from '../graph/trace.ts'
import { needed } from '../onnx/encode.ts'
import { cast } from '../ops/comparison.ts'
import { byteSize, isFloat } from '../tensor/dtype.ts'
import { byteLengthOf, type Shape, type Tensor } from '../tensor/tensor.ts'
import { floatsOf } from './codes.ts'
import { type Form, formOf, type WeightPrecision, type WeightRole } from './forms.ts'

/** A stored weight of a traced function that is to be kept in another form. */
export interface WeightConversion {
  readonly stored: StoredTensor
  readonly role: WeightRole
  readonly form: Form
}

/** Smaller weights stay as they are: nothing is gained by them. */
const SMALLEST = 1024
const NARROWEST = 32

const constants = new WeakMap<Tensor, StoredTensor>()

/** A weight that was read because it does not lie raw in its file, as a stored one, named by its contents. */
function storedConstant(tensor: Tensor): StoredTensor | undefined {
  if (!isFloat(tensor.dtype) || !isLarge(tensor.shape)) return undefined
  const known = constants.get(tensor)
  if (known) return known
  const { dtype, shape } = tensor
  const hash = createHash('sha256').update(tensor.bytes).digest('hex').slice(0, 16)
  const stored: StoredTensor = { name: `constant.${hash}`, dtype, shape, read: async () => tensor }
  constants.set(tensor, stored)
  return stored
}

const isLarge = (shape: Shape): boolean =>
  shape.length === 2 && Math.min(...shape) >= NARROWEST && shape[0] * shape[1] >= SMALLEST

/** A value as the checkpoint holds it, before it was brought to another float type. */
function storedOf(value: Value | undefined): StoredTensor | undefined {
  if (value?.origin.kind === 'stored') return value.origin.stored
  if (value?.constant) return storedConstant(value.constant)
  const node = value?.origin.kind === 'node' ? value.origin.node : undefined
  return node?.operator === 'Cast' && value && isFloat(value.dtype) ? storedOf(node.inputs[0]) : undefined
}

/** The place of a node's weight, and how it is used there. */
function roleIn(node: Node): { role: WeightRole; index: number } | undefined {
  if (node.domain !== '') return undefined
  const { attributes } = node
  if (node.operator === 'Gather' && intOf(attributes, 'axis', 0) === 0) return { role: 'table', index: 0 }
  const plain = intOf(attributes, 'transA', 0) === 0 && !attributes.alpha && !attributes.beta
  if (node.operator === 'Gemm' && plain && intOf(attributes, 'transB', 0) === 1)
    return { role: 'matrix', index: 1 }
  return undefined
}

const precisionOfDType = { float16: 'fp16', bfloat16: 'bf16' } as Record<string, WeightPrecision>

/**
 * The weights of a traced function that can be kept in `precision`: matrices that inputs are multiplied with and
 * tables whose rows are looked up, as far as they are used in one of the two ways only. Biases, norms, convolutions and
 * small weights stay as they are, and so do weights that are stored in this precision already.
 */
export function conversionsOf(traced: Traced, precision: WeightPrecision): WeightConversion[] {
  const roles = new Map<StoredTensor, WeightRole | 'both'>()
  const { nodes } = needed(traced.graph, traced.outputs)
  for (const node of nodes) {
    const place = roleIn(node)
    const widens = node.operator === 'Cast' && storedOf(node.inputs[0]) !== undefined
    for (const [index, input] of node.inputs.entries()) {
      const stored = storedOf(input)
      if (!stored || (widens && isFloat(node.outputs[0].dtype))) continue
      const role = place?.index === index ? place.role : 'both'
      roles.set(stored, (roles.get(stored) ?? role) === role ? role : 'both')
    }
  }
  for (const { value } of traced.outputs) {
    const stored = storedOf(value)
    if (stored) roles.set(stored, 'both')
  }
  return [...roles].flatMap(([stored, role]): WeightConversion[] => {
    const { dtype, shape } = stored
    const suits = role !== 'both' && isFloat(dtype) && isLarge(shape) && precisionOfDType[dtype] !== precision
    return suits ? [{ stored, role, form: formOf(precision, role, shape) }] : []
  })
}

/** What a file of converted weights holds. */
export function convertedLayout(conversions: readonly WeightConversion[]): TensorLayout[] {
  return conversions.flatMap(({ stored, form }) =>
    form
      .parts(stored.shape)
      .map(({ suffix, dtype, shape }) => ({ name: `${stored.name}.${suffix}`, dtype, shape })),
  )
}

/** Rows are read in parts of about this many bytes. */
const PART = 2 ** 24

/**
 * Writes converted weights as a safetensors file, one weight after another, so that at most one is in memory; large
 * ones go through in parts. `onProgress` is told how many of the bytes to read were read.
 *
 * Throws `io` when there is no room, and `dtype-mismatch` for weights that are not floating point numbers.
 */
export async function writeConverted(
  path: string,
  conversions: readonly WeightConversion[],
  metadata: Readonly<Record<string, string>> = {},
  onProgress: (done: number, total: number) => void = () => {},
): Promise<void> {
  const sizeOf = ({ dtype, shape }: StoredTensor) => byteLengthOf(dtype, shape)
  const total = conversions.reduce((sum, { stored }) => sum + sizeOf(stored), 0)
  let done = 0
  const fill = async (write: WriteTensor) => {
    for (const { stored, form } of conversions) {
      const { name, shape } = stored
      const parts = form.parts(shape)
      for await (const floats of rowsOf(stored, form.byRows)) {
        const arrays = form.convert(floats, shape[1])
        for (const [i, { buffer, byteOffset, byteLength }] of arrays.entries())
          await write(`${name}.${parts[i].suffix}`, new Uint8Array(buffer, byteOffset, byteLength))
        done += floats.length * byteSize(stored.dtype)
        onProgress(done, total)
      }
    }
  }
  await writeSafetensorsParts(path, convertedLayout(conversions), fill, metadata)
}

/** The rows of a stored matrix as float32, a few at a time, or all at once. */
async function* rowsOf(stored: StoredTensor, inParts: boolean): AsyncGenerator<Float32Array> {
  const { name, dtype, shape, source } = stored
  if (!source) {
    if (!stored.read) throw new FlagError('unsupported', `the tensor "${name}" cannot be read`)
    yield floatsOf(dtype, (await stored.read()).bytes)
    return
  }
  const [rows, width] = shape
  const rowBytes = width * byteSize(dtype)
  const step = inParts ? Math.max(1, Math.floor(PART / rowBytes)) : rows
  const file = await fileSource(source.path)
  try {
    for (let row = 0; row < rows; row += step) {
      const bytes = await file.read(source.offset + row * rowBytes, Math.min(step, rows - row) * rowBytes)
      yield floatsOf(dtype, bytes)
    }
  } finally {
    await file.close()
  }
}

/** The traced function with converted weights in place of those that it was traced with. */
export function withConverted<R>(
  traced: Traced<R>,
  conversions: readonly WeightConversion[],
  partOf: (name: string) => StoredTensor,
): Traced<R> {
  const found = new Map(conversions.map((conversion) => [conversion.stored, conversion]))
  return rewrite(traced, (node, copyOf) => {
    if (node.operator === 'Cast') {
      const stored = storedOf(node.inputs[0])
      return stored && found.has(stored) ? 'dropped' : undefined
    }
    const place = roleIn(node)
    const stored = place && storedOf(node.inputs[place.index])
    const conversion = stored && found.get(stored)
    if (!place || !conversion) return undefined
    const { form } = conversion
    const parts = form
      .parts(stored.shape)
      .map(({ suffix }) => currentGraph().stored(partOf(`${stored.name}.${suffix}`)))
    const [x, bias] = [node.inputs[1 - place.index] as Value, node.inputs[2]]
    const y = form.use(copyOf(x), parts, stored.shape, bias && copyOf(bias))
    return [cast(y, node.outputs[0].dtype)]
  })
}
