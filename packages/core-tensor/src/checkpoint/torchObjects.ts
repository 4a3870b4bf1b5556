import { FlagError } from '../errors.ts'
import { byteSize, type NumericDType } from '../tensor/dtype.ts'
import { type Shape, sizeOf } from '../tensor/tensor.ts'
import { PickleGlobal, type PickleRules, refused } from './pickleMachine.ts'
import { corrupt } from './source.ts'

/** Bytes per element of a storage. */
export const storageWidth = ({ dtype }: TorchStorage): number => (dtype ? byteSize(dtype) : 1)

/** Raw bytes that tensors of a torch file are views of. `dtype` is undefined for untyped (byte) storages. */
export interface TorchStorage {
  readonly kind: 'storage'
  readonly key: string
  readonly dtype: NumericDType | undefined
  /** In elements of `dtype`, or bytes. */
  readonly size: number
}

/** A view of a storage; offset and strides in elements. */
export class TorchTensor {
  readonly storage: TorchStorage
  readonly dtype: NumericDType
  readonly offset: number
  readonly shape: Shape
  readonly strides: Shape

  constructor(storage: TorchStorage, dtype: NumericDType, offset: number, shape: Shape, strides: Shape) {
    this.storage = storage
    this.dtype = dtype
    this.offset = offset
    this.shape = shape
    this.strides = strides
  }

  /** Elements from the view's first to its last, inclusive; 0 when it is empty. */
  get span(): number {
    if (sizeOf(this.shape) === 0) return 0
    return this.shape.reduce((last, size, axis) => last + (size - 1) * this.strides[axis], 1)
  }
}

const storages = new Map<string, NumericDType | undefined>([
  ['FloatStorage', 'float32'],
  ['DoubleStorage', 'float64'],
  ['HalfStorage', 'float16'],
  ['BFloat16Storage', 'bfloat16'],
  ['LongStorage', 'int64'],
  ['IntStorage', 'int32'],
  ['ShortStorage', 'int16'],
  ['CharStorage', 'int8'],
  ['ByteStorage', 'uint8'],
  ['BoolStorage', 'bool'],
  ['UntypedStorage', undefined],
])
const dtypes = new Map<string, NumericDType>([
  ['torch.float32', 'float32'],
  ['torch.float64', 'float64'],
  ['torch.float16', 'float16'],
  ['torch.bfloat16', 'bfloat16'],
  ['torch.int64', 'int64'],
  ['torch.int32', 'int32'],
  ['torch.int16', 'int16'],
  ['torch.int8', 'int8'],
  ['torch.uint8', 'uint8'],
  ['torch.uint16', 'uint16'],
  ['torch.uint32', 'uint32'],
  ['torch.uint64', 'uint64'],
  ['torch.bool', 'bool'],
])

/** What each allowed function makes of its arguments. */
const functions = new Map<string, (args: readonly unknown[], path: string) => unknown>([
  ['collections.OrderedDict', ([pairs = []], path) => orderedDict(path, pairs)],
  ['torch._utils._rebuild_tensor', (args, path) => view(path, args)],
  ['torch._utils._rebuild_tensor_v2', (args, path) => view(path, args)],
  ['torch._utils._rebuild_tensor_v3', (args, path) => view(path, args, args[6])],
  ['torch._utils._rebuild_parameter', ([data]) => data],
  ['torch._utils._rebuild_parameter_with_state', ([data]) => data],
  ['torch.Size', ([sizes]) => sizes],
  ['torch.device', ([name]) => name],
  ['builtins.set', ([items = []], path) => set(path, items)],
  ['__builtin__.set', ([items = []], path) => set(path, items)],
])
/** PyTorch's own limit is 64. */
const RANK_LIMIT = 64
/** Most objects that a file may hold, and most items that it may have copied from one container to another. */
const COUNT_LIMIT = 1_000_000
const NAME_LIMIT = 4096

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) &&
  value.length <= RANK_LIMIT &&
  value.every((size) => Number.isSafeInteger(size) && size >= 0)

/**
 * The rules of torch's pickles: tensors, parameters, plain containers; anything else is refused by name. Storages are
 * collected in `found` by key.
 */
export function torchRules(path: string, found: Map<string, TorchStorage>): PickleRules {
  let copied = 0
  return {
    path,
    allows: ({ id, module, name }) =>
      functions.has(id) ||
      dtypes.has(id) ||
      (/^torch(\.storage|\.cuda)?$/.test(module) && storages.has(name)),
    call(global, args) {
      const make = functions.get(global.id)
      if (!make) throw refused(path, `a call of ${global.id}`)
      // A list is small in the file each time it is named again; its copies are not.
      copied += args.reduce<number>((sum, arg) => sum + (Array.isArray(arg) ? arg.length : 0), 0)
      if (copied > 8 * COUNT_LIMIT) throw corrupt(path, 'the pickle copies its containers over and over')
      return make(args, path)
    },
    persistent(id) {
      const storage = storageOf(path, id)
      found.set(storage.key, storage)
      return storage
    },
  }
}

