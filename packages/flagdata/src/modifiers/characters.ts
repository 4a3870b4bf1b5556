import * as z from 'zod'
import { defineStep } from '../pipeline/define.ts'
import { flagData } from '../pipeline/range.ts'
import { changed } from './change.ts'

/** Category Cc without the line feed. */
export const controlCharacters = /[^\P{Cc}\n]+/gu

/** Deletes control characters. */
export const controlCharPruner = defineStep({
  name: 'control-char-pruner',
  summary: 'Deletes control characters (category Cc) but line ends.',
  source: flagData('data_operator/pruner/control_char_pruner.py'),
  options: z.strictObject({}),
  create: () => (text) => changed(text, text.value.replace(controlCharacters, '')),
})

/** Reduces three and more line ends in a row to two. */
export const consecutiveNewlinesPruner = defineStep({
  name: 'consecutive-newlines-pruner',
  summary: 'Reduces three and more line ends in a row to two.',
  source: flagData('data_operator/pruner/consecutive_newlines_pruner.py'),
  differences: ['`\\r\\n` is a line end too.'],
  options: z.strictObject({}),
  create: () => (text) => changed(text, text.value.replace(/(?:\r?\n){3,}/g, '\n\n')),
})

const punctuation = '.，,\\-。%《》*/•、&＆(—)（+）：:？?！!“”·；;‘’\'"…「」『』【】〈〉～ '

/** Deletes what is not Chinese. */
export const nonChineseCharPruner = defineStep({
  name: 'non-chinese-char-pruner',
  summary:
    'Deletes everything but Chinese characters, Latin letters, digits and punctuation; each of the latter three may go too.',
  source: flagData('data_operator/pruner/non_chinese_char_pruner.py'),
  differences: [
    'Line ends stay; there the text becomes one line.',
    'Chinese characters are those of the Unicode script Han; there the 20,902 of 1993.',
    'Kept punctuation has ? : ; quotation marks and brackets in it; there ? is deleted and ！ stays.',
  ],
  options: z.strictObject({
    keepAlphabet: z.boolean().default(true).describe('keeps A to Z and a to z'),
    keepNumber: z.boolean().default(true).describe('keeps 0 to 9'),
    keepPunc: z.boolean().default(true).describe('keeps punctuation and spaces'),
  }),
  create({ keepAlphabet, keepNumber, keepPunc }) {
    const kept = `\\p{Script=Han}\\r\\n${keepAlphabet ? 'A-Za-z' : ''}${keepNumber ? '0-9' : ''}${keepPunc ? punctuation : ''}`
    const others = new RegExp(
      `[^${kept.replace(/[()[\]{}]/g, (it) => (it === '{' || it === '}' ? it : `\\${it}`))}]+`,
      'gu',
    )
    return (text) => changed(text, text.value.replace(others, ''))
  },
})

/** FlagData's map of punctuation, with the two entries corrected that are none. */
const marks: Record<string, string> = {
  '，': ',',
  '。': '.',
  '、': ',',
  '„': '"',
  '”': '"',
  '“': '"',
  '«': '"',
  '»': '"',
  '１': '1',
  '」': '"',
  '「': '"',
  '《': '"',
  '》': '"',
  '´': "'",
  '∶': ':',
  '：': ':',
  '？': '?',
  '！': '!',
  '（': '(',
  '）': ')',
  '；': ';',
  '–': '-',
  '—': ' - ',
  '．': '. ',
  '～': '~',
  '’': "'",
  '‘': "'",
  '…': '...',
  '━': '-',
  '〈': '<',
  '〉': '>',
  '【': '[',
  '】': ']',
  '％': '%',
  '►': '-',
}
const anyMark = new RegExp(`[${Object.keys(marks).join('')}]`, 'gu')
const plainMarks = (text: string) => text.replace(anyMark, (mark) => marks[mark])

const markDifferences = [
  'The full-width １ becomes 1; there it becomes a quotation mark.',
  '‘ becomes an apostrophe like ’; there it stays.',
]

/** Replaces punctuation by that of ASCII. */
export const punctuationNormalizationPruner = defineStep({
  name: 'punctuation-normalization-pruner',
  summary: 'Replaces Chinese and typographic punctuation by that of ASCII.',
  source: flagData('data_operator/pruner/punctuation_normalization_pruner.py'),
  differences: markDifferences,
  options: z.strictObject({}),
  create: () => (text) => changed(text, plainMarks(text.value)),
})

/** Replaces spaces of all kinds by the plain one, and punctuation by that of ASCII. */
export const unicodePruner = defineStep({
  name: 'unicode-pruner',
  summary:
    'Replaces spaces of all kinds by the plain one, line ends by \\n and punctuation by that of ASCII; strips both ends.',
  source: flagData('data_operator/pruner/unicode_pruner.py'),
  differences: ['Line ends stay; there the text becomes one line.', ...markDifferences],
  options: z.strictObject({}),
  create: () => (text) =>
    changed(
      text,
      plainMarks(
        text.value
          .trim()
          .replace(/\r\n|[\r\v\f\u0085\u2028\u2029]/g, '\n')
          .replace(/[^\S\n]/g, ' '),
      ),
    ),
})
