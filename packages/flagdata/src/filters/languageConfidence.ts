import * as z from 'zod'
import { labelName, openLanguageModel } from '../language/models.ts'
import { defineStep } from '../pipeline/define.ts'
import { flagData } from '../pipeline/range.ts'

/**
 * FlagData's `LanguageConfidenceFilter`: keeps documents whose most probable language is one of the listed and
 * probable enough. The step `language` also writes both into the metadata.
 */
export const languageConfidenceFilter = defineStep({
  name: 'language-confidence-filter',
  summary:
    'Removes documents whose most probable language is none of the listed, or has too low a probability. The step `language` writes both into the metadata.',
  source: flagData('data_operator/samplefilter/language_confidence_filter.py'),
  reasons: ['language_not_listed', 'language_confidence_too_low'],
  differences: [
    'The language is told by fastText’s `lid.176.ftz`, as in `language`; there by langdetect, whose answers vary from run to run. Probabilities are those of fastText, and Chinese is `zh`, not `zh-cn` and `zh-tw`.',
    'Without `languages` every language is kept; there the default is one without a name, and no document passes.',
  ],
  options: z.strictObject({
    languages: z
      .union([
        z
          .string()
          .min(1)
          .transform((one) => [one]),
        z.array(z.string().min(1)).min(1),
      ])
      .nullable()
      .default(null)
      .describe(
        'the language to keep, or a list of them, as the model labels them (`en`, `zh`); null for all',
      ),
    minConfidence: z.number().min(0).max(1).default(0.8).describe('least probability of the language'),
    model: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe('a fastText model; null for `lid.176.ftz` of the npm package `fasttext.wasm.js`'),
  }),
  prepare: async ({ model }) => openLanguageModel(model),
  create({ languages, minConfidence }, model) {
    const listed = typeof languages === 'string' ? [languages] : languages
    return ({ value }) => {
      const [best] = model.predict(value)
      const score = best?.score ?? 0
      if (best && listed !== null && !listed.includes(labelName(best.label)))
        return { reason: 'language_not_listed', value: score }
      return score < minConfidence
        ? { reason: 'language_confidence_too_low', value: score, limit: minConfidence }
        : undefined
    }
  },
})
