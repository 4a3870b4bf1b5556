import type { Json } from '../document.ts'
import type { ReadConfig } from '../pipeline/pipeline.ts'
import { compressionOf, readChunks } from './chunks.ts'
import { type CsvDialect, csvFields, csvRecords } from './csvRecords.ts'
import { decode } from './decode.ts'
import type { Format } from './format.ts'
import { between, whole } from './ranges.ts'
import { documentOf } from './record.ts'

/**
 * Tables of delimited text after RFC 4180: the first record names the columns, unless `columns` does. Fields stay
 * strings; an empty one that is not quoted is left out.
 */
function delimited(extension: string, defaultDelimiter: string): Format {
  const dialectOf = ({ delimiter = defaultDelimiter, quote = '"' }: ReadConfig): CsvDialect => ({
    delimiter,
    quote,
  })
  return {
    files: new RegExp(`\\.${extension}(\\.gz|\\.zst)?$`, 'i'),
    examples: `a.${extension}, a.${extension}.gz, a.${extension}.zst`,

    // Whether a line end stands in quotes is known only from the start on, so the file is scanned once, as it is read.
    async cut(path, size, config) {
      if (compressionOf(path) !== 'none') return whole(size)
      async function* places() {
        const chunks = readChunks(path, { start: 0, end: Infinity }, () => {})
        const records = csvRecords(chunks, 0, dialectOf(config), config.maxDocumentBytes, () => {})
        for await (const { offset } of records) if (offset > 0) yield offset
      }
      return between(places(), size, config.pieceBytes)
    },

    async *read({ path, file, start, end }, config, onFault) {
      const dialect = dialectOf(config)
      const { maxDocumentBytes } = config
      const isPlain = compressionOf(path) === 'none'
      let offset = start
      const recordsFrom = (from: number, report: typeof onFault) =>
        csvRecords(
          readChunks(path, { start: from, end: Infinity }, (kind, found) => report(kind, offset, found)),
          from,
          dialect,
          maxDocumentBytes,
          report,
        )
      let columns = config.columns
      if (columns === undefined && start > 0) {
        for await (const { bytes } of recordsFrom(0, () => {})) {
          columns = namesOf(csvFields(decode(bytes, 0, () => {}) ?? '', dialect))
          break
        }
      }
      for await (const { bytes, offset: at } of recordsFrom(start, onFault)) {
        offset = at
        if (isPlain && offset >= end) return
        const text = decode(bytes, offset, onFault)
        if (text === undefined) continue
        const fields = csvFields(text, dialect)
        if (columns === undefined) {
          columns = namesOf(fields)
          continue
        }
        if (fields.length !== columns.length) {
          onFault('wrong-fields', offset, `${fields.length} fields, ${columns.length} columns`)
          continue
        }
        const entries = columns.flatMap((name, i) => {
          const field = fields[i]
          return field === null ? [] : [[name, isNested(name) ? parsed(field) : field] as const]
        })
        const record = Object.fromEntries<Json>(entries)
        const document = documentOf(record, `${file}#${offset}`, config, (kind, found) =>
          onFault(kind, offset, found),
        )
        if (document) yield document
      }
    },
  }
}

/** Columns that the writer fills with JSON whatever the others hold. */
const isNested = (name: string) => name === 'media' || name === 'metadata'

function parsed(field: string): Json {
  try {
    return JSON.parse(field)
  } catch {
    return field
  }
}

/** Column names: those without one are numbered, and the second of a name is `name.1`. */
function namesOf(fields: readonly (string | null)[]): string[] {
  const names: string[] = []
  for (const [i, field] of fields.entries()) {
    const name = field ?? `column${i}`
    let unique = name
    for (let copy = 1; names.includes(unique); copy++) unique = `${name}.${copy}`
    names.push(unique)
  }
  return names
}

export const csv = delimited('csv', ',')
export const tsv = delimited('tsv', '\t')
