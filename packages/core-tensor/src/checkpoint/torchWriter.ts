import { FlagError } from '../errors.ts'
import { byteSize, type NumericDType } from '../tensor/dtype.ts'
import { byteLengthOf, sizeOf } from '../tensor/tensor.ts'
import { contiguousStrides } from './source.ts'
import type { TensorStream } from './stream.ts'
import { writeZip } from './zipWriter.ts'

/** Classes of storages; types that are younger than them are written as bytes and named. */
const storages: Partial<Record<NumericDType, string>> = {
  float32: 'FloatStorage',
  float64: 'DoubleStorage',
  float16: 'HalfStorage',
  bfloat16: 'BFloat16Storage',
  int64: 'LongStorage',
  int32: 'IntStorage',
  int16: 'ShortStorage',
  int8: 'CharStorage',
  uint8: 'ByteStorage',
  bool: 'BoolStorage',
}

/** Folder in the archive, as `torch.save` names it when it is not told a file. */
const FOLDER = 'archive'

/** Bytes of a pickle of protocol 2, put together. Opcodes are named as in Python's pickletools. */
class Pickle {
  readonly #parts: Uint8Array[] = []

  opcodes(...bytes: number[]): this {
    this.#parts.push(Uint8Array.from(bytes))
    return this
  }

  /** GLOBAL */
  global(module: string, name: string): this {
    this.#parts.push(new TextEncoder().encode(`c${module}\n${name}\n`))
    return this
  }

  /** BINUNICODE */
  text(value: string): this {
    const bytes = new TextEncoder().encode(value)
    const head = new Uint8Array(5)
    head[0] = 0x58
    new DataView(head.buffer).setUint32(1, bytes.length, true)
    this.#parts.push(head, bytes)
    return this
  }

  /** BININT, or LONG1 past 31 bits */
  integer(value: number): this {
    const wide = value > 0x7fffffff
    const bytes = new Uint8Array(wide ? 10 : 5)
    const view = new DataView(bytes.buffer)
    bytes[0] = wide ? 0x8a : 0x4a
    if (wide) {
      bytes[1] = 8
      view.setBigInt64(2, BigInt(value), true)
    } else view.setInt32(1, value, true)
    this.#parts.push(bytes)
    return this
  }

  /** MARK, values, TUPLE */
  integers(values: readonly number[]): this {
    this.opcodes(0x28)
    for (const value of values) this.integer(value)
    return this.opcodes(0x74)
  }

  get bytes(): Uint8Array {
    return Buffer.concat(this.#parts)
  }
}

/**
 * The pickle of a state dict: an OrderedDict from names to calls of `_rebuild_tensor_v2`, each over a storage that is a
 * file of the archive (torch/serialization.py, torch/_utils.py).
 */
function statePickle(tensors: readonly TensorStream[], keys: readonly number[]): Uint8Array {
  const pickle = new Pickle().opcodes(0x80, 2).global('collections', 'OrderedDict').opcodes(0x29, 0x52, 0x28)
  for (const [i, { name, dtype, shape }] of tensors.entries()) {
    const kind = storages[dtype]
    const size = kind ? sizeOf(shape) : byteLengthOf(dtype, shape)
    pickle
      .text(name)
      .global('torch._utils', kind ? '_rebuild_tensor_v2' : '_rebuild_tensor_v3')
      .opcodes(0x28) // MARK: the arguments
      .opcodes(0x28) // MARK: the persistent id of the storage
      .text('storage')
      .global(kind ? 'torch' : 'torch.storage', kind ?? 'UntypedStorage')
      .text(String(keys[i]))
      .text('cpu')
      .integer(size)
      .opcodes(0x74, 0x51) // TUPLE BINPERSID
      .integer(0)
      .integers(shape)
      .integers(contiguousStrides(shape))
      .opcodes(0x89) // requires_grad: False
      .global('collections', 'OrderedDict')
      .opcodes(0x29, 0x52) // no backward hooks
    if (!kind) pickle.global('torch', dtype).opcodes(0x4e) // the type; no metadata
    pickle.opcodes(0x74, 0x52) // TUPLE REDUCE
  }
  return pickle.opcodes(0x75, 0x2e).bytes // SETITEMS STOP
}

/**
 * Writes tensors as `torch.save` writes a state dict (PyTorch 1.6 and newer), complete or not at all; `torch.load` opens
 * it with `weights_only=True` and `mmap=True`. Tensors that are tied share a storage. The bytes of every storage start
 * at a multiple of 64, so that they can be used where they lie. Archives past 4 GB are zip64.
 *
 * Throws `invalid-argument` for two tensors of one name, `io`.
 */
export async function writeTorch(path: string, tensors: readonly TensorStream[]): Promise<void> {
  const names = new Set<string>()
  for (const { name } of tensors) {
    if (names.has(name)) throw new FlagError('invalid-argument', `${path}: two tensors are named "${name}"`)
    names.add(name)
  }
  const keyOf = new Map<string, number>()
  const stored: TensorStream[] = []
  const keys = tensors.map((tensor) => {
    const known = tensor.tie === undefined ? undefined : keyOf.get(tensor.tie)
    if (known !== undefined) return known
    const key = stored.push(tensor) - 1
    if (tensor.tie !== undefined) keyOf.set(tensor.tie, key)
    return key
  })
  const small = (name: string, bytes: Uint8Array) => ({
    name: `${FOLDER}/${name}`,
    size: bytes.byteLength,
    pieces: [bytes],
  })
  const text = (value: string) => new TextEncoder().encode(value)
  await writeZip(path, [
    small('data.pkl', statePickle(tensors, keys)),
    small('byteorder', text('little')),
    ...stored.map((tensor, key) => ({
      name: `${FOLDER}/data/${key}`,
      size: sizeOf(tensor.shape) * byteSize(tensor.dtype),
      pieces: tensor.pieces(),
    })),
    small('version', text('3\n')),
  ])
}
