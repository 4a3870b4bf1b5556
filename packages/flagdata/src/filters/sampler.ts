import * as z from 'zod'
import { defineStep } from '../pipeline/define.ts'
import { numpyUniform, uniformOf } from './random.ts'

/** Keeps a random part of the documents. */
export const sampler = defineStep({
  name: 'sampler',
  summary: 'Keeps a random part of the documents.',
  source: 'SamplerFilter of datatrove 0.10',
  reasons: ['not_sampled'],
  differences: [
    'The choice depends on a document’s id and the seed alone, so that threads and restarts do not change it. `by: stream` draws numpy’s random numbers in the order of the documents as datatrove does; run it with one worker and one piece.',
  ],
  options: z.strictObject({
    rate: z.number().min(0).max(1).default(0.5).describe('the part that is kept'),
    seed: z.int().min(0).max(0xffffffff).default(0).describe('chooses the documents'),
    by: z.enum(['id', 'stream']).default('id').describe('what the choice depends on'),
  }),
  create({ rate, seed, by }) {
    const draw = by === 'stream' ? numpyUniform(seed) : undefined
    return (_text, { id }) => {
      const value = draw ? draw() : uniformOf(id, seed)
      return value < rate ? undefined : { reason: 'not_sampled', value, limit: rate }
    }
  },
})
