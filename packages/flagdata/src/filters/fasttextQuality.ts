import * as z from 'zod'
import { DataError } from '../errors.ts'
import { FastText } from '../language/fastText/model.ts'
import { labelName } from '../language/models.ts'
import { defineStep } from '../pipeline/define.ts'
import { strip } from '../text/whitespace.ts'

/**
 * Removes documents to which a fastText classifier gives a label with too low a probability.
 *
 * Reason: `quality`, with the score and the threshold.
 */
export const fasttextQuality = defineStep({
  name: 'fasttext-quality',
  summary:
    'Removes documents to which a fastText classifier, such as one that trainFastText made, gives a label with too low a probability.',
  source:
    'Li et al. 2024, DataComp-LM, section 4.4 (https://arxiv.org/abs/2406.11794); FastTextClassifierFilter of datatrove 0.10 with keep_labels',
  reasons: ['quality'],
  differences: [
    'A line end becomes a space by default, as in DataComp-LM, and not nothing, which joins words (`newline`).',
    'Only the score of `label` is written into the metadata, as `quality_score` or under another name.',
  ],
  options: z.strictObject({
    model: z.string().min(1).describe('a fastText classifier (.bin, .ftz)'),
    label: z.string().min(1).describe('the label of what is to be kept, without `__label__`'),
    threshold: z.number().min(0).max(1).default(0.5).describe('least score of that label'),
    newline: z.string().default(' ').describe('what the model is given for a line end'),
    metadataKey: z.string().min(1).nullable().default('quality_score').describe('where the score is written'),
  }),
  async prepare({ model, label }) {
    const opened = FastText.open(model)
    const labels = opened.labels.map(labelName)
    if (!labels.includes(label))
      throw new DataError('invalid-argument', `${model}: no label "${label}"`, {
        hint: `it has ${labels.slice(0, 20).join(', ')}${labels.length > 20 ? ', …' : ''}`,
      })
    return opened
  },
  create({ label, threshold, newline, metadataKey }, model) {
    // Scores are 32-bit floats, and so is the threshold that they are compared with.
    const least = Math.fround(threshold)
    return ({ value }) => {
      const line = strip(value).replaceAll('\n', newline)
      const score = model.predict(line, { k: -1 }).find((it) => labelName(it.label) === label)?.score ?? 0
      const metadata = metadataKey === null ? undefined : { [metadataKey]: score }
      if (score < least) return { reason: 'quality', value: score, limit: threshold, metadata }
      return metadata && { text: value, metadata }
    }
  },
})
