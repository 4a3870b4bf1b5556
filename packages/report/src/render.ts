import { randomUUID } from 'node:crypto'
import { rename, rm, writeFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { type Report, reportSchema } from './contract.ts'
import { ReportError } from './errors.ts'
import { dataMark, page } from './page.ts'

/** From this many characters of JSON on, the data is compressed: small reports stay readable in the file. */
const COMPRESS_FROM = 256 * 1024

/**
 * The report as one HTML file that needs nothing else: no network, no other file; it opens from a disk. Its content
 * security policy allows its own script alone. Throws `ReportError` with code `invalid-report`, saying where, when the
 * report breaks the contract.
 */
export function renderReport(report: Report): string {
  const parsed = reportSchema.safeParse(report)
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues
    throw new ReportError('invalid-report', `report: ${path.join('.') || 'the top'}: ${message}`)
  }
  const json = JSON.stringify(parsed.data)
  const data =
    json.length < COMPRESS_FROM
      ? `<script type="application/json" id="report">${embeddable(json)}</script>`
      : `<script type="application/gzip" id="report">${gzipSync(json).toString('base64')}</script>`
  const title = `<title>${escapeHtml(report.title)}</title>`
  // Functions, since replacement texts give `$&` a meaning.
  return page()
    .replace('<title></title>', () => title)
    .replace(dataMark, () => data)
}

/** Writes `renderReport(report)` under a temporary name and renames it. Throws `ReportError`, code `io`. */
export async function writeReport(path: string, report: Report): Promise<void> {
  const html = renderReport(report)
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    await writeFile(temporary, html, { flag: 'wx' })
    await rename(temporary, path)
  } catch (cause) {
    await rm(temporary, { force: true })
    throw new ReportError('io', `${path}: cannot be written: ${(cause as Error).message}`, { cause })
  }
}

/**
 * JSON that stands in a script element. `<` could end the element or start a comment in it, so it is escaped as JSON
 * allows; so are U+2028 and U+2029. Lone surrogates, which UTF-8 cannot hold, `JSON.stringify` has escaped already.
 */
const embeddable = (json: string) =>
  json.replace(/[<\u2028\u2029]/g, (it) => `\\u${it.charCodeAt(0).toString(16).padStart(4, '0')}`)

const escapeHtml = (text: string) =>
  text.replace(/\p{Surrogate}/gu, '\ufffd').replace(/[&<>]/g, (it) => `&#${it.charCodeAt(0)};`)
