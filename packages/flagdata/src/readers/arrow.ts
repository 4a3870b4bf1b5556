import { isUtf8 } from 'node:buffer'
import { type FileHandle, open } from 'node:fs/promises'
import type { Data, Field, RecordBatch, Vector } from 'apache-arrow'
import type { Document } from '../document.ts'
import type { ReadConfig } from '../pipeline/pipeline.ts'
import { type ArrowMessage, arrowMessages } from './arrowMessages.ts'
import type { Format, OnFault } from './format.ts'
import { decompressLz4Frame } from './lz4.ts'
import type { Piece } from './piece.ts'
import { between } from './ranges.ts'
import { documentOfRow, INVALID } from './rows.ts'

/** Arrow IPC, files (Feather version 2) and streams: a document per row, cut between record batches. */
export const arrow: Format = {
  files: /\.(arrow|arrows|feather|ipc)$/i,
  examples: 'a.arrow, a.feather',
  async cut(path, size, { pieceBytes }) {
    const file = await open(path)
    async function* places() {
      for await (const { kind, offset } of arrowMessages(file, size, () => {}))
        if (kind === 'batch') yield offset
    }
    try {
      return await between(places(), size, pieceBytes)
    } finally {
      await file.close()
    }
  },
  read: readArrow,
}

type Arrow = typeof import('apache-arrow')

/** Loads the library with the decompressors that it leaves to others. */
async function loadArrow(): Promise<Arrow> {
  const arrow = await import('apache-arrow')
  const { decompress } = await import('fzstd')
  const { compressionRegistry, CompressionType } = arrow
  compressionRegistry.set(CompressionType.ZSTD, { decode: (bytes) => decompress(bytes).slice() })
  compressionRegistry.set(CompressionType.LZ4_FRAME, { decode: (bytes) => decompressLz4Frame(bytes) })
  return arrow
}

async function* readArrow(piece: Piece, config: ReadConfig, onFault: OnFault): AsyncGenerator<Document> {
  const arrow = await loadArrow()
  const file = await open(piece.path)
  try {
    const { size } = await file.stat()
    /** What every batch needs to be understood: the schema and the dictionaries so far. */
    const context: Buffer[] = []
    let hasSchema = false
    let [number, row] = [0, 0]
    const messages = arrowMessages(file, size, (kind, offset, found) => {
      // Damage lies behind the last batch that can be found, so the last piece meets it.
      if (piece.end >= size) onFault(kind, offset, `record batch ${number}: ${found}`)
    })
    for await (const message of messages) {
      if (message.kind === 'schema' || message.kind === 'dictionary')
        context.push(await bytesOf(file, message))
      if (message.kind === 'schema') hasSchema = true
      if (message.kind !== 'batch') continue
      const isOurs = message.offset >= piece.start && message.offset < piece.end
      if (message.offset >= piece.end) return
      if (!hasSchema) context.unshift(await schemaOfFooter(arrow, file, size))
      hasSchema = true
      const bytes = isOurs ? await bytesOf(file, message) : await headOf(file, message)
      const rows = rowsOf(arrow, bytes)
      if (isOurs) {
        let batches: RecordBatch[]
        try {
          batches = [...arrow.RecordBatchReader.from(Buffer.concat([...context, bytes]))]
        } catch (error) {
          onFault('corrupt-arrow', message.offset, `record batch ${number}: ${(error as Error).message}`)
          batches = []
        }
        for (const batch of batches) yield* documentsOf(batch, message.offset, number, row)
      }
      number++
      row += rows
    }
  } finally {
    await file.close()
  }

  function* documentsOf(batch: RecordBatch, offset: number, number: number, first: number) {
    if (!batch.data.children.every((data) => holds(data, batch.numRows))) {
      onFault('corrupt-arrow', offset, `record batch ${number}: no buffers for ${batch.numRows} rows`)
      return
    }
    const columns = batch.schema.fields.map((field: Field, i) => ({
      name: field.name,
      get: getter(arrow, field, batch.getChildAt(i) as Vector),
    }))
    for (let i = 0; i < batch.numRows; i++) {
      const place = `record batch ${number}, row ${i}`
      let row: (readonly [string, unknown])[]
      try {
        row = columns.map(({ name, get }) => [name, get(i)] as const)
      } catch (error) {
        onFault('corrupt-arrow', offset, `${place} and those after it: ${(error as Error).message}`)
        return
      }
      const document = documentOfRow(row, `${piece.file}#${first + i}`, config, (kind, found) =>
        onFault(kind, offset, `${place}: ${found}`),
      )
      if (document) yield document
    }
  }
}

/**
 * The schema of a file as a message, for files that hold it only in their footer, as those of Arrow's JavaScript do;
 * nothing if there is no footer.
 */
