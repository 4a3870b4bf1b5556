import * as z from 'zod'
import { defineStep } from '../pipeline/define.ts'
import { splitSpaces } from '../text/whitespace.ts'
import { fieldOf } from './fields.ts'

/**
 * Removes pairs of picture and caption by the length of the caption and the size of the picture, which stands in the
 * metadata.
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
  ],
  differences: ['The language of the caption is judged by a step of its own, `language`.'],
  options: z.strictObject({
    minWords: z.int().min(0).default(3).describe('fewest words of the caption, cut at white space'),
    minCharacters: z.int().min(0).default(6).describe('fewest characters of the caption'),
    minSide: z.number().min(0).default(200).describe('least size of the shorter side, in pixels'),
    maxAspectRatio: z.number().min(1).default(3).describe('longer side by shorter side'),
    widthKey: z.string().min(1).default('original_width').describe('where the width stands in the metadata'),
    heightKey: z.string().min(1).default('original_height').describe('where the height stands'),
    requireSize: z.boolean().default(true).describe('removes pairs without both sizes'),
  }),
  create({ minWords, minCharacters, minSide, maxAspectRatio, widthKey, heightKey, requireSize }) {
    return (text, document) => {
      const words = splitSpaces(text.value).length
      if (words < minWords) return { reason: 'too_few_words', value: words, limit: minWords }
      if (text.length < minCharacters)
        return { reason: 'too_few_characters', value: text.length, limit: minCharacters }
      const [width, height] = [widthKey, heightKey].map((key) => Number(fieldOf(document, key) ?? Number.NaN))
      if (!(width > 0 && height > 0)) return requireSize ? { reason: 'image_size_missing' } : undefined
      const side = Math.min(width, height)
      if (side < minSide) return { reason: 'image_too_small', value: side, limit: minSide }
      const aspect = Math.max(width, height) / side
      return aspect > maxAspectRatio
        ? { reason: 'aspect_ratio_too_high', value: aspect, limit: maxAspectRatio }
        : undefined
    }
  },
})
