import { isUtf8 } from 'node:buffer'
import type { Document, Json, Media } from '../document.ts'
import type { ReadConfig } from '../pipeline/pipeline.ts'
import { compressionOf, readChunks } from './chunks.ts'
import { readFileDocuments } from './files.ts'
import { readLines } from './lines.ts'
import type { Piece } from './pieces.ts'

/** Reports bad input that is passed over: its kind, its byte offset in the (decompressed) file, what was found. */
export type OnFault = (kind: string, offset: number, found: string) => void

/**
 * The documents of a piece of the input. Bad input never stops it: it is reported and passed over. Kinds are
 * `broken-json`, `not-an-object`, `no-text`, `invalid-utf8`, `nul-byte`, `lone-surrogate`, `too-long`,
 * `truncated-gzip`, `corrupt-gzip`, `truncated-zstd`, `corrupt-zstd`.
 *
 * @throws the system's error if the file cannot be opened or read
 */
export async function* readDocuments(
  piece: Piece,
  config: ReadConfig,
  onFault: OnFault,
): AsyncGenerator<Document> {
  if (config.format === 'files') return yield* readFileDocuments(piece, config)
  const { path, file, start } = piece
  // The range of a compressed file counts its own bytes, lines count decompressed ones.
  const end = compressionOf(path) === 'none' ? piece.end : Infinity
  let offset = start
  const chunks = readChunks(path, { start: Math.max(0, start - 1), end: Infinity }, (kind, found) =>
    onFault(kind, offset, found),
  )
  const maxBytes = config.maxDocumentBytes
  const tooLong = (at: number, length: number) =>
    onFault('too-long', at, `${length} bytes, more than ${maxBytes} (maxDocumentBytes)`)

  if (config.format === 'text' && config.documents === 'file') {
    const bytes = await wholeFile(chunks, maxBytes, tooLong)
    const text = bytes && decode(bytes, 0, onFault)
    if (text) yield { id: file, text, metadata: {} }
    return
  }
  for await (const line of readLines(chunks, { start, end, maxBytes }, tooLong)) {
    offset = line.offset
    const text = decode(line.bytes, offset, onFault)
    if (text === undefined || text.trim() === '') continue
    if (config.format === 'text')
      yield { id: `${file}#${offset}`, text: text.replace(/\r$/, ''), metadata: {} }
    else {
      const document = parse(text, `${file}#${offset}`, config, (kind, found) => onFault(kind, offset, found))
      if (document) yield document
    }
  }
}

async function wholeFile(
  chunks: AsyncIterable<Buffer>,
  maxBytes: number,
  onLong: (at: number, length: number) => void,
): Promise<Buffer | undefined> {
  const parts: Buffer[] = []
  let size = 0
  for await (const chunk of chunks) {
    size += chunk.length
    if (size <= maxBytes) parts.push(chunk)
    else parts.length = 0
  }
  if (size > maxBytes) onLong(0, size)
  return size > maxBytes ? undefined : Buffer.concat(parts)
}

/** The text of some bytes, without a byte order mark; undefined, and reported, if it is none. */
function decode(bytes: Buffer, offset: number, onFault: OnFault): string | undefined {
  if (!isUtf8(bytes)) {
    const at = firstInvalid(bytes)
    onFault('invalid-utf8', offset, `byte 0x${bytes[at].toString(16).padStart(2, '0')} at ${offset + at}`)
    return undefined
  }
  const nul = bytes.indexOf(0)
  if (nul >= 0) {
    onFault('nul-byte', offset, `byte 0 at ${offset + nul}`)
    return undefined
  }
  const mark = offset === 0 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  return bytes.toString('utf8', mark ? 3 : 0)
}

/** The first byte that is no part of valid UTF-8. */
function firstInvalid(bytes: Buffer): number {
  let valid = 0
  let invalid = bytes.length
  // A prefix is valid or ends inside a character, so three bytes of slack make the search monotone.
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1
    if (isUtf8(bytes.subarray(0, endOfCharacter(bytes, middle)))) valid = middle
    else invalid = middle
  }
  return valid
}

function endOfCharacter(bytes: Buffer, at: number): number {
  let start = at
  while (start > 0 && at - start < 3 && (bytes[start] & 0xc0) === 0x80) start--
  return start
}

function parse(
  line: string,
  id: string,
  config: ReadConfig,
  onFault: (kind: string, found: string) => void,
): Document | undefined {
  let value: Json
  try {
    value = JSON.parse(line)
  } catch (error) {
    onFault('broken-json', (error as Error).message)
    return undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    onFault('not-an-object', value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value)
    return undefined
  }
  const { [config.textKey]: text, [config.idKey]: ownId, media, metadata, ...rest } = value
  if (typeof text !== 'string' || text === '') {
    onFault(
      'no-text',
      text === undefined ? `no key "${config.textKey}"` : `"${config.textKey}" is ${describe(text)}`,
    )
    return undefined
  }
  if (!isWellFormed(text)) {
    onFault('lone-surrogate', `"${config.textKey}" holds half of a surrogate pair, which UTF-8 cannot write`)
    return undefined
  }
  return {
    id: typeof ownId === 'string' && ownId !== '' ? ownId : typeof ownId === 'number' ? String(ownId) : id,
    text,
    ...(Array.isArray(media) && media.length > 0 ? { media: media as unknown as Media[] } : {}),
    metadata:
      typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata)
        ? { ...metadata, ...rest }
        : metadata === undefined || metadata === null
          ? rest
          : { metadata, ...rest },
  }
}

const describe = (value: Json) => (value === '' ? 'empty' : value === null ? 'null' : typeof value)

const loneSurrogate = /\p{Surrogate}/u
const isWellFormed = (text: string) => !loneSurrogate.test(text)
