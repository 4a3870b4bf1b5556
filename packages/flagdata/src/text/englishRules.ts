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
const infixPattern = new RegExp(infixes.join('|'), 'uy')

const firstOf = (texts: readonly string[]) => texts.map(([first]) => first)
const lastOf = (texts: readonly string[]) => texts.map((text) => text[text.length - 1])

/** Icons, and the characters given, as units of UTF-16; all halves of pairs count. */
function unitsOf(characters: readonly string[]): Uint8Array {
  const units = new Uint8Array(0x10000).fill(1, 0xd800, 0xe000)
  for (const icons of tables.icons)
    for (const [, first, last = first] of icons.matchAll(/(.)(?:-(.))?/gu))
      units.fill(1, first.charCodeAt(0), last.charCodeAt(0) + 1)
  for (const character of characters) units[character.charCodeAt(0)] = 1
  return units
}

// Most texts hold nothing that a rule cuts, and a look at a table tells so sooner than the patterns do.
const { punctuation: signs, quotes: marks } = tables
const startsPrefix = unitsOf([
  ...'\u00a7%=\u2014\u2013+.\u2026',
  ...firstOf([...signs, ...marks, ...tables.currency]),
])
const startsInfix = unitsOf([...'.\u2026+-*^,:<>=/', ...firstOf(tables.hyphens)])
const endsSuffix = unitsOf([...'.\u2026\u2014\u2013+', ...lastOf([...signs, ...marks, ...tables.currency])])
/** Those that end a suffix only after a digit or an apostrophe. */
const endsUnit = unitsOf(['s', 'S', ...lastOf(tables.units)])
const beforeUnit = /[0-9'\u2019]/

/** Whether a text of letters and the like stays whole, whatever its letters: none of it begins or ends what is cut. */
export function isUncut(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (startsPrefix[unit] === 1 || startsInfix[unit] === 1 || endsSuffix[unit] === 1) return false
  }
  return !beforeUnit.test(text)
}

/** UTF-16 units of the prefix of a text, 0 if there is none. */
export function prefixLength(text: string): number {
  if (startsPrefix[text.charCodeAt(0)] !== 1) return 0
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
  const last = text.charCodeAt(text.length - 1)
  if (endsSuffix[last] !== 1 && !(endsUnit[last] === 1 && beforeUnit.test(text))) return 0
  const match = suffixPattern.exec(text)
  return match === null ? 0 : match[0].length
}

/** Where infixes lie, as pairs of start and end in UTF-16 units. */
export function findInfixes(text: string): [number, number][] {
  const infixes: [number, number][] = []
  for (let i = 0; i < text.length; i++) {
    if (startsInfix[text.charCodeAt(i)] !== 1) continue
    infixPattern.lastIndex = i
    if (!infixPattern.test(text)) continue
    infixes.push([i, infixPattern.lastIndex])
    i = infixPattern.lastIndex - 1
  }
  return infixes
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
