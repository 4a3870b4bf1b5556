import type { OnFault } from './format.ts'

/** Bytes, not characters: both are ASCII, which no UTF-8 sequence contains. */
export interface CsvDialect {
  delimiter: string
  quote: string
}

/** A record without its line end; `bytes` are valid until the next one is asked for. */
export interface CsvRecord {
  bytes: Buffer
  /** Byte offset in the decompressed file. */
  offset: number
}

const [LF, CR] = [0x0a, 0x0d]

/** Bytes that are still needed, in one piece; grows by doubling. */
class Window {
  bytes = Buffer.allocUnsafe(512 * 1024)
  from = 0
  to = 0

  append(chunk: Buffer): void {
    const length = this.to - this.from
    if (this.to + chunk.length > this.bytes.length) {
      const needed = length + chunk.length
      const target = needed > this.bytes.length ? Buffer.allocUnsafe(needed * 2) : this.bytes
      this.bytes.copy(target, 0, this.from, this.to)
      this.bytes = target
      this.from = 0
      this.to = length
    }
    this.to += chunk.copy(this.bytes, this.to)
  }
}

const quoteFaults = {
  'unclosed-quote': 'a quote that nothing closes',
  'broken-quote': 'a quoted field behind whose end text stands',
}

type State = 'field' | 'plain' | 'quoted' | 'closed'

/**
 * The records of CSV (RFC 4180: quoted fields hold delimiters, line ends and doubled quotes; lines end in LF or CRLF).
 * Damage stays local: a quote that is not closed before the end of the file or within `maxBytes` is reported as
 * `unclosed-quote`, one behind whose end other text stands as `broken-quote`, and reading goes on at the line after the
 * record's first; a longer record without a quote is passed over to its line end as `too-long`. Holds at most
 * `maxBytes` and a chunk.
 */
export async function* csvRecords(
  chunks: AsyncIterable<Buffer>,
  start: number,
  { delimiter, quote }: CsvDialect,
  maxBytes: number,
  onFault: OnFault,
): AsyncGenerator<CsvRecord> {
  const [delimiterByte, quoteByte] = [delimiter.charCodeAt(0), quote.charCodeAt(0)]
  const window = new Window()
  /** Offset in the file of the window's first byte in use. */
  let offset = start
  let state: State = 'field'
  let isBroken = false
  /** How far the record was looked at, and where its last quoted field began. */
  let [at, opened] = [0, 0]
  /** Length of a record that is being passed over. */
  let skipped = 0

  /** Looks for the end of the record; -1 if more bytes are needed. */
  const findEnd = (isLast: boolean): number => {
    const { bytes, to } = window
    while (at < to) {
      if (state === 'quoted') {
        const found = bytes.indexOf(quoteByte, at)
        if (found < 0 || found >= to) {
          at = to
          return -1
        }
        if (found + 1 === to && !isLast) {
          at = found
          return -1
        }
        const isEscaped = found + 1 < to && bytes[found + 1] === quoteByte
        at = found + (isEscaped ? 2 : 1)
        if (!isEscaped) state = 'closed'
        continue
      }
      const byte = bytes[at++]
      if (byte === LF) return at - 1
      if (byte === delimiterByte) state = 'field'
      else if (state === 'field' && byte === quoteByte) {
        state = 'quoted'
        opened = at - 1
      } else if (state === 'closed' && byte !== CR) {
        if (reopen('broken-quote')) continue
        isBroken = true
        state = 'plain'
      } else if (state === 'field') state = 'plain'
    }
    return -1
  }
  const advance = (to: number) => {
    offset += to - window.from
    window.from = at = to
    state = 'field'
    isBroken = false
  }
  const tooLong = (at: number, length: number) =>
    onFault('too-long', at, `${length} bytes, more than ${maxBytes} (maxDocumentBytes)`)
  const report = (kind: keyof typeof quoteFaults) =>
    onFault(kind, offset + opened - window.from, quoteFaults[kind])
  /** Gives up on a quote; false if the window holds no line to go on with. */
  const reopen = (kind: keyof typeof quoteFaults): boolean => {
    const line = window.bytes.indexOf(LF, window.from)
    if (line < 0 || line >= window.to) return false
    report(kind)
    advance(line + 1)
    return true
  }
  function* records(isLast: boolean): Generator<CsvRecord> {
    for (;;) {
      if (skipped > 0) {
        const { bytes, from, to } = window
        const line = bytes.subarray(from, to).indexOf(LF)
        const length = line < 0 ? to - from : line
        skipped += length
        if (line < 0 && !isLast) return advance(to)
        tooLong(offset + length - skipped, skipped)
        skipped = 0
        advance(line < 0 ? to : from + line + 1)
        if (line < 0) return
        continue
      }
      const end = findEnd(isLast)
      const { bytes, from, to } = window
      const isUnclosed = state === 'quoted'
      if (end < 0 && isUnclosed && (isLast || to - from > maxBytes) && reopen('unclosed-quote')) continue
      if (end < 0 && !isLast) {
        if (to - from <= maxBytes) return
        skipped = to - from
        return advance(to)
      }
      const record = trim(bytes.subarray(from, end < 0 ? to : end))
      if (isBroken) report('broken-quote')
      else if (end < 0 && isUnclosed) report('unclosed-quote')
      else if (record.length > maxBytes) tooLong(offset, record.length)
      else if (record.length > 0) yield { bytes: record, offset }
      if (end < 0) return
      advance(end + 1)
    }
  }

  for await (const chunk of chunks) {
    const distance = at - window.from
    const quoteDistance = opened - window.from
    window.append(chunk)
    at = window.from + distance
    opened = window.from + quoteDistance
    yield* records(false)
  }
  yield* records(true)
}

const trim = (bytes: Buffer) => (bytes.at(-1) === CR ? bytes.subarray(0, -1) : bytes)

/** The fields of a record. One that is empty and not quoted is null: nothing was said. */
export function csvFields(record: string, { delimiter, quote }: CsvDialect): (string | null)[] {
  if (!record.includes(quote)) return record.split(delimiter).map((field) => (field === '' ? null : field))
  const fields: (string | null)[] = []
  for (let at = 0; ; ) {
    if (record[at] === quote) {
      let end = at + 1
      for (;;) {
        end = record.indexOf(quote, end)
        if (end < 0) end = record.length
        if (record[end + 1] !== quote) break
        end += 2
      }
      fields.push(record.slice(at + 1, end).replaceAll(quote + quote, quote))
      at = record.indexOf(delimiter, end)
    } else {
      const end = record.indexOf(delimiter, at)
      const field = record.slice(at, end < 0 ? undefined : end)
      fields.push(field === '' ? null : field)
      at = end
    }
    if (at < 0) return fields
    at++
  }
}