async function schemaOfFooter(arrow: Arrow, file: FileHandle, size: number): Promise<Buffer> {
  const TAIL = 10
  const tail = Buffer.alloc(TAIL)
  await file.read(tail, 0, TAIL, size - TAIL)
  const length = tail.readInt32LE(0)
  if (tail.toString('latin1', 4) !== 'ARROW1' || length <= 0 || length + TAIL > size) return Buffer.alloc(0)
  const footer = Buffer.alloc(length + TAIL)
  await file.read(footer, 0, footer.length, size - footer.length)
  const { Footer } = await import('apache-arrow/ipc/metadata/file')
  const { schema } = Footer.decode(footer.subarray(0, length))
  const metadata = arrow.Message.encode(arrow.Message.from(schema))
  const padding = (8 - (metadata.length % 8)) % 8
  const prefix = Buffer.alloc(8)
  prefix.writeUInt32LE(0xffffffff, 0)
  prefix.writeInt32LE(metadata.length + padding, 4)
  return Buffer.concat([prefix, metadata, Buffer.alloc(padding)])
}

async function bytesOf(file: FileHandle, { offset, headLength, bodyLength }: ArrowMessage): Promise<Buffer> {
  const bytes = Buffer.alloc(headLength + bodyLength)
  await file.read(bytes, 0, bytes.length, offset)
  return bytes
}

const headOf = (file: FileHandle, message: ArrowMessage) => bytesOf(file, { ...message, bodyLength: 0 })

/** The rows that a record batch says it has; none if that cannot be read. */
function rowsOf({ Message }: Arrow, message: Buffer): number {
  const isLegacy = message.readUInt32LE(0) !== 0xffffffff
  const start = isLegacy ? 4 : 8
  const length = message.readInt32LE(start - 4)
  try {
    const header = Message.decode(message.subarray(start, start + length)).header()
    return 'length' in header ? Number(header.length) : 0
  } catch {
    return 0
  }
}

/**
 * Whether the buffers of a column hold so many rows; of damaged ones neither lengths nor offsets are to be believed, and
 * following them would cost all memory.
 */
function holds({ length, valueOffsets, values, children, typeIds }: Data, rows: number): boolean {
  if (length < rows) return false
  if (typeIds && typeIds.length > 0) return typeIds.length >= rows
  if (valueOffsets && valueOffsets.length > 0) {
    if (valueOffsets.length <= rows) return false
    let before = 0
    for (let i = 0; i <= rows; i++) {
      const offset = Number(valueOffsets[i])
      if (offset < before) return false
      before = offset
    }
    return children.length > 0 ? holds(children[0], before) : before <= values.byteLength
  }
  // Booleans take a bit each, everything else more.
  if (values && values.byteLength > 0) return values.byteLength * 8 >= rows
  // What has no buffer of its own has those of its children; a column of nothing but nulls has none.
  return children.length > 0 ? children.every((child) => holds(child, rows)) : rows <= MAX_NULLS
}

/** Rows that are believed of columns without buffers. */
const MAX_NULLS = 1 << 20

/** How the values of a column are read. */
function getter(arrow: Arrow, field: Field, vector: Vector): (row: number) => unknown {
  const { DataType } = arrow
  const { type } = field
  const isJson = field.metadata.get('ARROW:extension:name') === 'arrow.json'
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) {
    const [{ values, valueOffsets }] = vector.data
    const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength)
    return (row) => {
      if (!vector.isValid(row)) return null
      const slice = bytes.subarray(Number(valueOffsets[row]), Number(valueOffsets[row + 1]))
      if (!isUtf8(slice)) return INVALID
      return isJson ? jsonOr(slice.toString()) : slice.toString()
    }
  }
  if (DataType.isTimestamp(type) || DataType.isDate(type))
    return (row) => (vector.isValid(row) ? new Date(Number(vector.get(row))) : null)
  if (DataType.isDecimal(type))
    return (row) => (vector.isValid(row) ? decimal(vector.get(row), type.scale) : null)
  return (row) => unwrap(vector.get(row))
}

/** Lists and structs as what they are made of. */
const unwrap = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'toJSON' in value && !(value instanceof Date)
    ? (value.toJSON as () => unknown)()
    : value

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Little-endian two's complement of any width, as digits. */
function decimal(words: Uint32Array, scale: number): string {
  let value = 0n
  for (let i = words.length - 1; i >= 0; i--) value = (value << 32n) | BigInt(words[i])
  value = BigInt.asIntN(words.length * 32, value)
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0')
  const whole = digits.slice(0, digits.length - scale)
  return `${value < 0n ? '-' : ''}${whole}${scale > 0 ? `.${digits.slice(-scale)}` : ''}`
}
