import { FlagError } from '@flag/core-tensor'
import * as z from 'zod'
import { type Resample, resampleNames } from './filters.ts'

const pixels = z.number().int().positive()
const box = z.object({ height: pixels, width: pixels })
const shortest = z.object({ shortest_edge: pixels })
const perChannel = z.union([z.number(), z.array(z.number()).length(3)])

/** CLIP's mean and standard deviation per channel, the defaults of `CLIPImageProcessor`. */
const clipMean = [0.48145466, 0.4578275, 0.40821073]
const clipStd = [0.26862954, 0.26130258, 0.27577711]

const schema = z.object({
  do_resize: z.boolean().nullish(),
  size: z.union([pixels, box, shortest]).nullish(),
  resample: z.number().int().min(0).max(5).nullish(),
  do_center_crop: z.boolean().nullish(),
  crop_size: z.union([pixels, box]).nullish(),
  do_rescale: z.boolean().nullish(),
  rescale_factor: z.number().positive().nullish(),
  do_normalize: z.boolean().nullish(),
  image_mean: perChannel.nullish(),
  image_std: perChannel.nullish(),
})

/** What is done to a picture, in this order; a step that is undefined is left out. */
export interface PreprocessConfig {
  resize: ({ shortestEdge: number } | { height: number; width: number }) | undefined
  resample: Resample
  crop: { height: number; width: number } | undefined
  rescale: number | undefined
  normalize: { mean: readonly number[]; std: readonly number[] } | undefined
}

/**
 * Reads a published `preprocessor_config.json` of the CLIP family: sizes as one number (older files) or as
 * `{shortest_edge}` or `{height, width}`, absent fields as in transformers' `CLIPImageProcessor`. Throws
 * `invalid-argument` naming the field that is wrong.
 */
export function parsePreprocessConfig(json: unknown): PreprocessConfig {
  const parsed = schema.safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new FlagError(
      'invalid-argument',
      `preprocessor_config.json: ${issue.path.join('.') || 'content'}: ${issue.message}`,
      {
        hint: 'expected the fields of CLIPImageProcessor: size, crop_size, resample, image_mean, image_std …',
      },
    )
  }
  const config = parsed.data
  const size = config.size ?? 224
  const crop = config.crop_size ?? 224
  const channels = (value: number | number[] | null | undefined, fallback: number[]) =>
    typeof value === 'number' ? [value, value, value] : (value ?? fallback)
  return {
    resize:
      config.do_resize === false
        ? undefined
        : typeof size === 'number'
          ? { shortestEdge: size }
          : 'shortest_edge' in size
            ? { shortestEdge: size.shortest_edge }
            : size,
    resample: resampleNames[config.resample ?? 3],
    crop:
      config.do_center_crop === false
        ? undefined
        : typeof crop === 'number'
          ? { height: crop, width: crop }
          : crop,
    rescale: config.do_rescale === false ? undefined : (config.rescale_factor ?? 1 / 255),
    normalize:
      config.do_normalize === false
        ? undefined
        : { mean: channels(config.image_mean, clipMean), std: channels(config.image_std, clipStd) },
  }
}
