import { isUtf8 } from 'node:buffer'

/** How many bytes of a page are searched for what it says of its encoding. */
const PRESCAN = 1024

/**
 * Decodes a page as browsers do (HTML standard, "determining the character encoding"): by its byte order mark, else
 * by the header, else by its `meta` element, else as UTF-8 if it is valid, else as windows-1252. Bytes that the encoding
 * does not know become U+FFFD, of which `replaced` tells.
 */
export function decodePage(
  bytes: Buffer,
  charset: string | undefined,
): { text: string; encoding: string; replaced: boolean } {
  const encoding =
    byMark(bytes) ?? known(charset) ?? known(declared(bytes)) ?? (isUtf8(bytes) ? 'utf-8' : 'windows-1252')
  const text = new TextDecoder(encoding).decode(bytes)
  return { text, encoding, replaced: encoding === 'utf-8' ? !isUtf8(bytes) : text.includes('\ufffd') }
}

function byMark(bytes: Buffer): string | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8'
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
  return bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : undefined
}

/** `<meta charset>` or `<meta http-equiv content>`; a page that says UTF-16 in ASCII is UTF-8. */
function declared(bytes: Buffer): string | undefined {
  const head = bytes.toString('latin1', 0, PRESCAN)
  const label = /<meta\s[^>]*?charset\s*=\s*["']?\s*([^\s"'/>;]+)/i.exec(head)?.[1]
  return label?.toLowerCase().startsWith('utf-16') ? 'utf-8' : label
}

function known(label: string | undefined): string | undefined {
  if (label === undefined) return undefined
  try {
    return new TextDecoder(label).encoding
  } catch {
    return undefined
  }
}
