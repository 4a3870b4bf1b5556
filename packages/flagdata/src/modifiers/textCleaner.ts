import * as z from 'zod'
import { defineStep } from '../pipeline/define.ts'
import { flagData } from '../pipeline/range.ts'
import type { Removal } from '../pipeline/step.ts'
import { strip } from '../text/whitespace.ts'
import { changed } from './change.ts'
import { controlCharacters } from './characters.ts'
import { withoutLines } from './lines.ts'
import { clipToSentence } from './sentences.ts'

const chinese = /[\u4e00-\u9fff]/g
const word = /[a-zA-Z]+/g
const number = /\d+(?:\.\d+)?/g

const matches = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0

/** Chinese characters and Latin words: what FlagData measures proportions by. */
const size = (text: string) => matches(text, chinese) + matches(text, word)

const names = [
  'dropDocsExceedingNewlineProportion',
  'dropDocBelowRatio',
  'endClip',
  'removeSpecificPatterns',
  'removeControlChars',
  'removeExtraspace',
  'removeUnwantedLines',
] as const

/** FlagData's cleaner of plain text: two rules for documents and five for their text, in the given order. */
export const textCleaner = defineStep({
  name: 'text-cleaner',
  summary:
    'Removes documents of many line ends or numbers, cuts off what follows the last sentence, takes out lines with listed strings, control characters, wide spaces and empty lines.',
  source: flagData('cleaner/text_cleaner.py, configs/text_clean.yaml'),
  reasons: ['newline_proportion_too_high', 'number_ratio_too_high', 'no_sentence_end'],
  counts: ['lines'],
  differences: [
    'A document that is dropped is dropped alone; there the first one ends the run, without a message.',
    'Latin words directly beside Chinese characters count; there they do not.',
    'The last sentence ends as in `end-at-last-punctuation-pruner`; a text without one is removed as `no_sentence_end`.',
  ],
  options: z.strictObject({
    steps: z
      .array(z.enum(names))
      .min(1)
      .default([...names])
      .describe('what is done, in this order'),
    pattern: z.array(z.string().min(1)).default(['@article']).describe('lines with one of these strings go'),
    maxNewlineProportion: z
      .number()
      .min(0)
      .default(0.25)
      .describe('most line ends per Chinese character or Latin word'),
    ratio: z.number().min(0).default(0.5).describe('most numbers per Chinese character or Latin word'),
  }),
  create({ steps, pattern, maxNewlineProportion, ratio }) {
    const above = (reason: string, count: number, text: string, limit: number): Removal | undefined => {
      const all = size(text)
      return all > 0 && count / all > limit ? { reason, value: count / all, limit } : undefined
    }
    return (text, _document, count) => {
      let value = text.value
      for (const step of steps) {
        if (step === 'dropDocsExceedingNewlineProportion') {
          const lineEnds = value.split('\n').length - 1
          const removal = above('newline_proportion_too_high', lineEnds, value, maxNewlineProportion)
          if (removal) return removal
        } else if (step === 'dropDocBelowRatio') {
          const removal = above('number_ratio_too_high', matches(value, number), value, ratio)
          if (removal) return removal
        } else if (step === 'endClip') {
          value = clipToSentence(value)
          if (value === '') return { reason: 'no_sentence_end' }
        } else if (step === 'removeSpecificPatterns')
          value = strip(
            withoutLines(
              value,
              (line) => pattern.some((it) => line.includes(it)),
              () => count('lines'),
            ),
          )
        else if (step === 'removeControlChars') value = value.replace(controlCharacters, '')
        else if (step === 'removeExtraspace')
          value = value.replace(/[\u00a0\u3000]+/g, ' ').replace(controlCharacters, '')
        else value = value.replace(/\n\n+/g, '\n')
      }
      return changed(text, value)
    }
  },
})
