import { decodeEntities } from './entities.ts'
import { fixEncoding } from './mojibake.ts'

/** What is repaired; the names are those of ftfy. */
export interface FixTextOptions {
  /** Decodes HTML entities; `auto`: until a text holds <, which says that it is HTML. */
  unescapeHtml?: boolean | 'auto'
  /** Deletes escape sequences of terminals. */
  removeTerminalEscapes?: boolean
  /** Repairs UTF-8 that was decoded by another encoding. */
  fixEncoding?: boolean
  /** Takes ligatures of Latin letters apart. */
  fixLatinLigatures?: boolean
  /** Full-width letters and half-width katakana become ordinary ones. */
  fixCharacterWidth?: boolean
  /** Curly quotation marks become straight. */
  uncurlQuotes?: boolean
  /** Line ends of all kinds become \n. */
  fixLineBreaks?: boolean
  /** Halves of surrogate pairs become U+FFFD. */
  fixSurrogates?: boolean
  /** Deletes control characters that show nothing. */
  removeControlChars?: boolean
  normalization?: 'NFC' | 'NFD' | 'NFKC' | 'NFKD' | null
}

const ligatures: Record<string, string> = {
  Ĳ: 'IJ',
  ĳ: 'ij',
  ŉ: 'ʼn',
  Ǳ: 'DZ',
  ǲ: 'Dz',
  ǳ: 'dz',
  Ǆ: 'DŽ',
  ǅ: 'Dž',
  ǆ: 'dž',
  Ǉ: 'LJ',
  ǈ: 'Lj',
  ǉ: 'lj',
  Ǌ: 'NJ',
  ǋ: 'Nj',
  ǌ: 'nj',
  ﬀ: 'ff',
  ﬁ: 'fi',
  ﬂ: 'fl',
  ﬃ: 'ffi',
  ﬄ: 'ffl',
  ﬅ: 'ſt',
  ﬆ: 'st',
}
const anyLigature = new RegExp(`[${Object.keys(ligatures).join('')}]`, 'gu')
const maybeTerminalEscape = /\p{Cc}\[[\d;]*[a-zA-Z]/gu
const maybeHidden = /[\p{Cc}\u206a-\u206f\ufeff\ufff9-\ufffc]/gu
/** White space, and the range 0x80 to 0x9F, which is a trace of a wrong encoding. */
const isKept = (char: string) => '\t\n\f\r'.includes(char) || (char >= '\u0080' && char <= '\u009f')
/** ASCII without controls and without what an entity needs. */
const isSound = /^[\t\n -%'-~]*$/
const ordinary = (text: string) => text.normalize('NFKC')

const fixes: { [Name in keyof FixTextOptions]?: (text: string) => string } = {
  fixEncoding,
  fixLatinLigatures: (text) => text.replace(anyLigature, (char) => ligatures[char]),
  fixCharacterWidth: (text) => text.replace(/[\u3000\uff01-\uffef]/g, ordinary),
  uncurlQuotes: (text) => text.replace(/[\u02bc\u2018-\u201b]/g, "'").replace(/[\u201c-\u201f]/g, '"'),
  fixLineBreaks: (text) => text.replace(/\r\n|[\r\u0085\u2028\u2029]/g, '\n'),
  fixSurrogates: (text) => text.toWellFormed(),
  removeTerminalEscapes: (text) =>
    text.replace(maybeTerminalEscape, (found) => (found.startsWith('\u001b') ? '' : found)),
  removeControlChars: (text) => text.replace(maybeHidden, (char) => (isKept(char) ? char : '')),
}

/** Entities may hold entities, and wrongly decoded text may be hidden in them. */
const MAX_ROUNDS = 8
/** Longer lines are repaired in parts, so that one stray character does not spoil more. */
const MAX_SEGMENT = 1_000_000

/** Everything that ftfy does by default. */
const all: Required<FixTextOptions> = {
  unescapeHtml: 'auto',
  removeTerminalEscapes: true,
  fixEncoding: true,
  fixLatinLigatures: true,
  fixCharacterWidth: true,
  uncurlQuotes: true,
  fixLineBreaks: true,
  fixSurrogates: true,
  removeControlChars: true,
  normalization: 'NFC',
}

/**
 * Repairs text: characters decoded by the wrong encoding, HTML entities, control characters, halves of surrogates and,
 * where asked for, ligatures, widths, quotation marks, line ends. Line by line, so that lines may be broken differently.
 *
 * Source: the repairs and their names are those of ftfy 6.3 (https://ftfy.readthedocs.io); how wrongly decoded text is
 * told from real text is our own rule, see `mojibake.ts`.
 *
 * @example
 * repairText('sÃ³ &amp; âœ”') // 'só & ✔'
 */
export function repairText(text: string, options: FixTextOptions = {}): string {
  const chosen = { ...all, ...options }
  const parts: string[] = []
  let entities = chosen.unescapeHtml
  for (let start = 0; start < text.length; ) {
    const lineEnd = text.indexOf('\n', start) + 1
    let end = Math.min(lineEnd === 0 ? text.length : lineEnd, start + MAX_SEGMENT)
    if (end < text.length && (text.charCodeAt(end) & 0xfc00) === 0xdc00) end++
    const segment = text.slice(start, end)
    start = end
    if (isSound.test(segment)) {
      if (segment.includes('<') && entities === 'auto') entities = false
      parts.push(segment)
      continue
    }
    if (entities === 'auto' && segment.includes('<')) entities = false
    parts.push(repairSegment(segment, chosen, entities !== false))
  }
  return parts.join('')
}

function repairSegment(segment: string, options: FixTextOptions, withEntities: boolean): string {
  let value = segment
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const before = value
    if (withEntities) value = decodeEntities(value)
    for (const [name, fix] of Object.entries(fixes))
      if (options[name as keyof FixTextOptions]) value = fix(value)
    if (options.normalization) value = value.normalize(options.normalization)
    if (value === before) break
  }
  return value
}
