import * as z from 'zod'
import { LanguageModel } from '../language/kenlm/model.ts'
import { openPieces } from '../language/pieces.ts'
import { defineStep } from '../pipeline/define.ts'
import { ccnetNormalise } from '../text/ccnetNormalise.ts'
import { splitSpaces } from '../text/whitespace.ts'

const bound = z.number().min(0).nullable().default(null)

/**
 * Writes the perplexity of a document under an n-gram model into the metadata, and removes documents of too low or too
 * high a one.
 *
 * Reasons: `perplexity_too_low`, `perplexity_too_high`, with the value and the limit.
 */
export const perplexity = defineStep({
  name: 'perplexity',
  summary:
    'Writes the perplexity of a document under an n-gram language model (ARPA or KenLM) into the metadata, and removes documents of too low or too high a one.',
  source:
    'Wenzek et al. 2020, CCNet, section 3.4 (https://arxiv.org/abs/1911.00359): lines are scored one by one, and the perplexity is 10^(−score / words), the ends of lines counted as words, to one decimal',
  reasons: ['perplexity_too_low', 'perplexity_too_high'],
  options: z.strictObject({
    model: z.string().min(1).describe('a model as ARPA file (.arpa, .arpa.gz) or binary file of KenLM'),
    min: bound.describe('least perplexity'),
    max: bound.describe('greatest perplexity; data-juicer’s is 1500, CCNet takes a third of the documents'),
    normalise: z
      .boolean()
      .default(true)
      .describe('as CCNet does before it scores: lower case, no accents, digits 0, punctuation in ASCII'),
    sentencePiece: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe(
        'a SentencePiece model that cuts lines into pieces first (needs the package @flag/ai); null for words',
      ),
    metadataKey: z.string().min(1).nullable().default('perplexity').describe('where the value is written'),
  }),
  async prepare({ model, sentencePiece }) {
    return {
      model: await LanguageModel.open(model),
      cut: sentencePiece === null ? (line: string) => line : await openPieces(sentencePiece),
    }
  },
  create({ min, max, normalise, metadataKey }, { model, cut }) {
    return ({ value }) => {
      let [score, words] = [0, 0]
      for (const line of value.split('\n')) {
        const pieces = cut(normalise ? ccnetNormalise(line) : line)
        if (pieces === '') continue
        score += model.score(pieces)
        words += splitSpaces(pieces).length + 1
      }
      const found = words === 0 ? 0 : Math.round(10 ** (1 - score / words)) / 10
      const metadata = metadataKey === null ? undefined : { [metadataKey]: found }
      if (min !== null && found < min)
        return { reason: 'perplexity_too_low', value: found, limit: min, metadata }
      if (max !== null && found > max)
        return { reason: 'perplexity_too_high', value: found, limit: max, metadata }
      return metadata && { text: value, metadata }
    }
  },
})
