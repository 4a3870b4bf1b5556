import { memorySource, readZip, readZipEntry } from '@flag/core-tensor'
import { DataError } from '../errors.ts'

/** The files of an archive in memory, each unpacked when it is asked for. */
export interface Archive {
  has(name: string): boolean
  /** @throws DataError `corrupt-file` if there is no such file, `invalid-argument` if too much was unpacked */
  text(name: string): Promise<string>
}

/**
 * Opens a zip archive. What all its files unpack to together is limited, since a few kilobytes may claim gigabytes;
 * archives whose entries overlap or lie about their size are refused.
 *
 * @throws FlagError `corrupt-file` for a damaged archive
 */
export async function openArchive(
  bytes: Uint8Array,
  name: string,
  maxUnpackedBytes: number,
): Promise<Archive> {
  const source = memorySource(bytes, name)
  const entries = await readZip(source)
  let unpacked = 0
  return {
    has: (file) => entries.has(file),
    async text(file) {
      const entry = entries.get(file)
      if (entry === undefined)
        throw new DataError('corrupt-file', `${name}: no ${file} in the archive, which such a file must have`)
      unpacked += entry.size
      if (unpacked > maxUnpackedBytes)
        throw new DataError(
          'invalid-argument',
          `${name}: unpacks to more than ${maxUnpackedBytes} bytes (maxUnpackedBytes)`,
        )
      return new TextDecoder().decode(await readZipEntry(source, entry))
    },
  }
}
