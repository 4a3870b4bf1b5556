import { existsSync } from 'node:fs'
import { extname } from 'node:path'
import { FlagError } from '@flag/core-tensor'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { readText } from './reading.ts'

/** A row of a table, by the names of its columns. */
export type Row = Record<string, unknown>

/**
 * The documents of one file: JSON lines, a JSON array, CSV, lines of text or Parquet, by `format` or else by the file's
 * ending. Throws `not-found`, `corrupt-file`.
 */
export async function readDocuments(file: string, format?: string): Promise<Row[]> {
  const kind = format === 'json' || !format ? extname(file) : `.${format}`
  if (kind === '.parquet') {
    if (!existsSync(file)) throw new FlagError('not-found', `${file}: no such file`)
    try {
      const rows = await parquetReadObjects({ file: await asyncBufferFromFile(file) })
      return rows.map((row) => plainNumbers(row) as Row)
    } catch (cause) {
      throw new FlagError('corrupt-file', `${file}: not Parquet: ${(cause as Error).message}`, { cause })
    }
  }
  const text = readText(file)
  if (kind === '.csv') return readCsv(text, file)
  if (kind === '.text' || kind === '.txt') return linesOf(text).map((line) => ({ text: line }))
  return readJson(text, file)
}

const linesOf = (text: string) => {
  const lines = text.split(/\r\n|\r|\n/)
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines
}

/** An array of objects, or one object a line. */
function readJson(text: string, file: string): Row[] {
  const parse = (part: string, place: string): unknown => {
    try {
      return JSON.parse(part)
    } catch (cause) {
      throw new FlagError('corrupt-file', `${place}: not JSON: ${(cause as Error).message}`, { cause })
    }
  }
  const values = /^\s*\[/.test(text)
    ? (parse(text, file) as unknown[])
    : text.split('\n').flatMap((line, i) => (line.trim() === '' ? [] : [parse(line, `${file}:${i + 1}`)]))
  values.forEach((value, i) => {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      throw new FlagError('corrupt-file', `${file}: row ${i + 1} is no object`)
    }
  })
  return values as Row[]
}

/** RFC 4180 with a line of names. Numbers become numbers where the whole column is numbers. */
function readCsv(text: string, file: string): Row[] {
  const rows: string[][] = [[]]
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/gy
  for (let match = cell.exec(text); match && cell.lastIndex <= text.length; match = cell.exec(text)) {
    rows[rows.length - 1].push(match[1] === undefined ? match[2] : match[1].replaceAll('""', '"'))
    if (match[3] === '') break
    if (match[3] !== ',') rows.push([])
  }
  const [head, ...body] = rows.filter((row) => row.length > 1 || row[0] !== '')
  const odd = body.findIndex((row) => row.length !== head.length)
  if (odd !== -1) {
    throw new FlagError(
      'corrupt-file',
      `${file}: row ${odd + 2} has ${body[odd].length} cells, the first ${head.length}`,
    )
  }
  const numeric = head.map((_, i) => body.every((row) => /^-?\d+(\.\d+)?$/.test(row[i])))
  return body.map((row) =>
    Object.fromEntries(head.map((name, i) => [name, numeric[i] ? Number(row[i]) : row[i]])),
  )
}

/** Parquet's 64-bit integers as numbers. */
function plainNumbers(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(plainNumbers)
  if (value === null || typeof value !== 'object' || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([key, it]) => [key, plainNumbers(it)]))
}
