import { rm } from 'node:fs/promises'
import type { Document, Json } from '../document.ts'
import { readChunks } from '../readers/chunks.ts'
import { readLines } from '../readers/lines.ts'
import { PARTIAL } from './atomic.ts'
import type { DocumentFile } from './format.ts'
import { openTextWriter } from './lines.ts'

/** What a column of a table holds; `json` are strings of JSON. */
export type ColumnType = 'boolean' | 'integer' | 'number' | 'string' | 'json'

export interface Column {
  name: string
  type: ColumnType
  /** Whether a row may have no value. */
  isNullable: boolean
}

export type Row = { [column: string]: Json }

/** Keys of the metadata that become columns of their own; what is more lies in the column `metadata`. */
const MAX_COLUMNS = 500
const taken = new Set(['id', 'text', 'media', 'metadata', ''])

/**
 * A document as a row: id, text, media, and a column per key of the metadata. Keys that cannot be a column lie in an
 * object `metadata`, which readers spread again.
 */
export function rowOf(
  { id, text, media, metadata }: Document,
  isColumn: (key: string) => boolean = () => true,
): Row {
  const columns: [string, Json][] = []
  const rest: [string, Json][] = []
  for (const entry of Object.entries(metadata))
    (taken.has(entry[0]) || !isColumn(entry[0]) ? rest : columns).push(entry)
  return Object.fromEntries<Json>([
    ['id', id],
    ['text', text],
    ...(media ? [['media', media as unknown as Json] as const] : []),
    ...columns,
    ...(rest.length > 0 ? [['metadata', Object.fromEntries(rest)] as const] : []),
  ])
}

/** The bytes of a row as JSON, which is near to what it takes in any table. */
export const rowSize = (document: Document): number => Buffer.byteLength(JSON.stringify(rowOf(document)))

function typeOf(value: Json): ColumnType {
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'boolean'
  if (typeof value !== 'number') return 'json'
  return Number.isSafeInteger(value) ? 'integer' : 'number'
}

/** The columns of the rows seen so far: a type where all values of a column agree, else JSON. */
class Columns {
  readonly #types = new Map<string, ColumnType>()
  readonly #counts = new Map<string, number>()
  #rows = 0

  isColumn = (key: string): boolean => this.#types.has(key) || this.#types.size < MAX_COLUMNS

  add(row: Row): void {
    this.#rows++
    for (const [name, value] of Object.entries(row)) {
      const before = this.#types.get(name)
      // A column of which nothing but null was seen holds JSON, as long as nothing else comes.
      if (value === null) {
        if (before === undefined) this.#types.set(name, 'json')
        continue
      }
      const isFirst = !this.#counts.has(name)
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
      this.#types.set(name, isFirst || before === undefined ? typeOf(value) : common(before, typeOf(value)))
    }
  }

  all(): Column[] {
    const first: Column[] = [
      { name: 'id', type: 'string', isNullable: false },
      { name: 'text', type: 'string', isNullable: false },
    ]
    const others = [...this.#types].filter(([name]) => name !== 'id' && name !== 'text')
    return [
      ...first,
      ...others.map(([name, type]) => ({
        name,
        type,
        isNullable: (this.#counts.get(name) ?? 0) < this.#rows,
      })),
    ]
  }
}

function common(a: ColumnType, b: ColumnType): ColumnType {
  if (a === b) return a
  const isNumeric = (type: ColumnType) => type === 'integer' || type === 'number'
  return isNumeric(a) && isNumeric(b) ? 'number' : 'json'
}

/** Writes a table: given its columns, and blocks of rows in order. */
export interface TableFile {
  write(rows: readonly Row[]): Promise<void>
  finish(): Promise<void>
  commit(): Promise<void>
  discard(): Promise<void>
}

/** Rows are handed on in blocks of about this many bytes of JSON. */
const BLOCK_BYTES = 16 * 1024 * 1024

/**
 * A table whose columns are known only when all rows were seen: they wait as JSON in a file beside it, so memory holds
 * one block.
 */
export async function openTable(
  path: string,
  open: (columns: readonly Column[]) => Promise<TableFile>,
): Promise<DocumentFile> {
  const waiting = `${path}.rows`
  const rows = await openTextWriter(waiting, 'none')
  const columns = new Columns()
  let table: TableFile | undefined
  const finish = async () => {
    if (table !== undefined) return
    await rows.finish()
    table = await open(columns.all())
    for await (const block of readBlocks(waiting + PARTIAL)) await table.write(block)
    await table.finish()
    await rm(waiting + PARTIAL)
  }
  return {
    add(document) {
      const row = rowOf(document, columns.isColumn)
      columns.add(row)
      return rows.write(`${JSON.stringify(row)}\n`)
    },
    finish,
    async commit() {
      await finish()
      await table?.commit()
    },
    async discard() {
      await rows.discard()
      await table?.discard()
    },
  }
}

async function* readBlocks(path: string): AsyncGenerator<Row[]> {
  const all = { start: 0, end: Number.MAX_SAFE_INTEGER }
  let [block, size]: [Row[], number] = [[], 0]
  for await (const { bytes } of readLines(
    readChunks(path, all, () => {}),
    { ...all, maxBytes: 2 ** 29 },
    () => {},
  )) {
    if (size > 0 && size + bytes.length > BLOCK_BYTES) {
      yield block
      ;[block, size] = [[], 0]
    }
    block.push(JSON.parse(bytes.toString()))
    size += bytes.length
  }
  if (block.length > 0) yield block
}
