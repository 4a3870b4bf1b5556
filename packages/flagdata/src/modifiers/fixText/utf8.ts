/** A sequence of bytes that is one character of UTF-8. */
export interface Sequence {
  /** First byte, and so the first character of the text that the bytes were encoded from. */
  start: number
  length: number
  character: string
  /** A space that was a no-break space, U+A0, before somebody normalised spaces. */
  spaces: number
  /** Bytes that are lost. */
  lost: number
}

/** Bytes after which a space is likely to have been the byte 0xA0: what these letters become is used. */
const beforeSpace = new Set([0xc2, 0xc3, 0xc5, 0xce, 0xd0, 0xd9])
const LOST = 0x1a
const SPACE = 0x20
const QUESTION_MARK = 0x3f

// Portuguese contractions with à, written in one word; elsewhere à is a word of its own.
const portuguese = [' ', 'quele', 'quela', 'quilo', 's ']

/**
 * Reads bytes as UTF-8 where it is whole, and where it is nearly whole: with spaces for the byte 0xA0, with lost bytes
 * (0x1A, or one question mark), with surrogates encoded one by one (CESU-8) and with Java's two bytes for NUL.
 *
 * @param isLossy whether lost bytes may occur
 * @param hasSpaces whether spaces may stand for 0xA0
 * @returns the sequences of more than one byte and the text, or undefined if something else than UTF-8 occurs
 */
export function decodeNearUtf8(
  bytes: Uint8Array,
  isLossy: boolean,
  hasSpaces: boolean,
): { text: string; sequences: Sequence[] } | undefined {
  const sequences: Sequence[] = []
  const parts: string[] = []
  let plain = 0
  const flush = (end: number) => {
    for (; plain < end; plain += 0x4000)
      parts.push(String.fromCharCode(...bytes.subarray(plain, Math.min(end, plain + 0x4000))))
    plain = end
  }
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at]
    if (byte < 0x80 && byte !== LOST) {
      at++
      continue
    }
    const sequence = readSequence(bytes, at, isLossy, hasSpaces)
    if (sequence === undefined) return undefined
    flush(at)
    parts.push(sequence.character)
    sequences.push(sequence)
    at += sequence.length
    plain = at
    if (byte === 0xc3 && sequence.spaces === 1 && !startsPortuguese(bytes, at)) parts.push(' ')
  }
  flush(bytes.length)
  return { text: parts.join(''), sequences }
}

/** Whether what follows the space after à makes a word with it. */
const startsPortuguese = (bytes: Uint8Array, at: number) => {
  const next = String.fromCharCode(...bytes.subarray(at, at + 5))
  return portuguese.some((word) => next.startsWith(word))
}

function readSequence(
  bytes: Uint8Array,
  at: number,
  isLossy: boolean,
  hasSpaces: boolean,
): Sequence | undefined {
  const lead = bytes[at]
  const lostHere = { start: at, length: 1, character: '\ufffd', spaces: 0, lost: 1 }
  if (lead === LOST) return isLossy ? lostHere : undefined
  if (lead === 0xc0 && bytes[at + 1] === 0x80)
    return { start: at, length: 2, character: '\0', spaces: 0, lost: 0 }
  const length =
    lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0
  if (length === 0 || at + length > bytes.length) return undefined

  let code = lead & (0xff >> (length + 1))
  let spaces = 0
  let lost = 0
  let questions = 0
  for (let i = 1; i < length; i++) {
    let byte = bytes[at + i]
    if (byte === SPACE && hasSpaces && mayBeSpace(lead, i, length)) {
      spaces++
      byte = 0xa0
    } else if (byte === LOST && isLossy) lost++
    else if (byte === QUESTION_MARK && isLossy && (length > 2 || lead < 0xc4)) {
      lost++
      questions++
    } else if (byte < 0x80 || byte > 0xbf) return undefined
    code = (code << 6) | (byte & 0x3f)
  }
  if (questions > 1 || spaces > 1) return undefined
  const sequence = { start: at, length, spaces, lost }
  if (lost > 0) return { ...sequence, character: '\ufffd' }
  if (length === 3 && (code & 0xf800) === 0xd800) {
    const low = readSurrogate(bytes, at + 3)
    if (code >= 0xdc00 || low === undefined) return undefined
    return { ...sequence, length: 6, character: String.fromCharCode(code, low) }
  }
  if (code < [0x80, 0x800, 0x10000][length - 2] || code > 0x10ffff) return undefined
  return { ...sequence, character: String.fromCodePoint(code) }
}

const readSurrogate = (bytes: Uint8Array, at: number) =>
  bytes[at] === 0xed &&
  bytes[at + 1] >= 0xb0 &&
  bytes[at + 1] <= 0xbf &&
  bytes[at + 2] >= 0x80 &&
  bytes[at + 2] <= 0xbf
    ? 0xd000 | ((bytes[at + 1] & 0x3f) << 6) | (bytes[at + 2] & 0x3f)
    : undefined

function mayBeSpace(lead: number, position: number, length: number): boolean {
  if (length === 2) return beforeSpace.has(lead)
  // After E0 and E1 it would be scripts that hardly occur; from E4 on they are Chinese, beside Latin letters.
  if (length === 3) return position === 1 ? lead === 0xe2 || lead === 0xe3 : lead <= 0xe3
  return lead === 0xf0
}
