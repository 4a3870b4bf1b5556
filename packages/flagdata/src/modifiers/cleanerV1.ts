import * as z from 'zod'
import { defineStep } from '../pipeline/define.ts'
import { strip } from '../text/whitespace.ts'
import { linkPattern } from './addresses.ts'
import { changed } from './change.ts'
import { decodeEntities } from './fixText/entities.ts'
import { removePrivateData } from './privateData.ts'

const source = 'FlagData 1.0, flagdata/cleaner/utils/filter.py (https://github.com/FlagOpen/FlagData)'

// Pictures, with what joins and colours them; signs of text that may be drawn as pictures (©, ↔, digits) only if
// they ask for it.
const emoji =
  /(?:\p{Emoji_Presentation}|\p{Emoji}\ufe0f\u20e3?|[\u{1f3fb}-\u{1f3ff}]|[\u{1f000}-\u{1faff}]|[\u2600-\u27bf])[\ufe0e\ufe0f\u20e3\u{1f3fb}-\u{1f3ff}\u{e0020}-\u{e007f}]*(?:\u200d(?=\p{Extended_Pictographic}))?/gu
// Other than control characters these are formatting characters; joiners are letters' business in many scripts.
const control = /(?![\t\n\r\u200c\u200d])[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}]/gu

/** Deletes pictures and control characters. */
export const symbolFilter = defineStep({
  name: 'symbol-filter',
  summary: 'Deletes emoji and control characters (categories C*) but tabs and line ends; strips the text.',
  source,
  differences: [
    'Each of the two may be left out; there leaving out either stops the run.',
    'Joiners between letters stay, which Persian and the scripts of India need.',
    'Braille, mathematical arrows and brackets (U+27C0 to U+2B4F) are no emoji.',
  ],
  options: z.strictObject({
    filterEmoji: z.boolean().default(true).describe('deletes emoji'),
    filterControl: z.boolean().default(true).describe('deletes control and formatting characters'),
  }),
  create:
    ({ filterEmoji, filterControl }) =>
    (text) => {
      let { value } = text
      if (filterEmoji) value = value.replace(emoji, '')
      if (filterControl) value = value.replace(control, '')
      return changed(text, strip(value))
    },
})

/** FlagData's first cleaner of texts: private data, addresses, spaces. */
export const textCleanerV1 = defineStep({
  name: 'text-cleaner-v1',
  summary:
    'Deletes private data (accounts, identity cards, telephone numbers, e-mail and IP addresses) and web addresses, and reduces white space.',
  source,
  counts: ['accounts', 'id-cards', 'phones', 'emails', 'ips', 'links'],
  differences: [
    'A number is private only if it has the form and the check digit of an identity card, the form of a Chinese telephone number, or a word before it that says so (微信, QQ, wx:, 邮编); there every number of five digits and more is deleted.',
    'Line ends stay, several become one; there the text becomes one line.',
    'Entities are decoded only where they end in a semicolon; there `&notit` becomes ¬it.',
    'All are found; there the first 500 or 1,000.',
  ],
  options: z.strictObject({
    filterPersonal: z.boolean().default(true).describe('deletes private data'),
    filterUrl: z.boolean().default(true).describe('deletes web addresses'),
    filterExtraspace: z
      .boolean()
      .default(true)
      .describe('makes one space of several, and one line end of several'),
  }),
  create:
    ({ filterPersonal, filterUrl, filterExtraspace }) =>
    (text, _document, count) => {
      let { value } = text
      if (filterPersonal || filterUrl) value = decodeEntities(value)
      // Addresses first: a number in one is no telephone number.
      if (filterUrl)
        value = value.replace(linkPattern, () => {
          count('links')
          return ''
        })
      if (filterPersonal) value = removePrivateData(value, count)
      if (filterExtraspace)
        value = strip(value.replace(/[^\S\r\n]+/g, ' ').replace(/ ?[\r\n](?: ?[\r\n])* ?/g, '\n'))
      return changed(text, value)
    },
})

const sentenceEnds = /[;.?!；。？！؛؟]/
const lastSentence = /^[\s\S]*[;.?!；。？！؛؟] ?["”)]?/
/** Two marks of one script that make a whole sentence likely, as FlagData pairs them. */
const pairs = (['.,;:?!', '。，；：？！', '.،؛:؟!'] as const).flatMap(
  ([stop, comma, semicolon, colon, question, exclamation]) => [
    ...[comma, semicolon, colon, question, exclamation].map((it) => [stop, it]),
    ...[exclamation, question, semicolon].map((it) => [comma, it]),
    ...[question, exclamation, semicolon].map((it) => [colon, it]),
  ],
)

/** Cuts off what follows the last sentence, and removes texts that are short or have no sentence. */
export const textIntegrityChecker = defineStep({
  name: 'text-integrity-checker',
  summary:
    'Removes texts of few characters; cuts off what follows the last sentence, or removes texts without marks of sentences.',
  source,
  reasons: ['text_too_short', 'no_sentence_end', 'no_whole_sentence'],
  differences: [
    'The last sentence of the whole text counts; there that of the first line, and the rest of the text is lost.',
    'Removed texts name the rule; there they become empty.',
  ],
  options: z.strictObject({
    minLength: z.int().min(0).default(16).describe('fewest characters, white space not counted'),
    lengthCheck: z.boolean().default(true).describe('asks for that length'),
    doEndClip: z
      .boolean()
      .default(true)
      .describe('cuts off what follows the last sentence; the two checks below are then left out'),
    endMarkCheck: z.boolean().default(true).describe('asks for a mark that ends a sentence'),
    doubleMarkCheck: z.boolean().default(true).describe('asks for two different marks of one script'),
  }),
  create({ minLength, lengthCheck, doEndClip, endMarkCheck, doubleMarkCheck }) {
    const tooShort = (text: string, always = false) => {
      if (!lengthCheck && !always) return undefined
      const value = text.match(/\S/gu)?.length ?? 0
      return value < minLength ? { reason: 'text_too_short', value, limit: minLength } : undefined
    }
    return (text) => {
      const short = tooShort(text.value)
      if (short) return short
      if (doEndClip) {
        const clipped = lastSentence.exec(text.value)?.[0]
        if (clipped === undefined) return { reason: 'no_sentence_end' }
        return tooShort(clipped, true) ?? changed(text, strip(clipped))
      }
      if (endMarkCheck && !sentenceEnds.test(text.value)) return { reason: 'no_sentence_end' }
      if (doubleMarkCheck && !pairs.some((pair) => pair.every((mark) => text.value.includes(mark))))
        return { reason: 'no_whole_sentence' }
      return changed(text, strip(text.value))
    }
  },
})
