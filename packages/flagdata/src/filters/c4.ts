import * as z from 'zod'
import { defineStep } from '../pipeline/define.ts'
import type { Count } from '../pipeline/step.ts'
import { englishTokenizer } from '../text/text.ts'
import { codePoints, splitSpaces, strip } from '../text/whitespace.ts'

const citation = /\[\p{Nd}*\]|\[edit\]|\[citation needed\]/gu
const lineEnds = ['.', '?', '!', '"', "'"]
const policies = [
  'terms of use',
  'privacy policy',
  'cookie policy',
  'uses cookies',
  'use of cookies',
  'use cookies',
]

/**
 * Takes out lines that are no sentences, speak of Javascript or of cookie policies, and removes documents with curly
 * brackets, `lorem ipsum` or fewer than five sentences left. Limits of -1 leave a rule out.
 *
 * Reasons: `lorem_ipsum`, `curly_bracket`, `too_few_sentences`. Counts: `line-total`, `line-kept` and
 * `line-filter-{too_long_word,no_terminal_punc,too_few_words,javascript,policy}`.
 *
 * Source: Raffel et al., Exploring the Limits of Transfer Learning, section 2.2
 * (https://jmlr.org/papers/v21/20-074.html); decisions and texts equal to `C4QualityFilter` of datatrove 0.10, which
 * counts sentences by its tokenizer instead of NLTK's.
 */
export const c4 = defineStep({
  name: 'c4',
  summary:
    'Takes out lines that are no sentences, speak of Javascript or of cookie policies; removes documents with curly brackets, lorem ipsum or too few sentences left.',
  source:
    'Raffel et al. 2020, section 2.2 (https://jmlr.org/papers/v21/20-074.html); C4QualityFilter of datatrove 0.10',
  reasons: ['lorem_ipsum', 'curly_bracket', 'too_few_sentences'],
  counts: [
    'line-total',
    'line-kept',
    'line-filter-too_long_word',
    'line-filter-no_terminal_punc',
    'line-filter-too_few_words',
    'line-filter-javascript',
    'line-filter-policy',
  ],
  options: z.strictObject({
    removeCitations: z.boolean().default(true).describe('takes out [1], [edit], [citation needed]'),
    requireLineEnd: z.boolean().default(true).describe('lines must end with . ? ! or a quotation mark'),
    minSentences: z
      .int()
      .min(-1)
      .default(5)
      .describe('fewer in all lines that are kept remove the document; -1: no rule'),
    minWordsPerLine: z.int().min(-1).default(3).describe('lines with fewer words go; -1: no rule'),
    maxWordLength: z
      .int()
      .min(-1)
      .default(1000)
      .describe('lines with a longer word go, in characters; -1: no rule'),
    removeLoremIpsum: z.boolean().default(true).describe('removes documents with lorem ipsum'),
    removeJavascript: z.boolean().default(true).describe('takes out lines that speak of Javascript'),
    removeCurlyBracket: z.boolean().default(true).describe('removes documents with {'),
    removePolicy: z.boolean().default(true).describe('takes out lines on terms of use, privacy, cookies'),
  }),
  create(options) {
    const { maxWordLength, minWordsPerLine, minSentences } = options
    /** The line as it is kept, the reason why the whole document goes, or undefined if the line goes. */
    function judge(original: string, count: Count): { line: string } | { reason: string } | undefined {
      let line = strip(original)
      const words = splitSpaces(line)
      if (maxWordLength !== -1 && words.some((word) => isLonger(word, maxWordLength)))
        return void count('line-filter-too_long_word')
      if (options.removeCitations && line.includes('[')) line = line.replace(citation, '')
      if (options.requireLineEnd && (!lineEnds.some((end) => line.endsWith(end)) || line.endsWith('...')))
        return void count('line-filter-no_terminal_punc')
      if (words.length < minWordsPerLine) return void count('line-filter-too_few_words')
      const lower = line.toLowerCase()
      if (options.removeLoremIpsum && lower.includes('lorem ipsum')) return { reason: 'lorem_ipsum' }
      if (options.removeJavascript && lower.includes('javascript'))
        return void count('line-filter-javascript')
      if (options.removeCurlyBracket && line.includes('{')) return { reason: 'curly_bracket' }
      if (options.removePolicy && policies.some((policy) => lower.includes(policy)))
        return void count('line-filter-policy')
      return { line }
    }

    return (text, _document, count) => {
      const kept: string[] = []
      let sentences = 0
      for (const original of text.lines) {
        count('line-total')
        const judged = judge(original, count)
        if (judged === undefined) continue
        if ('reason' in judged) return judged
        if (minSentences !== -1) sentences += englishTokenizer().sentenceCount(judged.line)
        kept.push(judged.line)
        count('line-kept')
      }
      if (sentences < minSentences)
        return { reason: 'too_few_sentences', value: sentences, limit: minSentences }
      const joined = strip(kept.join('\n'))
      return joined === text.value ? undefined : { text: joined }
    }
  },
})

// Code points are counted only where UTF-16 units leave the question open.
const isLonger = (word: string, limit: number) => word.length > limit && codePoints(word) > limit

/**
 * Removes documents without three long paragraphs (lines).
 *
 * Reason: `too_few_long_paragraphs`.
 *
 * Source: Xue et al., mT5, section 3.1 (https://arxiv.org/abs/2010.11934); decisions equal to `C4ParagraphFilter` of
 * datatrove, which calls the reason `< 3 paragraphs`.
 */
export const c4Paragraph = defineStep({
  name: 'c4-paragraph',
  summary: 'Removes documents without three long paragraphs (lines).',
  source:
    'Xue et al. 2021, mT5, section 3.1 (https://arxiv.org/abs/2010.11934); C4ParagraphFilter of datatrove 0.10',
  reasons: ['too_few_long_paragraphs'],
  differences: ['The reason is called `< 3 paragraphs` there.'],
  options: z.strictObject({
    minParagraphs: z.int().min(1).default(3).describe('so many long paragraphs are asked for'),
    minParagraphLength: z.int().min(1).default(200).describe('what is long, in characters'),
  }),
  create({ minParagraphs, minParagraphLength }) {
    return ({ value }) => {
      let long = 0
      for (const line of value.split('\n')) {
        if (line.length >= minParagraphLength && codePoints(line) >= minParagraphLength) long++
        if (long === minParagraphs) return undefined
      }
      return { reason: 'too_few_long_paragraphs', value: long, limit: minParagraphs }
    }
  },
})
