import * as z from 'zod'
import { defineStep } from '../pipeline/define.ts'
import { flagData, outside, rangeReasons } from '../pipeline/range.ts'
import { codePoints } from '../text/whitespace.ts'
import { wordLanguage, wordSegmenter } from '../text/words.ts'

const count = z.int().min(0)

/** Removes texts by their number of characters. */
export const textLengthFilter = defineStep({
  name: 'text-length-filter',
  summary: 'Removes texts that are too short or too long, in characters.',
  source: flagData('data_operator/samplefilter/text_length_filter.py'),
  reasons: rangeReasons('text_length'),
  options: z.strictObject({
    minLength: count.default(10).describe('fewest characters'),
    maxLength: count.default(100_000_000).describe('most characters'),
  }),
  create:
    ({ minLength, maxLength }) =>
    (text) =>
      outside('text_length', text.length, minLength, maxLength),
})

/** Removes texts by the mean length of their lines. A text without lines has the mean 0. */
export const avgLineLengthFilter = defineStep({
  name: 'avg-line-length-filter',
  summary: 'Removes texts whose lines are too short or too long on average, in characters.',
  source: flagData('data_operator/samplefilter/avg_line_length_filter.py'),
  reasons: rangeReasons('avg_line_length'),
  options: z.strictObject({
    minLength: z.number().min(0).default(10).describe('least mean length'),
    maxLength: z.number().min(0).default(10_000).describe('greatest mean length'),
  }),
  create:
    ({ minLength, maxLength }) =>
    ({ lines }) => {
      const characters = lines.reduce((sum, line) => sum + codePoints(line), 0)
      return outside('avg_line_length', characters / Math.max(1, lines.length), minLength, maxLength)
    },
})

/** Removes texts by the length of their longest line. */
export const maxLineLengthFilter = defineStep({
  name: 'max-line-length-filter',
  summary: 'Removes texts whose longest line is too short or too long, in characters.',
  source: flagData('data_operator/samplefilter/max_line_length_filter.py'),
  reasons: rangeReasons('max_line_length'),
  options: z.strictObject({
    minLength: count.default(10).describe('least length of the longest line'),
    maxLength: count.default(10_000).describe('greatest length of the longest line'),
  }),
  create:
    ({ minLength, maxLength }) =>
    ({ lines }) => {
      const longest = lines.reduce((most, line) => Math.max(most, codePoints(line)), 0)
      return outside('max_line_length', longest, minLength, maxLength)
    },
})

/** Removes texts by their number of words. */
export const wordNumFilter = defineStep({
  name: 'word-num-filter',
  summary: 'Removes texts with too few or too many words.',
  source: flagData('data_operator/samplefilter/word_num_filter.py'),
  reasons: rangeReasons('word_num'),
  differences: [
    'Words are those of spaCy’s English tokenizer and of jieba; there, `zh` and `mix` need spaCy’s Chinese model, which cuts words otherwise.',
    'Line ends and runs of spaces are no words; there they count.',
    '`mix` cuts English and Chinese each by its own rules; there the Chinese model cuts both.',
  ],
  options: z.strictObject({
    minWords: count.default(10).describe('fewest words'),
    maxWords: count.default(100_000_000).describe('most words'),
    language: wordLanguage,
  }),
  prepare: ({ language }) => wordSegmenter(language),
  create:
    ({ minWords, maxWords }, words) =>
    (text) =>
      outside('word_num', words(text).length, minWords, maxWords),
})
