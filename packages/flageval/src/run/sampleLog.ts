import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type FileHandle, open, readFile } from 'node:fs/promises'
import { FlagError } from '@flag/core-tensor'
import { type SampleRecord, sampleRecord } from '../records/record.ts'
import { type Column, columnKey } from './columns.ts'

/** What became of a column: its records, or why there are none. */
export type ColumnLog =
  | {
      readonly column: Column
      readonly records: readonly SampleRecord[]
      /** What is odd about the data. */
      readonly warnings?: readonly string[]
    }
  | { readonly column: Column; readonly error: { readonly code: string; readonly message: string } }

interface EndLine {
  end: Column
  samples: number
  sha256: string
  error?: { code: string; message: string }
  warnings?: readonly string[]
}

/**
 * The samples of a run, appended to one JSON-lines file: the records of a column, then a line that ends it with their
 * number and hash. A column counts when its end is there; what follows the last end was cut off by a kill, and is
 * removed when the file is opened for writing.
 */
export class SampleLog {
  readonly #file: FileHandle
  readonly #done: Map<string, ColumnLog>

  private constructor(file: FileHandle, done: Map<string, ColumnLog>) {
    this.#file = file
    this.#done = done
  }

  /** Opens or creates the log. Throws `corrupt-file` when a finished column is not what its end says. */
  static async open(path: string): Promise<SampleLog> {
    const { columns, length } = existsSync(path) ? await readLog(path) : { columns: [], length: 0 }
    const file = await open(path, existsSync(path) ? 'r+' : 'w+')
    await file.truncate(length)
    return new SampleLog(file, new Map(columns.map((log) => [columnKey(log.column), log])))
  }

  /** Whether the column was scored; one that failed was not. */
  has(column: Column): boolean {
    const log = this.#done.get(columnKey(column))
    return log !== undefined && 'records' in log
  }

  /** Appends a column and waits until it is on the disk. */
  async append(log: ColumnLog): Promise<void> {
    const lines = 'records' in log ? log.records.map((record) => `${JSON.stringify(record)}\n`) : []
    const end: EndLine = {
      end: log.column,
      samples: lines.length,
      sha256: hashOf(lines),
      ...('error' in log && { error: log.error }),
      ...('records' in log && log.warnings?.length && { warnings: log.warnings }),
    }
    const bytes = Buffer.from(`${lines.join('')}${JSON.stringify(end)}\n`)
    const { size } = await this.#file.stat()
    await this.#file.write(bytes, 0, bytes.length, size)
    await this.#file.sync()
    this.#done.set(columnKey(log.column), log)
  }

  /** All columns, in order of their first appearance. */
  columns(): ColumnLog[] {
    return [...this.#done.values()]
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

const hashOf = (lines: readonly string[]) => {
  const hash = createHash('sha256')
  for (const line of lines) hash.update(line)
  return hash.digest('hex')
}

/**
 * The finished columns of a log, the latest of each, and the length in bytes up to the last end. Throws
 * `corrupt-file` with the line.
 */
export async function readLog(path: string): Promise<{ columns: ColumnLog[]; length: number }> {
  const text = await readFile(path, 'utf8')
  const columns = new Map<string, ColumnLog>()
  let length = 0
  let read = 0
  let pending: string[] = []
  const lines = text.split('\n')
  // What follows the last line break is incomplete.
  for (const [i, content] of lines.slice(0, -1).entries()) {
    const line = `${content}\n`
    read += Buffer.byteLength(line)
    const end = content.startsWith('{"end":') ? (parseLine(path, i, content) as EndLine) : undefined
    if (end === undefined) {
      pending.push(line)
      continue
    }
    if (end.samples !== pending.length || end.sha256 !== hashOf(pending)) {
      throw new FlagError(
        'corrupt-file',
        `${path}: line ${i + 1} ends ${columnKey(end.end)} with ${end.samples} samples, but the ${pending.length} before it are not those`,
        { hint: 'the file was changed after the run: remove it and run again' },
      )
    }
    const records = pending.map((text, k) => recordOf(path, i - pending.length + k, text))
    columns.set(
      columnKey(end.end),
      end.error
        ? { column: end.end, error: end.error }
        : { column: end.end, records, ...(end.warnings && { warnings: end.warnings }) },
    )
    length = read
    pending = []
  }
  return { columns: [...columns.values()], length }
}

function parseLine(path: string, at: number, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new FlagError('corrupt-file', `${path}: line ${at + 1} is not JSON`, { cause })
  }
}

function recordOf(path: string, at: number, text: string): SampleRecord {
  const result = sampleRecord.safeParse(parseLine(path, at, text))
  if (result.success) return result.data
  const [{ path: key, message }] = result.error.issues
  throw new FlagError(
    'corrupt-file',
    `${path}: line ${at + 1} is no sample record: ${key.join('.')}: ${message}`,
  )
}
