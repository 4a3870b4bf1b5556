import { crc32 } from 'node:zlib'
import { FlagError } from '../errors.ts'
import { writeAll, writeAtomically } from './atomic.ts'

/** A file to be put in an archive: its name, its size and its bytes, which may come in pieces as they are written. */
export interface ZipFile {
  readonly name: string
  readonly size: number
  readonly pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>
}

/** Data of every file starts at a multiple of this, so that vectors can be used where they lie. */
const ALIGNMENT = 64
/** Extra-field id under which the filling is kept, as PyTorch names it. */
const PADDING_ID = 0x4246
const WIDE = 0xffffffff
/** Where the checksum stands in the header of a file. */
const CHECKSUM_AT = 14

/** Little-endian integers of 2, 4 or 8 bytes in a row. */
function packed(...fields: readonly [size: 2 | 4 | 8, value: number][]): Uint8Array {
  const bytes = new Uint8Array(fields.reduce((length, [size]) => length + size, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const [size, value] of fields) {
    if (size === 2) view.setUint16(at, value, true)
    else if (size === 4) view.setUint32(at, value, true)
    else view.setBigUint64(at, BigInt(value), true)
    at += size
  }
  return bytes
}

/**
 * Writes an uncompressed zip archive, with zip64 fields where sizes need them, complete or not at all. Times are
 * left at the format's origin, so equal contents give equal files. Throws `invalid-argument` for equal names and for
 * files of another size than announced, `io`.
 */
export async function writeZip(path: string, files: readonly ZipFile[]): Promise<void> {
  if (new Set(files.map(({ name }) => name)).size !== files.length) {
    throw new FlagError('invalid-argument', `${path}: two files of the archive have the same name`)
  }
  await writeAtomically(path, async (file) => {
    const directory: Uint8Array[] = []
    let at = 0
    const write = async (bytes: Uint8Array) => {
      await writeAll(file, bytes)
      at += bytes.byteLength
    }
    for (const { name, size, pieces } of files) {
      const nameBytes = new TextEncoder().encode(name)
      const offset = at
      const wide = size >= WIDE || offset >= WIDE
      const sizes = wide ? packed([2, 1], [2, 16], [8, size], [8, size]) : new Uint8Array()
      const sizesAndPlace = wide
        ? packed([2, 1], [2, 24], [8, size], [8, size], [8, offset])
        : new Uint8Array()
      const before = at + 30 + nameBytes.length + sizes.length + 4
      const padding = (ALIGNMENT - (before % ALIGNMENT)) % ALIGNMENT
      const field = wide ? WIDE : size
      // Version 4.5 where zip64 is used; bit 11: names are UTF-8; the date is 1 January 1980.
      const common = (checksum: number) =>
        packed(
          [2, wide ? 45 : 20],
          [2, 0x800],
          [2, 0],
          [2, 0],
          [2, 0x21],
          [4, checksum],
          [4, field],
          [4, field],
        )
      await write(packed([4, 0x04034b50]))
      await write(common(0))
      await write(packed([2, nameBytes.length], [2, sizes.length + 4 + padding]))
      await write(nameBytes)
      await write(sizes)
      await write(packed([2, PADDING_ID], [2, padding]))
      await write(new Uint8Array(padding))
      const start = at
      let checksum = 0
      for await (const piece of pieces) {
        checksum = crc32(piece, checksum)
        await write(piece)
      }
      if (at - start !== size) {
        throw new FlagError(
          'invalid-argument',
          `${path}: "${name}" has ${at - start} bytes, announced ${size}`,
        )
      }
      // Known only now; the file is not yet under its name.
      await file.write(packed([4, checksum]), 0, 4, offset + CHECKSUM_AT)
      const place = packed([2, 0], [2, 0], [2, 0], [4, 0], [4, wide ? WIDE : offset])
      directory.push(
        packed([4, 0x02014b50], [2, 45]),
        common(checksum),
        packed([2, nameBytes.length], [2, sizesAndPlace.length]),
      )
      directory.push(place, nameBytes, sizesAndPlace)
    }
    const begin = at
    for (const part of directory) await write(part)
    const length = at - begin
    const count = files.length
    const end64 = at
    if (count >= 0xffff || begin >= WIDE || length >= WIDE) {
      await write(packed([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0]))
      await write(packed([8, count], [8, count], [8, length], [8, begin]))
      await write(packed([4, 0x07064b50], [4, 0], [8, end64], [4, 1]))
    }
    const counts = Math.min(count, 0xffff)
    await write(packed([4, 0x06054b50], [2, 0], [2, 0], [2, counts], [2, counts]))
    await write(packed([4, Math.min(length, WIDE)], [4, Math.min(begin, WIDE)], [2, 0]))
  })
}
