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
  options: z.strictObject({
    removeCitations: z.boolean().default(true),
    requireLineEnd: z.boolean().default(true),
    minSentences: z.int().min(-1).default(5),
    minWordsPerLine: z.int().min(-1).default(3),
    maxWordLength: z.int().min(-1).default(1000),
    removeLoremIpsum: z.boolean().default(true),
    removeJavascript: z.boolean().default(true),
    removeCurlyBracket: z.boolean().default(true),
    removePolicy: z.boolean().default(true),
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
 * Reason: `< 3 paragraphs`.
 *
 * Source: Xue et al., mT5, section 3.1 (https://arxiv.org/abs/2010.11934); equal to `C4ParagraphFilter` of datatrove.
 */
export const c4Paragraph = defineStep({
  name: 'c4-paragraph',
  options: z.strictObject({
    minParagraphs: z.int().min(1).default(3),
    minParagraphLength: z.int().min(1).default(200),
  }),
  create({ minParagraphs, minParagraphLength }) {
    return ({ value }) => {
      let long = 0
      for (const line of value.split('\n')) {
        if (line.length >= minParagraphLength && codePoints(line) >= minParagraphLength) long++
        if (long === minParagraphs) return undefined
      }
      return { reason: `< ${minParagraphs} paragraphs`, value: long, limit: minParagraphs }
    }
  },
})
