import { FlagError } from '../errors.ts'
import { byteSize } from '../tensor/dtype.ts'
import { byteLengthOf, sizeOf } from '../tensor/tensor.ts'
import type { Contents, Entry } from './checkpoint.ts'
import { unpickle } from './pickle.ts'
import { PickleTruncated } from './pickleMachine.ts'
import { type ByteSource, contiguousStrides, corrupt, gather, rawEntry } from './source.ts'
import {
  checkExpansion,
  checkView,
  namedTensors,
  storageWidth,
  type TorchStorage,
  type TorchTensor,
  torchRules,
} from './torchObjects.ts'
import { readZip, readZipEntry, type ZipEntry } from './zip.ts'

/** A pickle of this many bytes describes millions of tensors. */
const PICKLE_LIMIT = 2 ** 28

/** Where the bytes of a storage lie. */
interface Region {
  readonly byteLength: number
  /** Offset in the file; absent when the bytes are compressed. */
  readonly offset?: number
  read(offset: number, length: number): Promise<Uint8Array>
}

/**
 * Reads what `torch.save` writes since PyTorch 1.6: a zip archive of one pickle and one file per storage.
 *
 * Nothing of the pickle is executed (see `pickle.ts`). Throws `corrupt-file`, or `unsupported` for pickles that hold
 * more than tensors and plain containers and for TorchScript archives.
 */
export async function readTorchZip(source: ByteSource): Promise<Contents> {
  const { path } = source
  const files = await readZip(source)
  const pickle = [...files.keys()].find((name) => /^([^/]+\/)?data\.pkl$/.test(name))
  if (pickle === undefined) {
    throw corrupt(path, 'holds no data.pkl, which every torch archive has', 'is this zip file a checkpoint?')
  }
  const folder = pickle.slice(0, -'data.pkl'.length)
  if (files.has(`${folder}constants.pkl`)) {
    throw new FlagError('unsupported', `${path}: is a TorchScript program, not a checkpoint`, {
      hint: 'save the state dict: torch.save(model.state_dict(), path)',
    })
  }
  await checkByteOrder(source, files.get(`${folder}byteorder`))
  const entry = files.get(pickle) as ZipEntry
  if (entry.size > PICKLE_LIMIT)
    throw corrupt(path, `data.pkl claims ${entry.size} bytes, expected at most ${PICKLE_LIMIT}`)
  const { value } = unpickle(await readZipEntry(source, entry), torchRules(path, new Map()))
  return contentsOf(source, value, (key) => {
    const file = files.get(`${folder}data/${key}`)
    if (!file) throw corrupt(path, `storage ${key} is referred to but is not in the archive`)
    return zipRegion(source, file)
  })
}

async function checkByteOrder(source: ByteSource, file: ZipEntry | undefined): Promise<void> {
  if (!file || file.size > 16) return
  const order = new TextDecoder().decode(await readZipEntry(source, file))
  if (order === 'little') return
  throw new FlagError(
    'unsupported',
    `${source.path}: the byte order is ${JSON.stringify(order)}, expected "little"`,
  )
}

function zipRegion(source: ByteSource, file: ZipEntry): Region {
  return {
    byteLength: file.size,
    offset: file.stored ? file.offset : undefined,
    read: async (offset, length) =>
      file.stored
        ? source.read(file.offset + offset, length)
        : (await readZipEntry(source, file)).slice(offset, offset + length),
  }
}

function contentsOf(source: ByteSource, root: unknown, region: (key: string) => Region): Contents {
  const tensors = namedTensors(source.path, root)
  return {
    entries: [...tensors].map(([name, tensor]) => entryOf(source, name, tensor, region(tensor.storage.key))),
  }
}

