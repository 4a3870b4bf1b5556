import * as z from 'zod'
import { defineStep } from '../../pipeline/define.ts'
import { changed } from '../change.ts'
import { repairText } from './fixText.ts'

const choice = (value: boolean, what: string) => z.boolean().default(value).describe(what)

/** Repairs wrongly decoded characters and other accidents of text. */
export const fixText = defineStep({
  name: 'fix-text',
  summary:
    'Repairs characters that were decoded by the wrong encoding (mojibake), HTML entities, control characters, halves of surrogates; where asked for also ligatures, widths, quotation marks, line ends.',
  source: 'ftfy 6.3 (https://ftfy.readthedocs.io); the defaults are those of FTFYFormatter of datatrove 0.10',
  differences: [
    'How wrongly decoded text is told from real text is our own rule; the page on conformance counts and explains where it decides otherwise.',
  ],
  options: z.strictObject({
    unescapeHtml: z
      .union([z.boolean(), z.literal('auto')])
      .default('auto')
      .describe('decodes HTML entities; auto: until the text holds <'),
    removeTerminalEscapes: choice(true, 'deletes escape sequences of terminals'),
    fixEncoding: choice(true, 'repairs UTF-8 that was decoded by another encoding'),
    fixLatinLigatures: choice(false, 'takes ligatures of Latin letters apart'),
    fixCharacterWidth: choice(false, 'full-width letters and half-width katakana become ordinary ones'),
    uncurlQuotes: choice(false, 'curly quotation marks become straight'),
    fixLineBreaks: choice(false, 'line ends of all kinds become \\n'),
    fixSurrogates: choice(true, 'halves of surrogate pairs become U+FFFD'),
    removeControlChars: choice(true, 'deletes control characters that show nothing'),
    normalization: z
      .enum(['NFC', 'NFD', 'NFKC', 'NFKD'])
      .nullable()
      .default(null)
      .describe('a normal form of Unicode'),
  }),
  create: (options) => (text) => changed(text, repairText(text.value, options)),
})
