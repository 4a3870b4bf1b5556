import * as z from 'zod'
import { defineStep } from '../pipeline/define.ts'
import { flagData, outside, rangeReasons } from '../pipeline/range.ts'
import { readWords } from '../readers/wordLists.ts'
import { wordLanguage, wordSegmenter } from '../text/words.ts'

const ratio = z.number().min(0).max(1)
const cutAlone =
  '`mix` cuts English and Chinese each by its own rules; there both models cut the whole text, so that every word counts twice.'

/** The share of words that are in a set, letters in lower case. */
const shareOf = (words: readonly string[], list: ReadonlySet<string>) =>
  words.length === 0 ? 0 : words.filter((word) => list.has(word.toLowerCase())).length / words.length

/** Removes texts by their share of words of a list. */
export const flaggedWordsRatioFilter = defineStep({
  name: 'flagged-words-ratio-filter',
  summary: 'Removes texts by their share of words of a list.',
  source: flagData('data_operator/samplefilter/flagged_words_ratio_filter.py'),
  reasons: rangeReasons('flagged_words_ratio'),
  differences: [
    cutAlone,
    'A list must be given, in the options or in a file; there an empty one keeps everything.',
  ],
  options: z
    .strictObject({
      minRatio: ratio.default(0).describe('least share'),
      maxRatio: ratio.default(0.045).describe('greatest share'),
      flaggedWordsList: z.array(z.string().min(1)).default([]).describe('words that count'),
      flaggedWordsFile: z
        .string()
        .min(1)
        .optional()
        .describe('more of them: a JSON list, or text with a word a line'),
      language: wordLanguage,
    })
    .refine(({ flaggedWordsList, flaggedWordsFile }) => flaggedWordsFile || flaggedWordsList.length > 0, {
      message: 'no words: give flaggedWordsList or flaggedWordsFile',
    }),
  async prepare({ language, flaggedWordsList, flaggedWordsFile }) {
    const words = flaggedWordsFile ? await readWords(flaggedWordsFile) : []
    return {
      list: new Set([...flaggedWordsList, ...words].map((word) => word.toLowerCase())),
      cut: await wordSegmenter(language),
    }
  },
  create:
    ({ minRatio, maxRatio }, { list, cut }) =>
    (text) =>
      outside('flagged_words_ratio', shareOf(cut(text), list), minRatio, maxRatio),
})

/** Removes texts with few stop words, which are lists, code or no language at all. */
export const stopwordRatioFilter = defineStep({
  name: 'stopword-ratio-filter',
  summary: 'Removes texts with too small a share of stop words: lists, code, no language at all.',
  source: flagData('data_operator/samplefilter/stropword_ratio_filter.py'),
  reasons: ['stopword_ratio_too_low'],
  differences: [
    cutAlone,
    'The default lists are those of stopwords-iso (English 1,298, Chinese 794 words); there those of spaCy (326 and 1,892).',
    'The default language is `mix`; there the default stops with an error.',
  ],
  options: z.strictObject({
    minRatio: ratio.default(0.3).describe('least share'),
    stopwordsList: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe('the stop words, instead of the default lists'),
    language: wordLanguage,
  }),
  async prepare({ language, stopwordsList }) {
    const cut = await wordSegmenter(language)
    if (stopwordsList) return { cut, list: new Set(stopwordsList.map((word) => word.toLowerCase())) }
    const { default: lists } = await import('stopwords-iso', { with: { type: 'json' } })
    const languages = language === 'mix' ? (['en', 'zh'] as const) : [language]
    return { cut, list: new Set(languages.flatMap((it) => (lists as Record<string, string[]>)[it])) }
  },
  create:
    ({ minRatio }, { list, cut }) =>
    (text) =>
      outside('stopword_ratio', shareOf(cut(text), list), minRatio, 1),
})

/** Removes texts by the share of n-grams that occur more than once. */
export const wordRepetitionFilter = defineStep({
  name: 'word-repetition-filter',
  summary: 'Removes texts by the share of their n-grams of words that occur more than once.',
  source: `${flagData('data_operator/samplefilter/word_repetition_ratio_filter.py')}; Laurençon et al. 2022, the ROOTS corpus, which it restates`,
  reasons: rangeReasons('word_repetition'),
  differences: [
    'Every occurrence of a repeated n-gram counts; there each counts once, so that a text of one sentence a hundred times has a ratio near 0.',
    'Line ends and runs of spaces are no words.',
    '`mix` cuts English and Chinese each by its own rules; there the Chinese model cuts both.',
  ],
  options: z.strictObject({
    ngramLength: z.int().min(1).max(100).default(10).describe('words of an n-gram'),
    minRatio: ratio.default(0).describe('least share'),
    maxRatio: ratio.default(0.5).describe('greatest share'),
    language: wordLanguage,
  }),
  prepare: ({ language }) => wordSegmenter(language),
  create:
    ({ ngramLength, minRatio, maxRatio }, cut) =>
    (text) =>
      outside('word_repetition', repeatedShare(cut(text), ngramLength), minRatio, maxRatio),
})

function repeatedShare(words: readonly string[], n: number): number {
  const total = words.length - n + 1
  if (total <= 0) return 0
  const counts = new Map<string, number>()
  for (let i = 0; i < total; i++) {
    const ngram = words.slice(i, i + n).join(' ')
    counts.set(ngram, (counts.get(ngram) ?? 0) + 1)
  }
  let repeated = 0
  for (const count of counts.values()) if (count > 1) repeated += count
  return repeated / total
}
