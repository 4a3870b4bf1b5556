import { promises as fs } from 'node:fs'
import { dirname } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import {
  type Data,
  DataType,
  Field,
  FixedSizeList,
  Float32,
  makeData,
  Precision,
  RecordBatch,
  Schema,
  Struct,
  Table,
  tableFromIPC,
  tableToIPC,
  type Vector,
} from 'apache-arrow'

/**
 * A table with one more column: vectors of one length as `FixedSizeList<Float32>` under `embedding`, without a
 * copy. `vectors` holds `rows × dimension` numbers, row by row.
 */
export function vectorTable(
  columns: Record<string, Vector>,
  vectors: Float32Array,
  dimension: number,
  metadata: Record<string, string> = {},
): Table {
  const rows = dimension === 0 ? (Object.values(columns)[0]?.length ?? 0) : vectors.length / dimension
  const names = Object.keys(columns)
  const fields = names.map((name) => new Field(name, columns[name].type, columns[name].nullCount > 0))
  const children: Data[] = names.map((name) => columns[name].data[0])
  if (dimension > 0) {
    const type = new FixedSizeList(dimension, new Field('item', new Float32(), false))
    fields.push(new Field('embedding', type, false))
    children.push(
      makeData({ type, length: rows, nullCount: 0, child: makeData({ type: new Float32(), data: vectors }) }),
    )
  }
  const schema = new Schema(fields, new Map(Object.entries(metadata)))
  const data = makeData({ type: new Struct(fields), length: rows, nullCount: 0, children })
  return new Table(schema, [new RecordBatch(schema, data)])
}

/** The vectors of `vectorTable`, in one piece. Empty when the table has none. */
export function vectorsOf(table: Table): { vectors: Float32Array; dimension: number } {
  const column = table.getChild('embedding')
  if (!column) return { vectors: new Float32Array(0), dimension: 0 }
  const type = column.type as FixedSizeList
  const element = DataType.isFixedSizeList(type) ? type.children[0].type : undefined
  if (!DataType.isFloat(element) || element.precision !== Precision.SINGLE) {
    throw new FlagError('corrupt-file', `column "embedding" is ${column.type}, expected a list of float32`)
  }
  const dimension = type.listSize
  const parts = column.data.map(({ children: [child], offset, length }) =>
    (child.values as Float32Array).subarray(offset * dimension, (offset + length) * dimension),
  )
  if (parts.length === 1) return { vectors: parts[0], dimension }
  const vectors = new Float32Array(table.numRows * dimension)
  let at = 0
  for (const part of parts) {
    vectors.set(part, at)
    at += part.length
  }
  return { vectors, dimension }
}

/** Reads an Arrow file. Throws `corrupt-file` naming it. */
export async function readTable(path: string): Promise<Table> {
  const bytes = await fs.readFile(path)
  try {
    return tableFromIPC(bytes)
  } catch (cause) {
    throw new FlagError('corrupt-file', `${path}: not a readable Arrow file (${(cause as Error).message})`, {
      cause,
    })
  }
}

/** Writes bytes under a temporary name and renames, so that the file is either whole or not there. Throws `io`. */
export async function writeWhole(path: string, bytes: Uint8Array | string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`
  try {
    await fs.mkdir(dirname(path), { recursive: true })
    const handle = await fs.open(temporary, 'w')
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await fs.rename(temporary, path)
  } catch (cause) {
    await fs.rm(temporary, { force: true })
    throw new FlagError('io', `cannot write ${path}: ${(cause as Error).message}`, { cause })
  }
}

/** Writes an Arrow IPC file. */
export async function writeTable(path: string, table: Table): Promise<void> {
  await writeWhole(path, tableToIPC(table, 'file'))
}
