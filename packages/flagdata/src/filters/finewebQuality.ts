import * as z from 'zod'
import { defineStep } from '../pipeline/define.ts'
import { terminalPunctuation } from '../text/punctuation.ts'
import { codePoints, strip } from '../text/whitespace.ts'
import { findDuplicates } from './duplicates.ts'

const ratio = z.number().min(0).max(1)

/**
 * Removes lists and menus: few lines that end like sentences, many short lines, repeated lines, more line ends than
 * words allow.
 *
 * Reasons: `empty`, `line_punct_ratio`, `short_line_ratio`, `char_dup_ratio`, `list_ratio`.
 *
 * Source: Penedo et al., The FineWeb Datasets, section 3.6 (https://arxiv.org/abs/2406.17557); decisions equal to
 * `FineWebQualityFilter` of datatrove 0.10.
 */
export const finewebQuality = defineStep({
  name: 'fineweb-quality',
  summary:
    'Removes lists and menus: few lines that end like sentences, many short lines, repeated lines, more line ends than words allow.',
  source:
    'Penedo et al. 2024, FineWeb, section 3.6 (https://arxiv.org/abs/2406.17557); FineWebQualityFilter of datatrove 0.10',
  reasons: ['empty', 'line_punct_ratio', 'short_line_ratio', 'char_dup_ratio', 'list_ratio'],
  options: z.strictObject({
    minLinesWithEnd: ratio.default(0.12).describe('least share of lines that end like a sentence'),
    allowNoLineEnds: z.boolean().default(false).describe('keeps texts where no line ends like a sentence'),
    maxShortLines: ratio.default(0.67).describe('greatest share of short lines'),
    shortLineLength: z.int().min(0).default(30).describe('what is short, in characters'),
    maxDuplicateCharacters: ratio.default(0.01).describe('greatest share of characters in repeated lines'),
    maxNewlinesPerWord: z.number().min(0).default(0.3).describe('greatest number of line ends per word'),
  }),
  create(options) {
    return (text) => {
      const all = text.value.split('\n')
      const lines = all.filter((line) => strip(line) !== '')
      if (lines.length === 0) return { reason: 'empty' }
      const ended = lines.filter(endsSentence).length / lines.length
      if (ended < options.minLinesWithEnd && !(ended === 0 && options.allowNoLineEnds))
        return { reason: 'line_punct_ratio', value: ended, limit: options.minLinesWithEnd }

      const { shortLineLength } = options
      const short = lines.filter(
        (line) =>
          line.length <= shortLineLength ||
          (line.length <= 2 * shortLineLength && codePoints(line) <= shortLineLength),
      )
      if (short.length / lines.length > options.maxShortLines)
        return {
          reason: 'short_line_ratio',
          value: short.length / lines.length,
          limit: options.maxShortLines,
        }

      const newlines = all.length - 1
      const duplicate = findDuplicates(lines).characters / (text.length - newlines)
      if (duplicate > options.maxDuplicateCharacters)
        return { reason: 'char_dup_ratio', value: duplicate, limit: options.maxDuplicateCharacters }

      const perWord = newlines / text.words.ids.length
      if (perWord > options.maxNewlinesPerWord)
        return { reason: 'list_ratio', value: perWord, limit: options.maxNewlinesPerWord }
      return undefined
    }
  },
})

function endsSentence(line: string): boolean {
  const last = line.charCodeAt(line.length - 1)
  return terminalPunctuation.has((last & 0xfc00) === 0xdc00 ? line.slice(-2) : line.slice(-1))
}
