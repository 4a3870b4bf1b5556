import type { Json } from '../document.ts'
import { openTable, rowSize } from './columns.ts'
import type { OutputFormat } from './format.ts'
import { openTextWriter } from './lines.ts'

/** CSV after RFC 4180, but with LF at line ends; the first record names the columns. Objects and lists are JSON. */
function delimited(extension: string, delimiter: string): OutputFormat {
  const special = new RegExp(`["\\r\\n${delimiter}]`)
  const quoted = (text: string) => (special.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  const toField = (value: Json | undefined): string => {
    if (value === undefined || value === null) return ''
    if (value === '') return '""'
    return quoted(typeof value === 'string' ? value : JSON.stringify(value))
  }
  return {
    endings: { gzip: `.${extension}.gz`, none: `.${extension}`, zstd: `.${extension}.zst` },
    sizeOf: rowSize,
    open: (path, codec, { level }) =>
      openTable(path, async (columns) => {
        const { write, ...file } = await openTextWriter(path, codec, level)
        const line = (fields: string[]) => `${fields.join(delimiter)}\n`
        await write(line(columns.map(({ name }) => quoted(name))))
        return {
          ...file,
          async write(rows) {
            for (const row of rows) await write(line(columns.map(({ name }) => toField(row[name]))))
          },
        }
      }),
  }
}

export const csv = delimited('csv', ',')
export const tsv = delimited('tsv', '\t')
