import { isUtf8 } from 'node:buffer'
import { readFile, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Document } from '../document.ts'
import { DataError } from '../errors.ts'
import type { Source } from './extractor.ts'

/**
 * What a document gives to extract from: its text, or, where that is empty, the file that `metadata.path` names or that
 * lies behind its first medium of a `file:` address.
 *
 * @throws DataError `not-found` if there is neither; `invalid-argument` for a file of more than `maxBytes`
 */
export async function sourceOf({ id, text, media, metadata }: Document, maxBytes: number): Promise<Source> {
  if (text !== '') return { name: id, text }
  const address = media?.find(({ url }) => url.startsWith('file:'))?.url
  const path = typeof metadata.path === 'string' ? metadata.path : address && fileURLToPath(address)
  if (path === undefined)
    throw new DataError('not-found', `${id}: neither text nor a file`, {
      hint: 'the document has no text, and no metadata.path that names a file',
    })
  const { size } = await stat(path)
  if (size > maxBytes)
    throw new DataError('invalid-argument', `${path}: ${size} bytes, more than ${maxBytes} (maxBytes)`)
  return { name: path, bytes: await readFile(path) }
}

/**
 * The text of a source. Bytes are decoded by their byte order mark, by what they declare in their first kilobyte, as
 * UTF-8 if they are that, else as Windows-1252, as browsers do.
 */
export function textOfSource({ text, bytes = new Uint8Array(0) }: Source): string {
  if (text !== undefined) return text
  const mark = [...bytes.subarray(0, 3)]
  if (mark[0] === 0xff && mark[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  if (mark[0] === 0xfe && mark[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  if (isUtf8(bytes)) return new TextDecoder().decode(bytes)
  const head = Buffer.from(bytes.subarray(0, 1024)).toString('latin1')
  const declared = /(?:charset|encoding)\s{0,9}=\s{0,9}["']?([\w-]{2,40})/i.exec(head)?.[1] ?? 'windows-1252'
  return decoder(declared).decode(bytes)
}

function decoder(label: string) {
  try {
    return new TextDecoder(label)
  } catch {
    // An encoding that does not exist says as little as none.
    return new TextDecoder('windows-1252')
  }
}
