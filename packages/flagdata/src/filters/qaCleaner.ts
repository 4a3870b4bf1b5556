import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import * as z from 'zod'
import { DataError } from '../errors.ts'
import { defineStep } from '../pipeline/define.ts'
import { flagData } from '../pipeline/range.ts'
import { loadJieba } from '../text/words.ts'
import { fitRidge, predictRidge } from './ridge.ts'

interface Example {
  text: string
  label: '0' | '1'
}

/** Labelled texts as JSON lines, `{"text": …, "label": "0" | "1"}`; other labels are left out, as FlagData does. */
async function readExamples(path: string): Promise<Example[]> {
  const content = await readFile(path, 'utf8').catch((cause) => {
    throw new DataError('not-found', `${path}: no labelled texts can be read`, {
      hint: `expected JSON lines {"text": …, "label": "0" to keep or "1" to discard} at ${resolve(path)}`,
      cause,
    })
  })
  const examples: Example[] = []
  content.split('\n').forEach((line, i) => {
    if (line.trim() === '') return
    let value: { text?: unknown; label?: unknown }
    try {
      value = JSON.parse(line)
    } catch (cause) {
      throw new DataError('corrupt-file', `${path}:${i + 1}: is no JSON`, { cause })
    }
    if (typeof value?.text !== 'string' || value.label === undefined)
      throw new DataError('corrupt-file', `${path}:${i + 1}: expected {"text": …, "label": …}`)
    const label = String(value.label)
    if (label === '0' || label === '1') examples.push({ text: value.text, label })
  })
  if (new Set(examples.map(({ label }) => label)).size < 2)
    throw new DataError('invalid-argument', `${path}: texts with label "0" and with label "1" are needed`, {
      hint: '"0": keep such texts, "1": discard them',
    })
  return examples
}

/**
 * Learns from labelled texts which to keep, and judges texts by it: a ridge regression of the label on the set of a
 * text's words, cut by jieba.
 */
export const qaCleaner = defineStep({
  name: 'qa-cleaner',
  summary:
    'Learns from labelled texts (0 keep, 1 discard) and removes what is like the discarded: ridge regression on the set of words of jieba.',
  source: flagData('cleaner/qa_cleaner.py'),
  reasons: ['qa_discarded'],
  differences: [
    'Removed texts carry the probability as value; kept ones get it as metadata `qa_probability`.',
    'The file of labelled texts is an option; there its path is fixed. Both labels must occur in it.',
  ],
  options: z.strictObject({
    reference: z.string().min(1).describe('labelled texts, JSON lines of text and label'),
    alpha: z.number().positive().default(150).describe('penalty of the weights'),
  }),
  async prepare({ reference, alpha }) {
    const [examples, jieba] = await Promise.all([readExamples(reference), loadJieba()])
    const columns = new Map<string, number>()
    const rows = examples.map(({ text }) =>
      Uint32Array.from(new Set(jieba.cut(text, true)), (word) => {
        const column = columns.get(word) ?? columns.size
        columns.set(word, column)
        return column
      }),
    )
    const targets = examples.map(({ label }) => (label === '1' ? 1 : -1))
    return { jieba, columns, model: fitRidge(rows, targets, columns.size, alpha) }
  },
  create:
    (_options, { jieba, columns, model }) =>
    ({ value }) => {
      const row: number[] = []
      for (const word of new Set(jieba.cut(value, true))) {
        const column = columns.get(word)
        if (column !== undefined) row.push(column)
      }
      const decision = predictRidge(model, row)
      const probability = 1 / (1 + Math.exp(-decision))
      return decision > 0
        ? { reason: 'qa_discarded', value: probability, limit: 0.5 }
        : { text: value, metadata: { qa_probability: probability } }
    },
})
