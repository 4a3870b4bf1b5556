import { constants, crc32, inflateRawSync } from 'node:zlib'
import { FlagError } from '../errors.ts'
import { type ByteSource, corrupt } from './source.ts'

/** A file in a zip archive. `offset` is where its bytes lie, compressed unless `stored`. */
export interface ZipEntry {
  readonly name: string
  readonly stored: boolean
  readonly offset: number
  readonly compressedSize: number
  /** Bytes when unpacked. */
  readonly size: number
  readonly crc32: number
}

const END = 0x06054b50
const END_SIZE = 22
const END64_LOCATOR = 0x07064b50
const END64_LOCATOR_SIZE = 20
const END64 = 0x06064b50
const END64_SIZE = 56
const CENTRAL = 0x02014b50
const CENTRAL_SIZE = 46
const LOCAL = 0x04034b50
const LOCAL_SIZE = 30
/** A million entries; also what a hostile file can make us hold. */
const DIRECTORY_LIMIT = 2 ** 27
/** Deflate never shrinks further than this. */
const DEFLATE_RATIO = 1032

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/**
 * The entries of a zip archive, by name (APPNOTE.TXT 6.3, with zip64). Only the directory is read.
 *
 * Throws `corrupt-file` for damaged archives, entries that overlap each other or the directory, names that appear
 * twice or point outside the archive; `unsupported` for encryption and compression other than deflate.
 */
export async function readZip(source: ByteSource): Promise<Map<string, ZipEntry>> {
  const { path } = source
  const directory = await findDirectory(source)
  const bytes = await source.read(directory.offset, directory.size)
  const view = viewOf(bytes)
  const entries = new Map<string, ZipEntry>()
  const extents: { name: string; start: number; end: number }[] = []
  let at = 0
  for (let i = 0; i < directory.count; i++) {
    if (at + CENTRAL_SIZE > bytes.length || view.getUint32(at, true) !== CENTRAL) {
      throw corrupt(path, `the zip directory announces ${directory.count} entries, entry ${i} is not there`)
    }
    const nameLength = view.getUint16(at + 28, true)
    const extraLength = view.getUint16(at + 30, true)
    const next = at + CENTRAL_SIZE + nameLength + extraLength + view.getUint16(at + 32, true)
    if (next > bytes.length) throw corrupt(path, `entry ${i} of the zip directory is cut short`)
    const nameBytes = bytes.subarray(at + CENTRAL_SIZE, at + CENTRAL_SIZE + nameLength)
    const name = checkName(path, nameBytes)
    const method = view.getUint16(at + 10, true)
    if (view.getUint16(at + 8, true) & 1)
      throw new FlagError('unsupported', `${path}: entry "${name}" is encrypted`)
    if (method !== 0 && method !== 8) {
      throw new FlagError('unsupported', `${path}: entry "${name}" is compressed by method ${method}`, {
        hint: 'supported: 0 (stored) and 8 (deflate)',
      })
    }
    const sizes = wideSizes(path, name, view, at, bytes.subarray(at + CENTRAL_SIZE + nameLength, next))
    const { size, compressedSize } = sizes
    if (method === 0 && size !== compressedSize) {
      throw corrupt(path, `entry "${name}" is stored in ${compressedSize} bytes but claims ${size}`)
    }
    if (size > compressedSize * DEFLATE_RATIO) {
      throw corrupt(
        path,
        `entry "${name}" claims ${size} bytes from ${compressedSize}, more than deflate can give`,
      )
    }
    const offset = await dataOffset(source, name, nameBytes, sizes.local)
    if (entries.has(name)) throw corrupt(path, `two entries are named "${name}"`)
    entries.set(name, {
      name,
      stored: method === 0,
      offset,
      compressedSize,
      size,
      crc32: view.getUint32(at + 16, true),
    })
    extents.push({ name, start: sizes.local, end: offset + compressedSize })
    at = next
  }
  extents.sort((a, b) => a.start - b.start)
  extents.push({ name: 'the directory', start: directory.offset, end: directory.offset })
  for (let i = 1; i < extents.length; i++) {
    if (extents[i - 1].end > extents[i].start) {
      throw corrupt(path, `entry "${extents[i - 1].name}" overlaps ${JSON.stringify(extents[i].name)}`)
    }
  }
  return entries
}

async function findDirectory(source: ByteSource): Promise<{ offset: number; size: number; count: number }> {
  const { path, size } = source
  const tailSize = Math.min(size, END_SIZE + 0xffff)
  const tail = await source.read(size - tailSize, tailSize)
  const view = viewOf(tail)
  let at = tailSize - END_SIZE
  while (
    at >= 0 &&
    !(view.getUint32(at, true) === END && at + END_SIZE + view.getUint16(at + 20, true) === tailSize)
  ) {
    at -= 1
  }
  if (at < 0) throw corrupt(path, 'has no end-of-directory record, which every zip file ends with')
  const end = size - tailSize + at
  let directory = {
    count: view.getUint16(at + 10, true),
    size: view.getUint32(at + 12, true),
    offset: view.getUint32(at + 16, true),
  }
  let disks = view.getUint16(at + 4, true)
  const locator = end - END64_LOCATOR_SIZE
  if (directory.count === 0xffff || directory.size === 0xffffffff || directory.offset === 0xffffffff) {
    if (locator < END64_SIZE) throw corrupt(path, 'the zip64 end-of-directory record is missing')
    const pointer = viewOf(await source.read(locator, END64_LOCATOR_SIZE))
    const where = Number(pointer.getBigUint64(8, true))
    if (pointer.getUint32(0, true) !== END64_LOCATOR || where > locator - END64_SIZE) {
      throw corrupt(path, 'the zip64 end-of-directory record is missing')
    }
    const record = viewOf(await source.read(where, END64_SIZE))
    if (record.getUint32(0, true) !== END64)
      throw corrupt(path, 'the zip64 end-of-directory record is damaged')
    disks = record.getUint32(16, true)
    directory = {
      count: Number(record.getBigUint64(32, true)),
      size: Number(record.getBigUint64(40, true)),
      offset: Number(record.getBigUint64(48, true)),
    }
  }
  if (disks !== 0)
    throw new FlagError('unsupported', `${path}: zip archives in several parts are not supported`)
  if (directory.offset + directory.size > end) {
    throw corrupt(
      path,
      `the zip directory, ${directory.size} bytes at ${directory.offset}, passes its end at ${end}`,
    )
  }
  if (directory.size > DIRECTORY_LIMIT || directory.count * CENTRAL_SIZE > directory.size) {
    throw corrupt(path, `the zip directory claims ${directory.count} entries in ${directory.size} bytes`)
  }
  return directory
}

