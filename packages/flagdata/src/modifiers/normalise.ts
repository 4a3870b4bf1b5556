import * as z from 'zod'
import { defineStep } from '../pipeline/define.ts'
import { simplify } from '../text/simplify.ts'
import { changed } from './change.ts'

/** Normal forms of Unicode, white space and punctuation. */
export const normaliseText = defineStep({
  name: 'normalise-text',
  summary:
    'Brings text to a normal form of Unicode and, where asked for, white space and quotation marks to one form.',
  source: 'Unicode Standard Annex 15 (https://www.unicode.org/reports/tr15/)',
  options: z.strictObject({
    form: z
      .enum(['NFC', 'NFD', 'NFKC', 'NFKD'])
      .nullable()
      .default('NFC')
      .describe('null leaves the characters alone'),
    whitespace: z
      .boolean()
      .default(false)
      .describe(
        'line ends become \\n, spaces of all kinds one space, those at the ends of lines go, and so do more than two line ends in a row',
      ),
    quotes: z.boolean().default(false).describe('quotation marks and apostrophes become those of ASCII'),
  }),
  create:
    ({ form, whitespace, quotes }) =>
    (text) => {
      let { value } = text
      if (form) value = value.normalize(form)
      if (quotes) value = value.replace(/[‘’‚‛ʼ]/g, "'").replace(/[“”„‟«»]/g, '"')
      if (whitespace)
        value = value
          .replace(/\r\n|[\r\v\f\u0085\u2028\u2029]/g, '\n')
          .replace(/[^\S\n]+/g, ' ')
          .replace(/ ?\n ?/g, '\n')
          .replace(/\n{3,}/g, '\n\n')
          .trim()
      return changed(text, value)
    },
})

/** The form in which near-duplicates are compared, as a text of its own. */
export const simplifyText = defineStep({
  name: 'simplify-text',
  summary:
    'Reduces text to what near-duplicates share: lower case, numbers 0, punctuation and white space one space, accents removed.',
  source: 'simplify_text of datatrove 0.10',
  options: z.strictObject({}),
  create: () => (text) => changed(text, simplify(text.value)),
})