function entryOf(source: ByteSource, name: string, tensor: TorchTensor, region: Region): Entry {
  const { path } = source
  const { dtype, shape, strides, offset, storage } = tensor
  const size = byteSize(dtype)
  const announced = storage.size * storageWidth(storage)
  if (announced !== region.byteLength) {
    throw corrupt(path, `storage ${storage.key} should have ${announced} bytes, it has ${region.byteLength}`)
  }
  checkView(path, name, tensor, size, region.byteLength)
  const rowMajor = contiguousStrides(shape)
  const contiguous =
    sizeOf(shape) === 0 || shape.every((dim, axis) => dim === 1 || strides[axis] === rowMajor[axis])
  if (contiguous && region.offset !== undefined) {
    return rawEntry(source, name, dtype, shape, region.offset + offset * size)
  }
  checkExpansion(path, name, byteLengthOf(dtype, shape), region.byteLength)
  return {
    name,
    dtype,
    shape,
    read: async () =>
      gather(
        dtype,
        shape,
        contiguous ? rowMajor : strides,
        await region.read(offset * size, tensor.span * size),
      ),
  }
}

/** First bytes of `torch.save` before 1.6: a pickle (protocol 2) of a magic number of ten bytes. */
const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn
export const LEGACY_PREFIX = [
  0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e,
]
const LEGACY_WINDOW = 2 ** 20

/**
 * Reads what `torch.save` wrote before PyTorch 1.6: pickles of a magic number, protocol, system, object and storage
 * keys, then each storage as its length and bytes.
 */
export async function readTorchLegacy(source: ByteSource): Promise<Contents> {
  const { path, size } = source
  const storages = new Map<string, TorchStorage>()
  const rules = torchRules(path, storages)
  const parse = (bytes: Uint8Array) => {
    const values: unknown[] = []
    let end = 0
    while (values.length < 5) {
      const next = unpickle(bytes, rules, end)
      values.push(next.value)
      end = next.end
    }
    return { values, end }
  }
  let parsed: ReturnType<typeof parse> | undefined
  // How long the pickles are is known only once they are read.
  for (let window = LEGACY_WINDOW; !parsed; window *= 4) {
    const length = Math.min(window, size, PICKLE_LIMIT)
    try {
      parsed = parse(await source.read(0, length))
    } catch (error) {
      if (!(error instanceof PickleTruncated) || length < window) throw error
    }
  }
  const [magic, protocol, system, root, keys] = parsed.values
  if (magic !== LEGACY_MAGIC || protocol !== 1001) {
    throw corrupt(path, `is not a torch file of protocol 1001, found ${String(protocol).slice(0, 40)}`)
  }
  if (system instanceof Map && system.get('little_endian') === false) {
    throw new FlagError('unsupported', `${path}: was saved on a big-endian machine`)
  }
  if (!Array.isArray(keys)) throw corrupt(path, 'the list of storages is missing')
  const regions = await legacyRegions(source, keys, parsed.end, storages)
  return contentsOf(source, root, (key) => {
    const region = regions.get(key)
    if (!region) throw corrupt(path, `storage ${key} is referred to but is not in the file`)
    return region
  })
}

async function legacyRegions(
  source: ByteSource,
  keys: readonly unknown[],
  start: number,
  storages: ReadonlyMap<string, TorchStorage>,
): Promise<Map<string, Region>> {
  const regions = new Map<string, Region>()
  let at = start
  for (const key of keys) {
    const storage = storages.get(key as string)
    if (!storage)
      throw corrupt(source.path, `the list of storages names ${String(key).slice(0, 40)}, which is not used`)
    const head = await source.read(at, 8)
    const count = Number(new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0, true))
    const offset = at + 8
    const byteLength = count * storageWidth(storage)
    if (offset + byteLength > source.size) {
      throw corrupt(
        source.path,
        `storage ${key} needs ${byteLength} bytes at ${offset}, the file has ${source.size}`,
      )
    }
    regions.set(storage.key, {
      byteLength,
      offset,
      read: (from, length) => source.read(offset + from, length),
    })
    at = offset + byteLength
  }
  return regions
}
