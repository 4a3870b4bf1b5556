import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib'
import { addField } from './warcRecords.ts'

/** An HTTP response as an archive holds it. */
export interface HttpResponse {
  status: number | undefined
  headers: Map<string, string>
  body: Buffer
}

/**
 * The response in the block of a record (RFC 9112), its body without transfer and content coding.
 *
 * @throws Error if there is no head, a coding is unknown or damaged, or the body is longer than `maxBytes`
 */
export function parseResponse(block: Buffer, maxBytes: number): HttpResponse {
  const { end, length } = endOfHead(block)
  const [first, ...lines] = block.toString('latin1', 0, end).split(/\r?\n/)
  const status = /^HTTP\/\d(?:\.\d)?\s+(\d{3})/i.exec(first)?.[1]
  if (status === undefined) throw new Error('no HTTP response')
  const headers = new Map<string, string>()
  let last: string | undefined
  for (const line of lines) last = addField(headers, line, last)
  let body = block.subarray(end + length)
  // Crawlers that store decoded bodies often keep the headers of the coded ones.
  if (/\bchunked\b/i.test(headers.get('transfer-encoding') ?? '')) body = dechunk(body) ?? body
  for (const coding of (headers.get('content-encoding') ?? '').split(',').reverse())
    body = decodeBody(body, coding.trim().toLowerCase(), maxBytes)
  return { status: Number(status), headers, body }
}

function endOfHead(block: Buffer): { end: number; length: number } {
  const crlf = block.indexOf('\r\n\r\n')
  const lf = block.indexOf('\n\n')
  if (crlf >= 0 && (lf < 0 || crlf < lf)) return { end: crlf, length: 4 }
  if (lf >= 0) return { end: lf, length: 2 }
  return { end: block.length, length: 0 }
}

/** The data of chunks; undefined if it is none, or not whole. */
function dechunk(body: Buffer): Buffer | undefined {
  const parts: Buffer[] = []
  for (let at = 0; ; ) {
    const end = body.indexOf('\n', at)
    const size =
      end < 0 ? undefined : /^\s*([\da-f]+)\s*(?:;.*)?\r?$/is.exec(body.toString('latin1', at, end))?.[1]
    if (size === undefined) return undefined
    const length = Number.parseInt(size, 16)
    if (length === 0) return Buffer.concat(parts)
    if (end + 1 + length > body.length) return undefined
    parts.push(body.subarray(end + 1, end + 1 + length))
    at = end + 1 + length
    while (body[at] === 0x0d || body[at] === 0x0a) at++
  }
}

function decodeBody(body: Buffer, coding: string, maxOutputLength: number): Buffer {
  if (body.length === 0) return body
  switch (coding) {
    case '':
    case 'identity':
      return body
    case 'gzip':
    case 'x-gzip':
      return body[0] === 0x1f && body[1] === 0x8b ? gunzipSync(body, { maxOutputLength }) : body
    case 'deflate':
      // Named after the format with a header, but many servers send it without.
      return (body[0] & 0x0f) === 8
        ? inflateSync(body, { maxOutputLength })
        : inflateRawSync(body, { maxOutputLength })
    case 'br':
      return brotliDecompressSync(body, { maxOutputLength })
    default:
      throw new Error(`content coding "${coding}" is not known`)
  }
}

/** The media type and the charset of a Content-Type header. */
export function contentType(header = ''): { mime: string; charset?: string } {
  const [mime, ...parameters] = header.split(';')
  const charset = parameters.map((it) => /^\s*charset\s*=\s*"?([^"\s;]+)/i.exec(it)?.[1]).find(Boolean)
  return { mime: mime.trim().toLowerCase(), charset: charset?.toLowerCase() }
}
