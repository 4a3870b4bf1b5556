import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { FlagError } from '@flag/core-tensor'
import type { z } from 'zod'

/** Bytes of a file, unpacked where its name ends in .gz. Throws `not-found`, `corrupt-file`. */
export function readBytes(file: string): Buffer {
  if (!existsSync(file)) throw new FlagError('not-found', `${file}: no such file`)
  const bytes = readFileSync(file)
  if (!file.endsWith('.gz')) return bytes
  try {
    return gunzipSync(bytes)
  } catch (cause) {
    throw new FlagError('corrupt-file', `${file}: not a whole gzip file`, { cause })
  }
}

/** Text of a file in the encoding that is stated, without a byte order mark. Throws `corrupt-file` with the line. */
export function readText(file: string, encoding = 'utf-8'): string {
  const bytes = readBytes(file)
  const decode = (part: Uint8Array) => new TextDecoder(encoding, { fatal: true }).decode(part)
  try {
    return decode(bytes)
  } catch (cause) {
    let line = 1
    for (let start = 0, end = 0; end >= 0 && start <= bytes.length; line++, start = end + 1) {
      end = bytes.indexOf(10, start)
      try {
        decode(bytes.subarray(start, end < 0 ? bytes.length : end))
      } catch {
        break
      }
    }
    throw new FlagError('corrupt-file', `${file}: line ${line} is not ${encoding}`, {
      hint: 'Chinese tables are often gb18030: state the encoding',
      cause,
    })
  }
}

/** What is wrong with a line of a file, as an error. */
export const lineError = (file: string, line: number, problem: string): FlagError =>
  new FlagError('corrupt-file', `${file}: line ${line}: ${problem}`)

/** The lines of a file; the line break at its end begins no further one. */
export function readLines(file: string, encoding?: string): string[] {
  const lines = readText(file, encoding).split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  return lines
}

function checked<T>(schema: z.ZodType<T>, value: unknown, fail: (problem: string) => FlagError): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [{ path, message }] = result.error.issues
  throw fail(`${path.join('.') || 'the value'}: ${message}`)
}

/** One JSON value a line. Throws `corrupt-file` with file and line. */
export function readJsonLines<T>(file: string, schema: z.ZodType<T>): T[] {
  return readLines(file).map((text, i) => {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      throw lineError(file, i + 1, 'not JSON')
    }
    return checked(schema, value, (problem) => lineError(file, i + 1, problem))
  })
}

/** The JSON value of a file. Throws `corrupt-file` naming the key. */
export function readJson<T>(file: string, schema: z.ZodType<T>): T {
  let value: unknown
  try {
    value = JSON.parse(readText(file))
  } catch (cause) {
    if (cause instanceof FlagError) throw cause
    throw new FlagError('corrupt-file', `${file}: not JSON: ${(cause as Error).message}`, { cause })
  }
  return checked(schema, value, (problem) => new FlagError('corrupt-file', `${file}: ${problem}`))
}

/**
 * Rows of a CSV file (RFC 4180: quotes, doubled quotes, line breaks inside quotes) as objects by the header's names.
 * Throws `corrupt-file` with file and line for a row of another width and for an open quote.
 */
export function readCsv(file: string, encoding?: string): { line: number; row: Record<string, string> }[] {
  const text = readText(file, encoding)
  const table: { line: number; cells: string[] }[] = []
  let [line, cells, cell, quoted] = [1, [] as string[], '', false]
  let first = 1
  const endRow = () => {
    if (cells.length > 0 || cell !== '') table.push({ line: first, cells: [...cells, cell] })
    cells = []
    cell = ''
    first = line + 1
  }
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    if (quoted) {
      if (char === '"' && text[i + 1] === '"') cell += text[++i]
      else if (char === '"') quoted = false
      else cell += char
    } else if (char === '"') quoted = true
    else if (char === ',') {
      cells.push(cell)
      cell = ''
    } else if (char === '\n') endRow()
    else if (char !== '\r') cell += char
    if (char === '\n') line++
  }
  if (quoted) throw lineError(file, first, 'a quote is never closed')
  endRow()
  const [head, ...rows] = table
  if (head === undefined) throw new FlagError('corrupt-file', `${file}: empty`)
  return rows.map(({ line: at, cells: values }) => {
    if (values.length !== head.cells.length)
      throw lineError(file, at, `${values.length} cells, the header has ${head.cells.length}`)
    return { line: at, row: Object.fromEntries(head.cells.map((name, i) => [name.trim(), values[i]])) }
  })
}

/** The path of a picture; one that is not there is an error of the line that names it, never left out. */
export function pictureIn(folder: string, name: string, fail: (problem: string) => FlagError): string {
  const path = join(folder, name)
  if (!existsSync(path)) throw fail(`${path}: no such picture`)
  return path
}
