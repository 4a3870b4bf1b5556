import * as z from 'zod'
import { defineStep } from '../pipeline/define.ts'
import { englishTokenizer } from '../text/text.ts'
import { IS_WORD } from '../text/vocabulary.ts'
import { codePoints, splitSpaces, strip } from '../text/whitespace.ts'

const counter =
  /^[^\p{L}\p{N}_]*\d[\d.,]*[kmb]?\s+(?:likes|shares|comments|retweets|reposts|quotes|bookmarks|upvotes|downvotes|downloads|views|followers)[^\p{L}\p{N}_]*$/u
const capital = /\p{Lu}/gu
const digit = /\p{Nd}/gu

/** Fragments of pages that are taken out of lines of few words, and where in the line they stand. */
const boilerplate: readonly RegExp[] = [/\s?items in cart/giu, /\s?read more\.\.\.$/iu, /^sign-in\s?/iu]

/** Words of a text that are more than punctuation. */
function wordCount(text: string): number {
  const { ids, vocabulary } = englishTokenizer().words(text)
  let count = 0
  for (const id of ids) if ((vocabulary.flags[id] & IS_WORD) !== 0) count++
  return count
}

/**
 * Takes out lines that are no prose: mostly capitals, numbers, counters ("3 likes"), single words, remains of menus; and
 * removes documents that lose much by it.
 */
export const refinedwebLines = defineStep({
  name: 'refinedweb-lines',
  summary:
    'Takes out lines of capitals, of digits, of one word, counters (“3 likes”) and remains of menus; removes documents of which too many words go.',
  source:
    'Penedo et al. 2023, RefinedWeb, section G.2 (https://arxiv.org/abs/2306.01116); dclm_baseline_refinedweb.yaml of DCLM (https://github.com/mlfoundations/dclm)',
  reasons: ['too_many_words_removed', 'no_lines_left'],
  counts: ['line-total', 'line-capitals', 'line-digits', 'line-counter', 'line-short', 'line-boilerplate'],
  differences: [
    'Words are those of spaCy’s English tokenizer with more than punctuation in them; DCLM splits by rules of its own.',
  ],
  options: z.strictObject({
    maxUppercaseRatio: z.number().min(0).max(1).default(0.5).describe('lines with more capitals go'),
    minWordsPerLine: z.int().min(0).default(2).describe('lines with fewer words go'),
    maxBoilerplateWords: z
      .int()
      .min(0)
      .default(10)
      .describe('lines of at most so many words are searched for remains of menus'),
    maxRemovedRatio: z
      .number()
      .min(0)
      .max(1)
      .default(0.05)
      .describe('greatest part of the words that may go'),
  }),
  create({ maxUppercaseRatio, minWordsPerLine, maxBoilerplateWords, maxRemovedRatio }) {
    const share = (line: string, pattern: RegExp) => (line.match(pattern)?.length ?? 0) / codePoints(line)
    /** What is left of a line, or the counter of the rule that takes it out. */
    const judge = (line: string): { line: string } | string => {
      if (line === '') return { line }
      if (share(line, capital) > maxUppercaseRatio) return 'line-capitals'
      if (share(line, digit) === 1) return 'line-digits'
      if (counter.test(line.toLowerCase())) return 'line-counter'
      const words = splitSpaces(line).length
      if (words < minWordsPerLine) return 'line-short'
      if (words > maxBoilerplateWords) return { line }
      const rest = boilerplate.reduce((text, pattern) => text.replace(pattern, ''), line)
      return strip(rest) === '' ? 'line-boilerplate' : { line: rest }
    }
    return (text, _document, count) => {
      const kept: string[] = []
      for (const line of text.value.split('\n')) {
        count('line-total')
        const judged = judge(line)
        if (typeof judged === 'string') count(judged)
        else kept.push(judged.line)
      }
      const value = strip(kept.join('\n'))
      if (value === text.value) return undefined
      if (value === '') return { reason: 'no_lines_left' }
      const before = wordCount(text.value)
      const removed = before === 0 ? 0 : (before - wordCount(value)) / before
      return removed > maxRemovedRatio
        ? { reason: 'too_many_words_removed', value: removed, limit: maxRemovedRatio }
        : { text: value }
    }
  },
})
