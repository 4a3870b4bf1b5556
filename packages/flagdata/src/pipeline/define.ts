import type * as z from 'zod'
import { DataError } from '../errors.ts'
import type { Step } from './step.ts'

interface Definition<Options extends z.ZodType> {
  /** The step's name in recipes and statistics. */
  name: string
  options: Options
  /** Makes the step's function once per thread; what it needs for all documents is prepared here. */
  create(options: z.output<Options>): Step['apply']
}

/** Makes a step from its options. `name` and `schema` let recipes name it and check its options. */
export interface StepFactory<Options extends z.ZodType = z.ZodType> {
  (options?: z.input<Options>): Step
  readonly stepName: string
  readonly schema: Options
}

/**
 * Declares a step that recipes can name.
 *
 * @throws DataError `invalid-argument` from the made factory when an option is unknown or out of range
 */
export function defineStep<Options extends z.ZodType>(definition: Definition<Options>): StepFactory<Options> {
  const { name, options: schema, create } = definition
  const factory = (options: z.input<Options> = {} as z.input<Options>): Step => {
    const parsed = schema.safeParse(options)
    if (!parsed.success) {
      const { path, message } = parsed.error.issues[0]
      throw new DataError('invalid-argument', `${[name, ...path].join('.')}: ${message}`)
    }
    return { name, options: parsed.data as Step['options'], apply: create(parsed.data) }
  }
  return Object.assign(factory, { stepName: name, schema })
}
