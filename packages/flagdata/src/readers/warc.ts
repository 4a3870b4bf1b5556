import type { Document } from '../document.ts'
import type { ReadConfig } from '../pipeline/pipeline.ts'
import { ByteStream } from './byteStream.ts'
import { decodePage } from './charset.ts'
import { compressionOf, pieceChunks, readChunks } from './chunks.ts'
import type { Format, OnFault } from './format.ts'
import { cutGzip } from './gzipMembers.ts'
import { contentType, parseResponse } from './http.ts'
import type { Piece } from './piece.ts'
import { between, whole } from './ranges.ts'
import { type WarcHead, warcRecords } from './warcRecords.ts'

/** WARC and WET: a document per response, resource or conversion record whose content is text. */
export const warc: Format = {
  files: /\.(warc|wet)(\.gz|\.zst)?$/i,
  examples: 'a.warc, a.warc.gz, a.warc.wet.gz',
  async cut(path, size, { pieceBytes }) {
    const compression = compressionOf(path)
    if (compression === 'gzip') return cutGzip(path, size, pieceBytes, holdsRecords)
    if (compression === 'zstd') return whole(size)
    async function* places() {
      const stream = new ByteStream(
        readChunks(path, { start: 0, end: Infinity }, () => {}),
        0,
      )
      try {
        for await (const { offset } of warcRecords(stream, () => {})) if (offset > 0) yield offset
      } finally {
        await stream.close()
      }
    }
    return between(places(), size, pieceBytes)
  },
  read: readPages,
}

/** Whether a gzip member begins with a record and ends with the end of one. */
const holdsRecords = (content: Buffer) =>
  content.toString('latin1', 0, 5) === 'WARC/' &&
  content.toString('latin1', content.length - 4) === '\r\n\r\n'

/** Content types whose content is text; others, such as pictures, are reported as `not-text`. */
const textual = /^text\/|^application\/(xhtml\+xml|xml|json|rss\+xml|atom\+xml)$/

async function* readPages(piece: Piece, config: ReadConfig, onFault: OnFault): AsyncGenerator<Document> {
  // A piece of a gzip file is read from its member on, a piece of a plain one from its record on.
  const { chunks, start, end } = pieceChunks(piece, (kind, found) => onFault(kind, stream.offset, found))
  const stream = new ByteStream(chunks, Math.max(0, start - 1))
  if (start > 0) await stream.skip(1)
  try {
    for await (const head of warcRecords(stream, onFault)) {
      if (head.offset >= end) return
      const document = await pageOf(head)
      if (document) yield document
    }
  } finally {
    await stream.close()
  }

  async function pageOf({ offset, fields, length }: WarcHead): Promise<Document | undefined> {
    const type = fields.get('warc-type')
    if (type !== 'response' && type !== 'resource' && type !== 'conversion') return undefined
    const url = fields.get('warc-target-uri')?.replace(/^<(.*)>$/, '$1')
    const report = (kind: string, found: string): undefined => {
      onFault(kind, offset, `${type} record of ${url}: ${found}`)
    }
    if (length > config.maxDocumentBytes)
      return report('too-long', `${length} bytes, more than ${config.maxDocumentBytes} (maxDocumentBytes)`)
    const block = await stream.read(length)
    // The end of the file, which is reported when the next record is looked for.
    if (block.length < length) return undefined
    let [header, body]: [string | undefined, Buffer] = [fields.get('content-type'), block]
    let status: number | undefined
    if (type === 'response' && /^application\/http/i.test(header ?? 'application/http')) {
      try {
        const response = parseResponse(block, config.maxDocumentBytes)
        ;({ status, body } = response)
        header = response.headers.get('content-type')
      } catch (error) {
        return report('broken-http', (error as Error).message)
      }
    }
    const { mime, charset } = contentType(header)
    if (mime !== '' && !textual.test(mime)) return report('not-text', mime)
    const { text, encoding, replaced } = decodePage(body, charset)
    if (text.trim() === '') return report('no-text', 'the body is empty')
    if (text.includes('\0')) return report('nul-byte', 'a byte 0 in the text')
    if (replaced)
      report('replaced-bytes', `bytes that are not ${encoding}; the page is read with U+FFFD for them`)
    return {
      id: fields.get('warc-record-id')?.replace(/^<(.*)>$/, '$1') ?? `${piece.file}#${offset}`,
      text,
      metadata: {
        ...(url === undefined ? {} : { url }),
        ...(fields.has('warc-date') ? { date: fields.get('warc-date') as string } : {}),
        ...(mime === '' ? {} : { mime }),
        ...(status === undefined ? {} : { status }),
        ...languageOf(fields),
      },
    }
  }
}

/** What Common Crawl says of the languages of a page. */
function languageOf(fields: Map<string, string>): Document['metadata'] {
  const languages = fields.get('warc-identified-content-language')
  return languages === undefined ? {} : { languages: languages.split(',') }
}
