import * as z from 'zod'
import { defineStep } from '../pipeline/define.ts'
import { flagData } from '../pipeline/range.ts'
import { strip } from '../text/whitespace.ts'
import { changed } from './change.ts'

/** Signs that end a sentence for FlagData. */
const ends = '。！？.?!'
const closing = /^["'”’」』）)\]】]+/

const isDigit = (text: string, at: number) => {
  const unit = text.charCodeAt(at)
  return unit >= 48 && unit <= 57
}

/**
 * A text up to its last end of a sentence, with what closes quotation marks and brackets there; empty if it has none. A
 * full stop between digits ends no sentence.
 */
export function clipToSentence(text: string): string {
  for (let at = text.length - 1; at >= 0; at--) {
    if (!ends.includes(text[at])) continue
    if (text[at] === '.' && isDigit(text, at - 1) && isDigit(text, at + 1)) continue
    const closed = closing.exec(text.slice(at + 1, at + 9))?.[0] ?? ''
    return text.slice(0, at + 1 + closed.length)
  }
  return ''
}

const clipDifferences = [
  'Quotation marks and brackets that close behind the sign stay; there 他说：“好。” loses its last sign.',
  'A full stop between digits ends no sentence; there `3.14 and` becomes `3.`.',
]

/** Cuts off what follows the last sentence. */
export const endAtLastPunctuationPruner = defineStep({
  name: 'end-at-last-punctuation-pruner',
  summary: 'Cuts off what follows the last of 。！？.?! in a text.',
  source: flagData('data_operator/pruner/end_at_last_punctuation_pruner.py'),
  reasons: ['no_sentence_end'],
  differences: [
    ...clipDifferences,
    'A text without such a sign is removed as `no_sentence_end`; there it becomes empty, and an empty text stops the run.',
  ],
  options: z.strictObject({}),
  create: () => (text) => {
    const clipped = clipToSentence(text.value)
    return clipped === '' ? { reason: 'no_sentence_end' } : changed(text, clipped)
  },
})

const notLetterOrDigit = /[^\p{L}\p{M}\p{N}\s]+/gu

/** A line cut after the ends of its sentences, closing signs included; the parts joined give the line. */
function splitSentences(line: string): string[] {
  const sentences: string[] = []
  let start = 0
  for (let at = 0; at < line.length; at++) {
    if (!`${ends}…`.includes(line[at])) continue
    if (line[at] === '.' && isDigit(line, at - 1) && isDigit(line, at + 1)) continue
    while (`${ends}…"'”’」』）)】`.includes(line[at + 1] ?? '\n')) at++
    sentences.push(line.slice(start, at + 1))
    start = at + 1
  }
  if (start < line.length) sentences.push(line.slice(start))
  return sentences
}

/** Takes out sentences that occurred before in the text. */
export const repeatSentencePruner = defineStep({
  name: 'repeat-sentence-pruner',
  summary: 'Takes out sentences that occurred before in the text.',
  source: flagData('data_operator/pruner/repeat_sentence_pruner.py'),
  counts: ['sentences'],
  differences: [
    'Sentences shorter than the least length stay; there they are deleted.',
    'Empty lines stay, so that paragraphs do; there they are deleted.',
    'Compared are letters and digits of every script; there those of English and Chinese, so that of a Russian text nothing is left.',
    'A full stop between digits ends no sentence.',
  ],
  options: z.strictObject({
    lowercase: z.boolean().default(false).describe('compares without regard to case'),
    ignoreSpecialCharacter: z
      .boolean()
      .default(true)
      .describe('compares letters, digits and white space alone'),
    minRepeatSentenceLength: z
      .int()
      .min(1)
      .default(2)
      .describe('shorter sentences may repeat, in characters compared'),
  }),
  create({ lowercase, ignoreSpecialCharacter, minRepeatSentenceLength }) {
    return (text, _document, count) => {
      const seen = new Set<string>()
      const isRepeated = (sentence: string) => {
        let key = strip(sentence)
        if (lowercase) key = key.toLowerCase()
        if (ignoreSpecialCharacter) key = key.replace(notLetterOrDigit, '')
        if ([...key].length < minRepeatSentenceLength) return false
        const repeated = seen.has(key)
        if (repeated) count('sentences')
        seen.add(key)
        return repeated
      }
      const kept: string[] = []
      for (const line of text.value.split('\n')) {
        if (strip(line) === '') kept.push(line)
        else {
          const rest = splitSentences(line)
            .filter((sentence) => !isRepeated(sentence))
            .join('')
          if (rest !== '') kept.push(rest)
        }
      }
      return changed(text, kept.join('\n'))
    }
  },
})