/** Names are only ever compared, never opened; but an archive that lies about them deserves no trust. */
function checkName(path: string, bytes: Uint8Array): string {
  let name: string
  try {
    name = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw corrupt(path, 'an entry of the zip archive has a name that is not UTF-8', undefined, cause)
  }
  const outside = /^[/\\]|^[A-Za-z]:|\\|\0/.test(name) || name.split('/').includes('..')
  if (outside || name === '') {
    throw corrupt(
      path,
      `entry ${JSON.stringify(name)} of the zip archive points outside of it`,
      'the archive was made to attack programs that unpack it: do not use it',
    )
  }
  return name
}

/** Sizes and local header offset of a directory entry, from its zip64 field where they pass 32 bits. */
function wideSizes(path: string, name: string, view: DataView, at: number, extra: Uint8Array) {
  let compressedSize = view.getUint32(at + 20, true)
  let size = view.getUint32(at + 24, true)
  let local = view.getUint32(at + 42, true)
  if (size === 0xffffffff || compressedSize === 0xffffffff || local === 0xffffffff) {
    const fields = viewOf(extra)
    let field = 0
    while (field + 4 <= extra.length && fields.getUint16(field, true) !== 1)
      field += 4 + fields.getUint16(field + 2, true)
    const end =
      field + 4 <= extra.length ? Math.min(extra.length, field + 4 + fields.getUint16(field + 2, true)) : 0
    let next = field + 4
    const wide = (): number => {
      if (next + 8 > end) throw corrupt(path, `entry "${name}" lacks its zip64 sizes`)
      next += 8
      return Number(fields.getBigUint64(next - 8, true))
    }
    if (size === 0xffffffff) size = wide()
    if (compressedSize === 0xffffffff) compressedSize = wide()
    if (local === 0xffffffff) local = wide()
  }
  return { compressedSize, size, local }
}

async function dataOffset(
  source: ByteSource,
  name: string,
  nameBytes: Uint8Array,
  local: number,
): Promise<number> {
  const head = await source.read(local, LOCAL_SIZE + nameBytes.length)
  const view = viewOf(head)
  const same = head.subarray(LOCAL_SIZE).every((byte, i) => byte === nameBytes[i])
  if (view.getUint32(0, true) !== LOCAL || view.getUint16(26, true) !== nameBytes.length || !same) {
    throw corrupt(source.path, `entry "${name}" is not at offset ${local}, where the zip directory says`)
  }
  return local + LOCAL_SIZE + nameBytes.length + view.getUint16(28, true)
}

/**
 * An entry's bytes, unpacked. Throws `corrupt-file` when it unpacks to another size or checksum than announced.
 * The checksum of stored entries is not verified: PyTorch can be told to leave it out.
 */
export async function readZipEntry(source: ByteSource, entry: ZipEntry): Promise<Uint8Array> {
  const bytes = await source.read(entry.offset, entry.compressedSize)
  if (entry.stored) return bytes
  let unpacked: Uint8Array
  try {
    unpacked = inflateRawSync(bytes, { maxOutputLength: Math.max(1, entry.size) })
  } catch (cause) {
    throw corrupt(
      source.path,
      `entry "${entry.name}" does not unpack: ${(cause as Error).message}`,
      undefined,
      cause,
    )
  }
  if (unpacked.byteLength !== entry.size || crc32(unpacked) !== entry.crc32) {
    throw corrupt(
      source.path,
      `entry "${entry.name}" unpacks to other bytes than its size and checksum announce`,
    )
  }
  return unpacked
}

/** Compressed bytes from which the start of an entry is unpacked without the rest. */
const HEAD = 4096

/** An entry as a source of its own. A compressed one is unpacked whole only when more than its start is read. */
export async function zipPart(source: ByteSource, entry: ZipEntry): Promise<ByteSource> {
  const path = `${source.path}/${entry.name}`
  const inside = (offset: number, length: number) => {
    if (offset + length > entry.size)
      throw corrupt(path, `ends after ${entry.size} of ${offset + length} bytes`)
  }
  const part = { ...source, path, size: entry.size }
  if (entry.stored) {
    return {
      ...part,
      read: async (offset, length) => {
        inside(offset, length)
        return source.read(entry.offset + offset, length)
      },
    }
  }
  const packed = await source.read(entry.offset, Math.min(HEAD, entry.compressedSize))
  let head: Uint8Array
  try {
    head = inflateRawSync(packed, { finishFlush: constants.Z_SYNC_FLUSH })
  } catch (cause) {
    throw corrupt(path, `does not unpack: ${(cause as Error).message}`, undefined, cause)
  }
  return {
    ...part,
    read: async (offset, length) => {
      inside(offset, length)
      const bytes = offset + length <= head.length ? head : await readZipEntry(source, entry)
      return bytes.slice(offset, offset + length)
    },
  }
}
