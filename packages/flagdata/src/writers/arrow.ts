import type { DataType, Schema, Vector } from 'apache-arrow'
import type { Json } from '../document.ts'
import { openAtomic } from './atomic.ts'
import { type Column, type ColumnType, openTable, type Row, rowSize, type TableFile } from './columns.ts'
import type { OutputFormat } from './format.ts'

/** Arrow IPC files (Feather version 2); a block of rows is a record batch. Columns of JSON have the extension type arrow.json. */
export const arrow: OutputFormat = {
  endings: { none: '.arrow' },
  sizeOf: rowSize,
  open: (path) => openTable(path, (columns) => openArrow(path, columns)),
}

async function openArrow(path: string, columns: readonly Column[]): Promise<TableFile> {
  const arrow = await import('apache-arrow')
  const types: Record<ColumnType, DataType> = {
    boolean: new arrow.Bool(),
    integer: new arrow.Int64(),
    number: new arrow.Float64(),
    string: new arrow.Utf8(),
    json: new arrow.Utf8(),
  }
  const extension = new Map([
    ['ARROW:extension:name', 'arrow.json'],
    ['ARROW:extension:metadata', ''],
  ])
  const schema: Schema = new arrow.Schema(
    columns.map(
      ({ name, type, isNullable }) =>
        new arrow.Field(name, types[type], isNullable, type === 'json' ? extension : undefined),
    ),
  )
  const toCell = (value: Json | undefined, type: ColumnType) => {
    if (value === undefined || value === null) return null
    return type === 'integer' ? BigInt(value as number) : type === 'json' ? JSON.stringify(value) : value
  }
  const batchOf = (rows: readonly Row[]) => {
    const vectors: Vector[] = columns.map(({ name, type }) =>
      arrow.vectorFromArray(
        rows.map((row) => toCell(row[name], type)),
        types[type],
      ),
    )
    const children = vectors.map(({ data: [data] }) => data)
    const struct = new arrow.Struct(schema.fields)
    return new arrow.RecordBatch(
      schema,
      arrow.makeData({ type: struct, length: rows.length, nullCount: 0, children }),
    )
  }

  const { file, ...output } = await openAtomic(path)
  /** A file holds a stream, which begins with the schema; the library writes it only into the footer. */
  class FileWriter extends arrow.RecordBatchFileWriter {
    protected override _writeSchema(schema: Schema) {
      super._writeSchema(schema)
      return this._writeMessage(arrow.Message.from(schema))
    }
  }
  const writer = new FileWriter({ autoDestroy: false })
  // The queue between the library and a consumer has no bound; here it is emptied after every batch.
  let chunks: Uint8Array[] = []
  class Sink extends arrow.AsyncByteQueue {
    override write(chunk: Uint8Array) {
      chunks.push(chunk)
    }
  }
  const flush = async () => {
    const full = Buffer.concat(chunks)
    chunks = []
    await file.writeFile(full)
  }
  writer.reset(new Sink(), schema)
  return {
    ...output,
    async write(rows) {
      writer.write(batchOf(rows))
      await flush()
    },
    async finish() {
      writer.finish()
      await flush()
      await output.finish()
    },
  }
}
