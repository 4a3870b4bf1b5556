import * as z from 'zod'
import { defineStep } from '../pipeline/define.ts'
import { splitAtLineFeeds, strip } from '../text/whitespace.ts'
import { findDuplicates } from './duplicates.ts'
import { duplicateNgramCharacters, joinWords, topNgramCharacters } from './ngrams.ts'

const limit = z.number().min(0).max(1).nullable()
const ngramLimits = z.array(z.tuple([z.int().min(2).max(100), z.number().min(0).max(1)]))

/**
 * Removes documents that repeat themselves: paragraphs, lines or n-grams. A limit of null leaves a rule out. Fractions
 * of characters are of all characters of the text.
 *
 * Reasons: `empty`, `dup_para_frac`, `dup_para_char_frac`, `dup_line_frac`, `dup_line_char_frac`, `top_{n}_gram`,
 * `duplicated_{n}_n_grams`.
 *
 * Source: Rae et al., Scaling Language Models: Gopher, table A1 (https://arxiv.org/abs/2112.11446); decisions equal to
 * `GopherRepetitionFilter` of datatrove 0.10. As there, n-grams that occurred before are compared without the spaces
 * between words.
 */
export const gopherRepetition = defineStep({
  name: 'gopher-repetition',
  summary:
    'Removes documents that repeat themselves: paragraphs, lines or n-grams. A limit of null leaves a rule out.',
  source:
    'Rae et al. 2021, Gopher, table A1 (https://arxiv.org/abs/2112.11446); GopherRepetitionFilter of datatrove 0.10',
  reasons: [
    'empty',
    'dup_para_frac',
    'dup_para_char_frac',
    'dup_line_frac',
    'dup_line_char_frac',
    'top_{n}_gram',
    'duplicated_{n}_n_grams',
  ],
  options: z.strictObject({
    duplicateLines: limit.default(0.3).describe('greatest share of lines that occurred before'),
    duplicateParagraphs: limit.default(0.3).describe('greatest share of paragraphs that occurred before'),
    duplicateLineCharacters: limit.default(0.2).describe('greatest share of characters in such lines'),
    duplicateParagraphCharacters: limit
      .default(0.2)
      .describe('greatest share of characters in such paragraphs'),
    topNgrams: ngramLimits
      .default([
        [2, 0.2],
        [3, 0.18],
        [4, 0.16],
      ])
      .describe('pairs of n and the greatest share of characters in the most frequent n-gram'),
    duplicateNgrams: ngramLimits
      .default([
        [5, 0.15],
        [6, 0.14],
        [7, 0.13],
        [8, 0.12],
        [9, 0.11],
        [10, 0.1],
      ])
      .describe('pairs of n and the greatest share of characters in n-grams that occurred before'),
  }),
  create(options) {
    return (text) => {
      const { value } = text
      if (value === '') return { reason: 'empty' }
      const over = (reason: string, part: number, whole: number, limit: number | null) =>
        limit !== null && limit !== 0 && part / whole > limit
          ? { reason, value: part / whole, limit }
          : undefined

      const paragraphs = splitAtLineFeeds(strip(value), 2)
      const paragraph = findDuplicates(paragraphs)
      const lines = splitAtLineFeeds(value, 1)
      const byParagraph =
        over('dup_para_frac', paragraph.count, paragraphs.length, options.duplicateParagraphs) ??
        over('dup_para_char_frac', paragraph.characters, text.length, options.duplicateParagraphCharacters)
      if (byParagraph) return byParagraph
      const line = findDuplicates(lines)
      const byLine =
        over('dup_line_frac', line.count, lines.length, options.duplicateLines) ??
        over('dup_line_char_frac', line.characters, text.length, options.duplicateLineCharacters)
      if (byLine) return byLine

      const { words } = text
      for (const [n, limit] of options.topNgrams) {
        const characters = topNgramCharacters(words, n)
        if (characters / text.length > limit)
          return { reason: `top_${n}_gram`, value: characters / text.length, limit }
      }
      if (options.duplicateNgrams.length === 0) return undefined
      const run = joinWords(words)
      for (const [n, limit] of options.duplicateNgrams) {
        const characters = duplicateNgramCharacters(run, n)
        if (characters / text.length > limit)
          return { reason: `duplicated_${n}_n_grams`, value: characters / text.length, limit }
      }
      return undefined
    }
  },
})
