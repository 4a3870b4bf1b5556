import type { ByteStream } from './byteStream.ts'

/** The head of a WARC record. Its block has to be read or skipped before the next one is asked for. */
export interface WarcHead {
  offset: number
  /** Fields by lower-case name. */
  fields: Map<string, string>
  length: number
}

export type OnWarcDamage = (kind: 'truncated-warc' | 'corrupt-warc', offset: number, found: string) => void

const MAX_LINE = 64 * 1024
const MAX_FIELDS = 1000

/**
 * The records of a WARC file (ISO 28500, WARC/1.0 and 1.1). Where a record does not begin as it should, that is
 * reported and reading goes on at the next line that begins a record.
 */
export async function* warcRecords(stream: ByteStream, onDamage: OnWarcDamage): AsyncGenerator<WarcHead> {
  let isLost = false
  for (;;) {
    const offset = stream.offset
    const line = await stream.line(MAX_LINE)
    if (line.length === 0) return
    const first = line.toString('latin1').trimEnd()
    if (first === '' && line.at(-1) === 0x0a) continue
    if (!/^WARC\/\d+\.\d+$/.test(first)) {
      if (!isLost) onDamage('corrupt-warc', offset, 'no record where one should begin')
      isLost = true
      continue
    }
    isLost = false
    const fields = await readFields(stream)
    const length = Number(fields?.get('content-length') ?? Number.NaN)
    if (fields === undefined)
      return onDamage('truncated-warc', offset, 'the file ends in the head of a record')
    if (!Number.isSafeInteger(length) || length < 0) {
      onDamage('corrupt-warc', offset, 'a record without a Content-Length')
      isLost = true
      continue
    }
    const start = stream.offset
    yield { offset, fields, length }
    await stream.skip(start + length - stream.offset)
    if (stream.offset < start + length) {
      onDamage(
        'truncated-warc',
        offset,
        `the file ends at ${stream.offset} in a record that ends at ${start + length}`,
      )
      return
    }
  }
}

/** Fields up to an empty line; undefined where the stream ends before it. */
async function readFields(stream: ByteStream): Promise<Map<string, string> | undefined> {
  const fields = new Map<string, string>()
  let last: string | undefined
  for (let count = 0; count < MAX_FIELDS; count++) {
    const line = await stream.line(MAX_LINE)
    if (line.at(-1) !== 0x0a && line.length < MAX_LINE) return undefined
    const text = line.toString().trimEnd()
    if (text === '') return fields
    last = addField(fields, text, last)
  }
  return fields
}

/** Adds a line `Name: value`, or the continuation of one. */
export function addField(fields: Map<string, string>, line: string, last?: string): string | undefined {
  if (/^[ \t]/.test(line) && last !== undefined) {
    fields.set(last, `${fields.get(last)} ${line.trim()}`)
    return last
  }
  const colon = line.indexOf(':')
  if (colon <= 0) return last
  const name = line.slice(0, colon).trim().toLowerCase()
  fields.set(name, line.slice(colon + 1).trim())
  return name
}
