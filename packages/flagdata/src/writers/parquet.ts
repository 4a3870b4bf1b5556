import { gzipSync } from 'node:zlib'
import type { SchemaElement } from 'hyparquet'
import type { ParquetWriteOptions } from 'hyparquet-writer'
import type { Json } from '../document.ts'
import { openAtomic } from './atomic.ts'
import { type Column, type ColumnType, openTable, rowSize, type TableFile } from './columns.ts'
import type { Codec, OutputFormat } from './format.ts'
import { zstdCompressor } from './zstd.ts'

/** Parquet; a block of rows is a row group. Columns of JSON have the logical type JSON. */
export const parquet: OutputFormat = {
  endings: { snappy: '.parquet', none: '.parquet', gzip: '.parquet', zstd: '.parquet' },
  sizeOf: rowSize,
  open: (path, codec) => openTable(path, (columns) => openParquet(path, columns, codec)),
}

const codecs = { none: 'UNCOMPRESSED', snappy: 'SNAPPY', gzip: 'GZIP', zstd: 'ZSTD' } as const

const elements: Record<ColumnType, Omit<SchemaElement, 'name'>> = {
  boolean: { type: 'BOOLEAN' },
  integer: { type: 'INT64' },
  number: { type: 'DOUBLE' },
  string: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  json: { type: 'BYTE_ARRAY', converted_type: 'JSON', logical_type: { type: 'JSON' } },
}

const toCell = (value: Json | undefined, type: ColumnType) =>
  value === undefined || value === null ? null : type === 'integer' ? BigInt(value as number) : value

async function compressorsOf(codec: Codec): Promise<ParquetWriteOptions['compressors']> {
  // The writer has a Snappy of its own in JavaScript; this one is WebAssembly.
  if (codec === 'snappy') return { SNAPPY: (await import('hysnappy')).snappyCompressor() }
  if (codec === 'gzip') return { GZIP: (bytes) => gzipSync(bytes) }
  return codec === 'zstd' ? { ZSTD: await zstdCompressor() } : {}
}

async function openParquet(path: string, columns: readonly Column[], codec: Codec): Promise<TableFile> {
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer')
  const { file, ...output } = await openAtomic(path)
  const bytes = new ByteWriter()
  const flush = async () => {
    await file.writeFile(bytes.getBytes())
    bytes.index = 0
  }
  const writer = new ParquetWriter({
    writer: bytes,
    codec: codecs[codec],
    compressors: await compressorsOf(codec),
    createdBy: '@flag/data',
    schema: [
      { name: 'schema', num_children: columns.length },
      ...columns.map(({ name, type, isNullable }) => ({
        name,
        ...elements[type],
        repetition_type: isNullable ? ('OPTIONAL' as const) : ('REQUIRED' as const),
      })),
    ],
  })
  return {
    ...output,
    async write(rows) {
      const columnData = columns.map(({ name, type }) => ({
        name,
        data: rows.map((row) => toCell(row[name], type)),
      }))
      await writer.write({ columnData, rowGroupSize: rows.length })
      await flush()
    },
    async finish() {
      await writer.finish()
      await flush()
      await output.finish()
    },
  }
}
