import * as z from 'zod'
import { defineStep } from '../pipeline/define.ts'
import { flagData, outside, rangeReasons } from '../pipeline/range.ts'

const ratio = z.number().min(0).max(1)
const letterOrDigit = /[\p{L}\p{N}]/gu

/** How many matches of a pattern for single characters a text has. */
const matches = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0

/** Removes texts by their share of letters and digits of any script. */
export const alphanumericRatioFilter = defineStep({
  name: 'alphanumeric-ratio-filter',
  summary: 'Removes texts by their share of letters and digits, of any script, among all characters.',
  source: flagData('data_operator/samplefilter/alphanumeric_ratio_filter.py'),
  reasons: rangeReasons('alphanumeric_ratio'),
  options: z.strictObject({
    minRatio: ratio.default(0).describe('least share'),
    maxRatio: ratio
      .default(0.8)
      .describe('greatest share; many a text of Chinese or of long words has more than 0.8'),
  }),
  create:
    ({ minRatio, maxRatio }) =>
    (text) =>
      outside(
        'alphanumeric_ratio',
        text.length === 0 ? 0 : matches(text.value, letterOrDigit) / text.length,
        minRatio,
        maxRatio,
      ),
})

const classes = {
  // Marks, symbols and spaces beyond ASCII; letters that look like signs are letters.
  default: '(?![\\0-\\x7f])[\\p{P}\\p{S}\\p{Z}\\p{Cf}\\p{Co}\\ufffd]',
  emoji: '\\p{Emoji_Presentation}|\\p{Extended_Pictographic}|[\\ufe0f\\u200d]',
  ascii: '[\\t-\\r\\x20-@\\[-`{-~]',
}

/** Removes texts by their share of signs: punctuation and symbols beyond ASCII, pictures, ASCII signs. */
export const specialCharacterRatioFilter = defineStep({
  name: 'special-character-ratio-filter',
  summary: 'Removes texts by their share of signs among all characters.',
  source: flagData('data_operator/samplefilter/special_character_ratio_filter.py'),
  reasons: rangeReasons('special_character_ratio'),
  differences: [
    'The default characters are all punctuation, symbols and spaces beyond ASCII by their Unicode category; there they are a list of 200 with letters among them (士, 一, ン, Г), and without most Chinese punctuation.',
    'Where nothing is chosen the default characters count; there none do and every text is kept.',
  ],
  options: z.strictObject({
    minRatio: ratio.default(0).describe('least share'),
    maxRatio: ratio.default(0.25).describe('greatest share'),
    characters: z.array(z.string().min(1)).default([]).describe('characters that count'),
    addDefault: z.boolean().default(false).describe('counts punctuation, symbols and spaces beyond ASCII'),
    addEmoji: z.boolean().default(false).describe('counts pictures'),
    addMath: z.boolean().default(false).describe('counts punctuation, digits and white space of ASCII'),
  }),
  create({ minRatio, maxRatio, characters, addDefault, addEmoji, addMath }) {
    const nothing = characters.length === 0 && !addEmoji && !addMath
    const single = characters.map((it) => `\\u{${it.codePointAt(0)?.toString(16)}}`).join('')
    const parts = [
      single === '' ? '' : `[${single}]`,
      addDefault || nothing ? classes.default : '',
      addEmoji ? classes.emoji : '',
      addMath ? classes.ascii : '',
    ]
    const pattern = new RegExp(parts.filter((it) => it !== '').join('|'), 'gu')
    return (text) =>
      outside(
        'special_character_ratio',
        text.length === 0 ? 0 : matches(text.value, pattern) / text.length,
        minRatio,
        maxRatio,
      )
  },
})
