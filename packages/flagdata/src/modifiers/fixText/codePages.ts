/** The upper half of code page 437, bytes 0x80 to 0xFF. */
const CP437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0'

/** Windows-1252, bytes 0x80 to 0x9F: written out, because TextDecoder of several Node versions decodes them as Latin-1. */
const CP1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ'

/** What browsers show for a control character of the range 0x80 to 0x9F. */
export const c1Character = (code: number): string => CP1252[code - 0x80]

/** An encoding of one byte per character. */
export interface CodePage {
  readonly name: string
  /** Characters of the bytes 0x80 to 0xFF; bytes below are ASCII. */
  readonly upper: string
  /** U+FFFD stands for a byte that the encoding does not assign, so it can be encoded, as 0x1A. */
  readonly lossy: boolean
}

const upperBytes = Uint8Array.from({ length: 128 }, (_, i) => 128 + i)
const decoded = (label: string) => new TextDecoder(label).decode(upperBytes)
const latin1 = String.fromCharCode(...upperBytes)

/** Unassigned bytes stand for the control character of their number, as browsers decode them. */
const windows = (number: number): CodePage => ({
  name: `windows-${number}`,
  upper: Array.from(decoded(`windows-${number}`), (char, i) => (char === '\ufffd' ? latin1[i] : char)).join(
    '',
  ),
  lossy: true,
})

/** The encodings for which UTF-8 is mistaken, the most frequent first. */
export const codePages: readonly CodePage[] = [
  { name: 'latin-1', upper: latin1, lossy: false },
  { name: 'windows-1252', upper: CP1252 + latin1.slice(32), lossy: true },
  windows(1251),
  windows(1250),
  windows(1253),
  windows(1254),
  windows(1257),
  { name: 'iso-8859-2', upper: decoded('iso-8859-2'), lossy: false },
  { name: 'macroman', upper: decoded('macintosh'), lossy: false },
  { name: 'cp437', upper: CP437, lossy: false },
]

const encoders = new Map<CodePage, ReadonlyMap<string, number>>()

function encoderOf(page: CodePage): ReadonlyMap<string, number> {
  let encoder = encoders.get(page)
  if (encoder === undefined) {
    encoder = new Map(Array.from(page.upper, (char, i) => [char, 0x80 + i]))
    encoders.set(page, encoder)
  }
  return encoder
}

/** The bytes of a text, one per UTF-16 unit, or undefined if the encoding lacks a character. */
export function encode(text: string, page: CodePage): Uint8Array | undefined {
  const encoder = encoderOf(page)
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) {
      // This byte is taken for lost ones.
      if (unit === 0x1a) return undefined
      bytes[i] = unit
    } else {
      const byte = encoder.get(text[i]) ?? (page.lossy && unit === 0xfffd ? 0x1a : undefined)
      if (byte === undefined) return undefined
      bytes[i] = byte
    }
  }
  return bytes
}

/** Characters that some encoding of the Latin kind has for the bytes of a range. */
export function charactersOf(from: number, to: number): ReadonlySet<string> {
  const characters = new Set<string>()
  // In the last two every second character of a table is one of these bytes.
  for (const { name, upper } of codePages)
    if (name !== 'macroman' && name !== 'cp437')
      for (const char of upper.slice(from - 0x80, to - 0x80 + 1)) characters.add(char)
  return characters
}
