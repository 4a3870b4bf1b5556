import { isUtf8 } from 'node:buffer'
import type { OnFault } from './format.ts'

/** The text of some bytes, without a byte order mark; undefined, and reported, if it is none. */
export function decode(bytes: Buffer, offset: number, onFault: OnFault): string | undefined {
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
