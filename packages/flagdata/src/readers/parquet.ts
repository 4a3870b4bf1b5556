import { isUtf8 } from 'node:buffer'
import { type FileHandle, open } from 'node:fs/promises'
import type { AsyncBuffer, Compressors, FileMetaData, RowGroup, SchemaTree } from 'hyparquet'
import type { Document } from '../document.ts'
import type { ReadConfig } from '../pipeline/pipeline.ts'
import type { Format, OnFault } from './format.ts'
import type { Piece } from './piece.ts'
import { between, whole } from './ranges.ts'
import { documentOfRow, INVALID } from './rows.ts'

/** Parquet: a document per row, cut between row groups. */
export const parquet: Format = {
  files: /\.(parquet|parq)$/i,
  examples: 'a.parquet',
  async cut(path, size, { pieceBytes }) {
    const file = await open(path)
    try {
      const { row_groups } = await readMetadata(await bufferOf(file, size))
      return await between(row_groups.slice(1).map(offsetOf), size, pieceBytes)
    } catch {
      // The reader of the piece says what is wrong with it.
      return whole(size)
    } finally {
      await file.close()
    }
  },
  read: readParquet,
}

/** Rows are decoded in batches of about this many bytes, so that memory does not depend on the size of row groups. */
const BATCH_BYTES = 16 * 1024 * 1024
/** Pages that say they are larger are not decompressed. */
const MAX_PAGE = 512 * 1024 * 1024

/** Where the first page of a row group lies. */
function offsetOf({ columns }: RowGroup): number {
  const offsets = columns.flatMap(({ meta_data }) =>
    meta_data
      ? [meta_data.dictionary_page_offset ?? meta_data.data_page_offset, meta_data.data_page_offset]
      : [],
  )
  return offsets.reduce((least, offset) => Math.min(least, Number(offset)), Number.MAX_SAFE_INTEGER)
}

/** A file as the library reads it; what was read last is kept, as batches of a row group ask for the same bytes. */
async function bufferOf(file: FileHandle, size: number): Promise<AsyncBuffer & { forget(): void }> {
  const kept = new Map<string, Promise<ArrayBuffer>>()
  const read = async (start: number, end: number) => {
    if (start < 0 || end > size || end < start)
      throw new Error(`refers to bytes ${start} to ${end} of ${size}`)
    const bytes = new Uint8Array(end - start)
    let done = 0
    while (done < bytes.length) {
      const { bytesRead } = await file.read(bytes, done, bytes.length - done, start + done)
      if (bytesRead === 0) throw new Error(`ends at byte ${start + done}`)
      done += bytesRead
    }
    return bytes.buffer
  }
  return {
    byteLength: size,
    slice(start, end = size) {
      const [from, to] = [start < 0 ? size + start : start, end < 0 ? size + end : end]
      const key = `${from}-${to}`
      const bytes = kept.get(key) ?? read(from, to)
      kept.set(key, bytes)
      return bytes
    },
    forget: () => kept.clear(),
  }
}

/** Of strings that are valid UTF-8 the string. */
const parsers = {
  stringFromBytes: (bytes: Uint8Array | undefined) =>
    bytes && (isUtf8(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString() : INVALID),
  jsonFromBytes: (bytes: Uint8Array | undefined) => {
    if (!bytes) return bytes
    if (!isUtf8(bytes)) return INVALID
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
    try {
      return JSON.parse(text)
    } catch {
      return text
    }
  },
}

async function readMetadata(file: AsyncBuffer): Promise<FileMetaData> {
  const { parquetMetadataAsync, parquetSchema } = await import('hyparquet')
  const metadata = await parquetMetadataAsync(file)
  const leaves: string[] = []
  const visit = ({ path, children }: SchemaTree): void =>
    children.length === 0 ? void leaves.push(path.join('.')) : children.forEach(visit)
  visit(parquetSchema(metadata))
  // The library starts to read all columns, and does not look at what becomes of one that the schema does not have.
  for (const [number, { columns }] of metadata.row_groups.entries()) {
    const paths = columns.map(({ meta_data }) => meta_data?.path_in_schema.join('.'))
    if (paths.length !== leaves.length || paths.some((path, i) => path !== leaves[i]))
      throw new Error(
        `row group ${number} has the columns ${paths.join(', ')}, the schema ${leaves.join(', ')}`,
      )
  }
  return metadata
}

async function decompressors(): Promise<Compressors> {
  const { compressors } = await import('hyparquet-compressors')
  return Object.fromEntries(
    Object.entries(compressors).map(([codec, decompress]) => [
      codec,
      (input: Uint8Array, length: number) => {
        if (length > MAX_PAGE) throw new Error(`a page of ${length} bytes`)
        return decompress(input, length)
      },
    ]),
  )
}

async function* readParquet(piece: Piece, config: ReadConfig, onFault: OnFault): AsyncGenerator<Document> {
  const handle = await open(piece.path)
  try {
    const { size } = await handle.stat()
    const file = await bufferOf(handle, size)
    let metadata: FileMetaData
    try {
      metadata = await readMetadata(file)
    } catch (error) {
      const isCutOff = (await hasMark(handle, 0)) && !(await hasMark(handle, size - 4))
      onFault(
        isCutOff ? 'truncated-parquet' : 'corrupt-parquet',
        size,
        `no footer: ${(error as Error).message}`,
      )
      return
    }
    const { parquetReadObjects } = await import('hyparquet')
    const compressors = await decompressors()
    let groupStart = 0
    for (const [number, group] of metadata.row_groups.entries()) {
      const rows = Number(group.num_rows)
      const offset = offsetOf(group)
      const isFirst = number === 0 && piece.start === 0
      if (isFirst || (offset >= piece.start && offset < piece.end)) {
        const step = Math.max(1, Math.floor(rows / Math.max(1, Number(group.total_byte_size) / BATCH_BYTES)))
        for (let from = 0; from < rows; from += step) {
          const to = Math.min(rows, from + step)
          const range = { rowStart: groupStart + from, rowEnd: groupStart + to }
          let objects: Record<string, unknown>[]
          try {
            objects = await parquetReadObjects({
              ...{ file, metadata, compressors, parsers, utf8: false },
              ...range,
            })
          } catch (error) {
            const lost = `row group ${number}, rows ${from} to ${rows - 1}`
            onFault('corrupt-parquet', offset, `${lost}: ${(error as Error).message}`)
            break
          }
          for (const [i, object] of objects.entries()) {
            const id = `${piece.file}#${range.rowStart + i}`
            const document = documentOfRow(Object.entries(object), id, config, (kind, found) =>
              onFault(kind, offset, `row group ${number}, row ${from + i}: ${found}`),
            )
            if (document) yield document
          }
        }
      }
      file.forget()
      groupStart += rows
    }
  } finally {
    await handle.close()
  }
}

/** Whether the four bytes are there with which a file of Parquet starts and ends. */
async function hasMark(file: FileHandle, at: number): Promise<boolean> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, Math.max(0, at))
  return buffer.toString('latin1', 0, bytesRead) === 'PAR1'
}