function orderedDict(path: string, pairs: unknown): Map<unknown, unknown> {
  if (!Array.isArray(pairs) || !pairs.every((pair) => Array.isArray(pair) && pair.length === 2)) {
    throw corrupt(path, 'an OrderedDict is not made of pairs')
  }
  return new Map(pairs as [unknown, unknown][])
}

function set(path: string, items: unknown): Set<unknown> {
  if (!Array.isArray(items)) throw corrupt(path, 'a set is not made of a list')
  return new Set(items)
}

function storageOf(path: string, id: unknown): TorchStorage {
  const [kind, type, key, , size, part = null] = Array.isArray(id) ? id : []
  const typed = type instanceof PickleGlobal && storages.has(type.name)
  if (kind !== 'storage' || !typed || typeof key !== 'string' || !Number.isSafeInteger(size) || size < 0) {
    throw corrupt(path, 'a persistent id is not that of a storage')
  }
  if (part !== null)
    throw new FlagError('unsupported', `${path}: storage ${key} is a part of another storage`)
  return { kind, key, dtype: storages.get(type.name), size }
}

const isStorage = (value: unknown): value is TorchStorage =>
  typeof value === 'object' && value !== null && (value as TorchStorage).kind === 'storage'

function view(path: string, args: readonly unknown[], type?: unknown): TorchTensor {
  const [storage, offset, shape, strides] = args
  const dtype =
    type === undefined ? isStorage(storage) && storage.dtype : dtypes.get((type as PickleGlobal)?.id)
  if (!isStorage(storage) || !dtype || !isSizes([offset]) || !isSizes(shape) || !isSizes(strides)) {
    throw corrupt(path, 'a tensor is not described by storage, offset, size and stride')
  }
  if (shape.length !== strides.length) {
    throw corrupt(path, `a tensor has ${shape.length} dimensions but ${strides.length} strides`)
  }
  try {
    sizeOf(shape)
  } catch (cause) {
    throw corrupt(path, `a tensor has an impossible shape: ${(cause as Error).message}`, undefined, cause)
  }
  return new TorchTensor(storage, dtype, offset as number, shape, strides)
}

/** The containers in which trainers wrap a state dict. */
const WRAPPERS = ['state_dict', 'model_state_dict', 'model', 'module']
const DEPTH_LIMIT = 32

/**
 * The tensors of an unpickled object by name. A state dict wrapped in `state_dict`, `model` or `module` is
 * unwrapped; deeper containers give dotted names; a lone tensor is named `tensor`.
 */
export function namedTensors(path: string, root: unknown): Map<string, TorchTensor> {
  const found = new Map<string, TorchTensor>()
  let visited = 0
  const visit = (value: unknown, name: string, depth: number): void => {
    if (++visited > COUNT_LIMIT || depth > DEPTH_LIMIT) {
      throw corrupt(path, `holds more than ${COUNT_LIMIT} objects, or nests deeper than ${DEPTH_LIMIT}`)
    }
    if (name.length > NAME_LIMIT) throw corrupt(path, `a name is longer than ${NAME_LIMIT} characters`)
    if (value instanceof TorchTensor) {
      if (found.has(name)) throw corrupt(path, `two tensors are named "${name}"`)
      found.set(name, value)
    } else if (value instanceof Map || Array.isArray(value)) {
      for (const [key, inner] of value.entries()) {
        if (typeof key !== 'string' && typeof key !== 'number') continue
        visit(inner, name === '' ? String(key) : `${name}.${key}`, depth + 1)
      }
    }
  }
  if (root instanceof TorchTensor) found.set('tensor', root)
  else visit(unwrap(root), '', 0)
  return found
}

function unwrap(root: unknown): unknown {
  let inner = root
  for (let depth = 0; depth < 4 && inner instanceof Map; depth++) {
    const values = [...inner.values()]
    if (values.some((value) => value instanceof TorchTensor)) break
    const wrapper: string | undefined = WRAPPERS.find(
      (key) => (inner as Map<unknown, unknown>).get(key) instanceof Map,
    )
    if (wrapper === undefined) break
    inner = inner.get(wrapper)
  }
  return inner
}

/** Throws `corrupt-file` unless the view lies inside its storage of `byteLength` bytes. */
export function checkView(
  path: string,
  name: string,
  tensor: TorchTensor,
  elementSize: number,
  byteLength: number,
): void {
  const end = tensor.offset + tensor.span
  if (end * elementSize <= byteLength) return
  throw corrupt(
    path,
    `tensor "${name}" reads elements ${tensor.offset} to ${end} of storage ${tensor.storage.key}, which has ${byteLength} bytes`,
  )
}

/** Views that repeat elements (stride 0) may not blow a small file up beyond this. */
const EXPANSION_LIMIT = 2 ** 28

export function checkExpansion(path: string, name: string, byteLength: number, storageBytes: number): void {
  if (byteLength <= Math.max(storageBytes, EXPANSION_LIMIT)) return
  throw new FlagError(
    'unsupported',
    `${path}: tensor "${name}" repeats a storage of ${storageBytes} bytes to ${byteLength} bytes`,
    { hint: 'save it with .contiguous() if it is meant' },
  )
}
