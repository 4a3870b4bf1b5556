import * as z from 'zod'
import { defineStep } from '../pipeline/define.ts'
import type { Vocabulary } from '../text/vocabulary.ts'
import { HAS_LETTER, IS_WORD } from '../text/vocabulary.ts'
import { stripEnd, stripStart } from '../text/whitespace.ts'

const count = z.int().min(0).nullable()
const ratio = z.number().min(0).max(1).nullable()

/** Words of Gopher's list; a text of natural English has at least two of them. */
const STOP_WORDS = ['the', 'be', 'to', 'of', 'and', 'that', 'have', 'with']

/**
 * Removes documents that do not look like prose: too short or long, words too short or long, too many symbols,
 * bullets or ellipses, too few letters or stop words. A limit of null leaves a rule out.
 *
 * Reasons: `gopher_short_doc`, `gopher_long_doc`, `gopher_below_avg_threshold`, `gopher_above_avg_threshold`,
 * `gopher_too_many_hashes`, `gopher_too_many_ellipsis`, `gopher_too_many_bullets`, `gopher_too_many_end_ellipsis`,
 * `gopher_below_alpha_threshold`, `gopher_enough_stop_words`.
 *
 * Source: Rae et al., Scaling Language Models: Gopher, section A1.1 (https://arxiv.org/abs/2112.11446); decisions equal
 * to `GopherQualityFilter` of datatrove 0.10, except that a document without any word, where the length rule is left
 * out, is removed as `gopher_short_doc` and does not stop the run.
 */
export const gopherQuality = defineStep({
  name: 'gopher-quality',
  summary:
    'Removes documents that do not look like prose: too short or long, words too short or long, too many symbols, bullets or ellipses, too few letters or stop words. A limit of null leaves a rule out.',
  source:
    'Rae et al. 2021, Gopher, section A1.1 (https://arxiv.org/abs/2112.11446); GopherQualityFilter of datatrove 0.10',
  reasons: [
    'gopher_short_doc',
    'gopher_long_doc',
    'gopher_below_avg_threshold',
    'gopher_above_avg_threshold',
    'gopher_too_many_hashes',
    'gopher_too_many_ellipsis',
    'gopher_too_many_bullets',
    'gopher_too_many_end_ellipsis',
    'gopher_below_alpha_threshold',
    'gopher_enough_stop_words',
  ],
  differences: [
    'Without the length rule a document without any word is removed; datatrove stops with an error.',
  ],
  options: z.strictObject({
    minWords: count.default(50).describe('fewest words'),
    maxWords: count.default(100_000).describe('most words'),
    minMeanWordLength: z.number().min(0).nullable().default(3).describe('least mean length of a word'),
    maxMeanWordLength: z.number().min(0).nullable().default(10).describe('greatest mean length of a word'),
    maxSymbolsPerWord: z
      .number()
      .min(0)
      .nullable()
      .default(0.1)
      .describe('most # and most ellipses, per word'),
    maxBulletLines: ratio.default(0.9).describe('greatest share of lines that begin with a bullet'),
    maxEllipsisLines: ratio.default(0.3).describe('greatest share of lines that end with an ellipsis'),
    minWordsWithLetter: ratio.default(0.8).describe('least share of words with a letter'),
    minStopWords: count.default(2).describe('fewest different words of the list'),
    stopWords: z.array(z.string().min(1)).default(STOP_WORDS).describe('the list'),
  }),
  create(options) {
    // Python's `if limit and …`: null and 0 leave a rule out.
    const above = (reason: string, value: number, limit: number | null) =>
      limit && value > limit ? { reason, value, limit } : undefined
    const below = (reason: string, value: number, limit: number | null) =>
      limit && value < limit ? { reason, value, limit } : undefined
    const stopWords = new Set(options.stopWords)

    return (text) => {
      const { ids, vocabulary } = text.words
      const { flags, lengths } = vocabulary
      let words = 0
      let characters = 0
      let withLetter = 0
      for (let i = 0; i < ids.length; i++) {
        const flag = flags[ids[i]]
        if ((flag & IS_WORD) !== 0) {
          words++
          characters += lengths[ids[i]]
        }
        if ((flag & HAS_LETTER) !== 0) withLetter++
      }
      const length =
        below('gopher_short_doc', words, options.minWords) ??
        above('gopher_long_doc', words, options.maxWords)
      if (length) return length
      if (words === 0) return { reason: 'gopher_short_doc', value: 0, limit: 1 }

      const mean = characters / words
      const symbols = (sign: string) => occurrences(text.value, sign)
      const byWords =
        below('gopher_below_avg_threshold', mean, options.minMeanWordLength) ??
        above('gopher_above_avg_threshold', mean, options.maxMeanWordLength) ??
        above('gopher_too_many_hashes', symbols('#') / ids.length, options.maxSymbolsPerWord) ??
        above(
          'gopher_too_many_ellipsis',
          (symbols('...') + symbols('…')) / ids.length,
          options.maxSymbolsPerWord,
        )
      if (byWords) return byWords

      const { lines } = text
      let bullets = 0
      let ellipses = 0
      for (const line of lines) {
        const start = stripStart(line)
        if (start.startsWith('•') || start.startsWith('-')) bullets++
        const end = stripEnd(line)
        if (end.endsWith('...') || end.endsWith('…')) ellipses++
      }
      return (
        above('gopher_too_many_bullets', bullets / lines.length, options.maxBulletLines) ??
        above('gopher_too_many_end_ellipsis', ellipses / lines.length, options.maxEllipsisLines) ??
        below('gopher_below_alpha_threshold', withLetter / ids.length, options.minWordsWithLetter) ??
        (options.minStopWords
          ? below('gopher_enough_stop_words', distinct(ids, vocabulary, stopWords), options.minStopWords)
          : undefined)
      )
    }
  },
})

/** How often a sign occurs, overlaps left out. */
function occurrences(text: string, sign: string): number {
  let count = 0
  for (let at = text.indexOf(sign); at >= 0; at = text.indexOf(sign, at + sign.length)) count++
  return count
}

/** How many different words of a list occur. */
function distinct(ids: Uint32Array, vocabulary: Vocabulary, list: ReadonlySet<string>): number {
  const wanted = new Set<number>()
  for (const word of list) {
    const id = vocabulary.find(word)
    if (id >= 0) wanted.add(id)
  }
  const size = wanted.size
  for (let i = 0; i < ids.length && wanted.size > 0; i++) wanted.delete(ids[i])
  return size - wanted.size
}
