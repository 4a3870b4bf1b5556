/**
 * White space, stripping and lines as Python's `str` defines them. The rules of datatrove and of C4 are stated by
 * Python programs, and JavaScript's `\s` and `trim` differ: they lack U+001C to U+001F and U+0085, and include U+FEFF.
 */

/** What Python's `str.isspace` accepts: bidirectional classes WS, B, S and category Zs. */
const SPACES =
  '\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000'

const isSpaceTable = new Uint8Array(0x10000)
for (const char of SPACES) isSpaceTable[char.charCodeAt(0)] = 1

/** Whether a UTF-16 unit is white space; all white space lies in the basic plane. */
export const isSpace = (unit: number): boolean => isSpaceTable[unit] === 1

const isLineEndTable = new Uint8Array(0x10000)
for (const char of '\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029') isLineEndTable[char.charCodeAt(0)] = 1

/** `str.strip()` */
export function strip(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isSpaceTable[text.charCodeAt(start)] === 1) start++
  while (end > start && isSpaceTable[text.charCodeAt(end - 1)] === 1) end--
  return start === 0 && end === text.length ? text : text.slice(start, end)
}

/** `str.lstrip()` */
export function stripStart(text: string): string {
  let start = 0
  while (start < text.length && isSpaceTable[text.charCodeAt(start)] === 1) start++
  return text.slice(start)
}

/** `str.rstrip()` */
export function stripEnd(text: string): string {
  let end = text.length
  while (end > 0 && isSpaceTable[text.charCodeAt(end - 1)] === 1) end--
  return text.slice(0, end)
}

/** `str.splitlines()`: ten line ends, `\r\n` being one of them, and no empty line after the last end. */
export function splitLines(text: string): string[] {
  const lines: string[] = []
  let start = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (isLineEndTable[unit] === 0) continue
    lines.push(text.slice(start, i))
    if (unit === 0x0d && text.charCodeAt(i + 1) === 0x0a) i++
    start = i + 1
  }
  if (start < text.length) lines.push(text.slice(start))
  return lines
}

/** The parts between runs of at least so many line feeds; empty ones at the ends included, as `re.split` gives them. */
export function splitAtLineFeeds(text: string, least: number): string[] {
  const parts: string[] = []
  let start = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at)) {
    const run = at
    while (text.charCodeAt(at) === 0x0a) at++
    if (at - run < least) continue
    parts.push(text.slice(start, run))
    start = at
  }
  parts.push(text.slice(start))
  return parts
}

/** `str.split()`: the parts between runs of white space. */
export function splitSpaces(text: string): string[] {
  const parts: string[] = []
  let start = -1
  for (let i = 0; i < text.length; i++) {
    if (isSpaceTable[text.charCodeAt(i)] === 1) {
      if (start >= 0) parts.push(text.slice(start, i))
      start = -1
    } else if (start < 0) start = i
  }
  if (start >= 0) parts.push(text.slice(start))
  return parts
}

/** The number of code points, which is what Python's `len` and all thresholds count. */
export function codePoints(text: string): number {
  let pairs = 0
  for (let i = 1; i < text.length; i++) {
    // A low surrogate after a high one is the second half of one character.
    if ((text.charCodeAt(i) & 0xfc00) === 0xdc00 && (text.charCodeAt(i - 1) & 0xfc00) === 0xd800) {
      pairs++
      i++
    }
  }
  return text.length - pairs
}
