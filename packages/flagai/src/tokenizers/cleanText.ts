import { decodeHTML } from 'entities'
import { fromUtf8, toUtf8 } from './utf8.ts'

// What CLIP does to a text before it is cut into tokens: ftfy's fix_text, HTML's character references, white space.
// ftfy (Speer 2019) also guesses which texts were decoded in the wrong encoding ("sÃ³" for "só") and decodes them
// again; that guess is left out here.

/** Python's idea of white space (str.isspace), which is not that of JavaScript; for a class of a regular expression. */
export const whiteSpace =
  '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'
const spaces = new RegExp(`[${whiteSpace}]+`, 'gu')

/** Controls that stand for nothing, marks of annotations, the placeholder of objects, and byte order marks. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
const controls = /[\0-\x08\x0b\x0e-\x1f\x7f\u206a-\u206f\ufeff\ufff9-\ufffc]/gu
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours of terminals start with one
const terminalEscapes = /\x1b\[[\d;]*[a-zA-Z]/gu
const ligatures = /[\u0132\u0133\u0149\u01c4-\u01cc\u01f1-\u01f3\ufb00-\ufb04\ufb06]/gu
const widths = /[\u3000\uff01-\uffef]/gu
const c1 = /[\x80-\x9f]/gu

/**
 * What Windows-1252 has in the places of the C1 controls; blanks are places that it leaves to them. Not a TextDecoder:
 * that of Node 20 reads Windows-1252 as Latin-1.
 */
const windows1252 = '€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ'
const fromC1 = (code: number): string => {
  const character = windows1252[code - 0x80]
  return character === ' ' ? String.fromCharCode(code) : character
}

/** One pass of ftfy's fixes, in its order. */
function fixOnce(text: string, references: boolean): string {
  return (references ? closedReferences(text) : text)
    .replace(c1, (character) => fromC1(character.charCodeAt(0)))
    .replace(ligatures, (character) => character.normalize('NFKC'))
    .replaceAll('\ufb05', '\u017ft')
    .replace(widths, (character) => character.normalize('NFKC'))
    .replace(/[\u201c-\u201f]/gu, '"')
    .replace(/[\u02bc\u2018-\u201b]/gu, "'")
    .replace(/\r\n|[\r\u2028\u2029\x85]/gu, '\n')
    .replace(terminalEscapes, '')
    .replace(controls, '')
    .normalize('NFC')
}

/** ftfy's fixes without that of wrong encodings, line by line. From the first line with a `<` on, text is taken for HTML. */
function fixText(text: string): string {
  let references = true
  return text
    .split(/(?<=\n)/u)
    .map((line) => {
      references &&= !line.includes('<')
      let fixed = line
      for (let before = ''; fixed !== before; ) {
        before = fixed
        fixed = fixOnce(before, references)
      }
      return fixed
    })
    .join('')
}

/** References that end with a semicolon, also names in capitals (`&EACUTE;`), as ftfy reads them. */
function closedReferences(text: string): string {
  return text.replace(/&#?[0-9A-Za-z]{1,24};/gu, (whole) => {
    if (whole.startsWith('&#')) {
      const decoded = htmlReferences(whole)
      return decoded.includes(';') ? whole : decoded
    }
    const decoded = decodeHTML(whole)
    if (decoded !== whole) return decoded.endsWith(';') && decoded.length > 1 ? whole : decoded
    if (whole !== whole.toUpperCase()) return whole
    const lower = decodeHTML(whole.toLowerCase())
    return lower.startsWith('&') && lower.length > 1 ? whole : lower.toUpperCase()
  })
}

/** HTML's character references, closed or not, as Python's html.unescape reads them. */
function htmlReferences(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(
    /&(?:#([0-9]+);?|#[xX]([0-9a-fA-F]+);?|[^\t\n\f <&#;]{1,32};?)/gu,
    (whole, decimal?: string, hex?: string) => {
      if (decimal === undefined && hex === undefined) return decodeHTML(whole)
      return characterOf(
        decimal === undefined ? Number.parseInt(hex as string, 16) : Number.parseInt(decimal, 10),
      )
    },
  )
}

function characterOf(code: number): string {
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return '\ufffd'
  if (code >= 0x80 && code < 0xa0) return fromC1(code)
  const stray = code < 9 || code === 0xb || (code >= 0xe && code < 0x20) || code === 0x7f
  const none = (code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffe) === 0xfffe
  return stray || none ? '' : String.fromCodePoint(code)
}

/** A text as CLIP's tokenizer wants it: repaired, in lower case, with single blanks. */
export function cleanText(text: string): string {
  // Lone surrogates are U+FFFD, as in the other tokenizers.
  return htmlReferences(htmlReferences(fixText(fromUtf8(toUtf8(text)))))
    .replace(spaces, ' ')
    .replace(/^ | $/gu, '')
    .toLowerCase()
}
