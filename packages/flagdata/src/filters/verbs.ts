import * as z from 'zod'
import { defineStep } from '../pipeline/define.ts'
import { flagData } from '../pipeline/range.ts'
import { loadJieba, wordLanguage } from '../text/words.ts'

/** Verbs are counted part by part until there are enough; a part ends at white space where it can. */
const PART = 2000

const latin = /[a-zA-Z]/
const chinese = /\p{Script=Han}/u
const chineseRuns = /\p{Script=Han}+/gu

/** Counts the verbs of one language in texts that have its letters. */
interface VerbCounter {
  letters: RegExp
  count(text: string): number
}

/** English: verbs in any form, forms of be, have and do among them, without modals (can, will). */
async function englishVerbs(): Promise<VerbCounter> {
  const { default: nlp } = await import('compromise/two')
  // The tagger calls a token without letters a verb now and then.
  const isWord = (term: { text(): string }) => latin.test(term.text())
  return {
    letters: latin,
    count: (text) =>
      nlp(text.replace(chineseRuns, ' ')).match('#Verb').not('#Modal').terms().filter(isWord).length,
  }
}

/** Chinese: words that jieba's dictionary marks as verbs; nouns made of verbs (vn) are none. */
async function chineseVerbs(): Promise<VerbCounter> {
  const jieba = await loadJieba()
  return {
    letters: chinese,
    count: (text) => jieba.tag(text, true).filter(({ tag }) => tag.startsWith('v') && tag !== 'vn').length,
  }
}

/** Removes texts that ask for nothing to be done: without a verb. */
export const actionableVerbNumFilter = defineStep({
  name: 'actionable-verb-num-filter',
  summary: 'Removes texts with too few verbs, such as instructions that ask for nothing.',
  source: flagData('data_operator/samplefilter/actionalbe_verb_num_filter.py'),
  reasons: ['verb_num_too_low'],
  differences: [
    'Verbs are told by the rules of `compromise` (English) and the dictionary of jieba (Chinese); there by spaCy’s statistical models, so single words may be judged otherwise.',
    'A text is cut into parts of 2,000 characters, and counting stops as soon as there are enough verbs.',
  ],
  options: z.strictObject({
    minVerbs: z.int().min(0).default(1).describe('fewest verbs'),
    language: wordLanguage,
  }),
  prepare: ({ language }) =>
    Promise.all([
      ...(language === 'zh' ? [] : [englishVerbs()]),
      ...(language === 'en' ? [] : [chineseVerbs()]),
    ]),
  create:
    ({ minVerbs }, counters) =>
    ({ value }) => {
      let verbs = 0
      for (let at = 0; at < value.length && verbs < minVerbs; ) {
        const end = endOfPart(value, at)
        const part = value.slice(at, end)
        at = end
        for (const { letters, count } of counters) if (letters.test(part)) verbs += count(part)
      }
      return verbs < minVerbs ? { reason: 'verb_num_too_low', value: verbs, limit: minVerbs } : undefined
    },
})

function endOfPart(text: string, start: number): number {
  if (text.length - start <= PART) return text.length
  const space = text.slice(start, start + PART).search(/\s\S*$/)
  return space > 0 ? start + space : start + PART
}
