import tables from './spacyEnglish.json' with { type: 'json' }

/**
 * The affix rules of spaCy's English tokenizer (spaCy 3.8, `spacy/lang/punctuation.py`, `spacy/lang/en`), restated
 * for JavaScript. Character classes and exceptions are data of spaCy and lie in `spacyEnglish.json`.
 */

const escapeClass = (chars: string) => chars.replace(/[\\\]^[-]/g, '\\$&')
const escapeText = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')

const { alpha, alphaLower, alphaUpper } = tables
const quotes = escapeClass(tables.quotes.join(''))
const icons = tables.icons.map((chars) => `[${chars}]`)
const ellipses = ['\\.\\.+', '\u2026']
const punctuation = tables.punctuation.map(escapeText)
const currency = tables.currency.map(escapeText)
const hyphens = tables.hyphens.map(escapeText).join('|')
const units = tables.units.map(escapeText).join('|')

const prefixes = [
  '\u00a7',
  '%',
  '=',
  '\u2014',
  '\u2013',
  '\\+(?![0-9])',
  ...punctuation,
  ...ellipses,
  ...tables.quotes.map(escapeText),
  ...currency,
  ...icons,
]

// The list of punctuation stands inside a character class as it is, so its bars and backslashes count as characters.
const beforeFullStop = `0-9${alphaLower}%\u00b2\\-+|\\\\${escapeClass(tables.punctuation.join(''))}(?:)${quotes}`

const suffixes = [
  ...punctuation,
  ...ellipses,
  ...tables.quotes.map(escapeText),
  ...icons,
  "'s",
  "'S",
  '\u2019s',
  '\u2019S',
  '\u2014',
  '\u2013',
  '(?<=[0-9])\\+',
  '(?<=\u00b0[FfCcKk])\\.',
  `(?<=[0-9])(?:${currency.join('|')})`,
  `(?<=[0-9])(?:${units})`,
  `(?<=[${beforeFullStop}])\\.`,
  `(?<=[${alphaUpper}][${alphaUpper}])\\.`,
]

const infixes = [
  ...ellipses,
  ...icons,
  '(?<=[0-9])[+\\-*^](?=[0-9\\-])',
  `(?<=[${alphaLower}${quotes}])\\.(?=[${alphaUpper}${quotes}])`,
  `(?<=[${alpha}]),(?=[${alpha}])`,
  `(?<=[${alpha}0-9])(?:${hyphens})(?=[${alpha}])`,
  `(?<=[${alpha}0-9])[:<>=/](?=[${alpha}])`,
]

const prefixPattern = new RegExp(prefixes.join('|'), 'uy')
const suffixPattern = new RegExp(suffixes.map((suffix) => `${suffix}$`).join('|'), 'u')
const infixPattern = new RegExp(infixes.join('|'), 'gu')

/** UTF-16 units of the prefix of a text, 0 if there is none. */
export function prefixLength(text: string): number {
  prefixPattern.lastIndex = 0
  return prefixPattern.test(text) ? prefixPattern.lastIndex : 0
}

/** Suffixes other than dots are shorter than this with all that they look back to. */
const SUFFIX_WINDOW = 24

/** UTF-16 units of the suffix of a text, 0 if there is none. Looks at the end of the text only, so that it takes the
 * same time for any length. */
export function suffixLength(text: string): number {
  if (text.length > SUFFIX_WINDOW) {
    let start = text.length
    while (start > 0 && text.charCodeAt(start - 1) === 0x2e) start--
    // Two dots and more are one suffix.
    if (text.length - start >= 2) return text.length - start
    start = text.length - SUFFIX_WINDOW
    // Not between the halves of a surrogate pair.
    if ((text.charCodeAt(start) & 0xfc00) === 0xdc00) start--
    text = text.slice(start)
  }
  const match = suffixPattern.exec(text)
  return match === null ? 0 : match[0].length
}

/** Where infixes lie, as pairs of start and end in UTF-16 units. */
export function findInfixes(text: string): [number, number][] {
  return Array.from(text.matchAll(infixPattern), ({ 0: infix, index }) => [index, index + infix.length])
}

const octet = '(?:1?\\d{1,2}|2[0-4]\\d|25[0-5])'
const hostChar = 'A-Za-z0-9\\u00a1-\\uffff'

/**
 * The URL pattern of spaCy (`URL_PATTERN`, after Diego Perini, MIT). Its `(?:\S+(?::\S*)?@)?` is written as
 * `(?:\S+@)?`, which accepts the same texts and does not try every pair of colons.
 */
const urlPattern = new RegExp(
  (
    `^(?:[\\p{L}\\p{N}_+\\-.]{2,}://)?(?:\\S+@)?(?:` +
    `(?!(?:10|127)(?:\\.\\d{1,3}){3})(?!(?:169\\.254|192\\.168)(?:\\.\\d{1,3}){2})` +
    `(?!172\\.(?:1[6-9]|2\\d|3[0-1])(?:\\.\\d{1,3}){2})` +
    `(?:[1-9]\\d?|1\\d\\d|2[01]\\d|22[0-3])(?:\\.${octet}){2}\\.(?:[1-9]\\d?|1\\d\\d|2[0-4]\\d|25[0-4])` +
    `|(?:(?:[${hostChar}][${hostChar}_\\-]{0,62})?[${hostChar}]\\.)+(?:[${alphaLower}]{2,63})` +
    `)(?::\\d{2,5})?(?:[/?#]\\S*)?$`
  )
    .replaceAll('\\d', '\\p{Nd}')
    .replaceAll('\\S', '[\\S\ufeff]'),
  'u',
)

/** Whether a text is a URL or a host name, which stay whole. */
export const isUrl = (text: string): boolean => text.includes('.') && urlPattern.test(text)

/** Texts that have their own tokens: contractions, abbreviations, emoticons, times. */
export const exceptions: ReadonlyMap<string, readonly string[]> = new Map(Object.entries(tables.exceptions))

/** Tokens that end a sentence (spaCy's `Sentencizer`). */
export const sentenceEnds: ReadonlySet<string> = new Set(tables.sentenceEnds)
