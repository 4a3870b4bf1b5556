import type * as z from 'zod'
import { DataError } from '../errors.ts'
import type { Step, SyncStep } from './step.ts'

interface Definition<Options extends z.ZodType, Kind extends Step> {
  /** The step's name in recipes and statistics. */
  name: string
  options: Options
  /** Makes the step's function once per thread; what it needs for all documents is prepared here. */
  create(options: z.output<Options>): Kind['apply']
}

/** Makes a step from its options. `name` and `schema` let recipes name it and check its options. */
export interface StepFactory<Options extends z.ZodType = z.ZodType, Kind extends Step = SyncStep> {
  (options?: z.input<Options>): Kind
  readonly stepName: string
  readonly schema: Options
}

/**
 * Declares a step that recipes can name.
 *
 * @throws DataError `invalid-argument` from the made factory when an option is unknown or out of range
 */
export function defineStep<Options extends z.ZodType>(
  definition: Definition<Options, SyncStep>,
): StepFactory<Options> {
  return defineKind<Options, SyncStep>(definition)
}

/** The same for a step whose function waits, such as for an extraction in a thread of its own. */
export function defineAsyncStep<Options extends z.ZodType>(
  definition: Definition<Options, Step>,
): StepFactory<Options, Step> {
  return defineKind<Options, Step>(definition)
}

function defineKind<Options extends z.ZodType, Kind extends Step>(
  definition: Definition<Options, Kind>,
): StepFactory<Options, Kind> {
  const { name, options: schema, create } = definition
  const factory = (options: z.input<Options> = {} as z.input<Options>): Kind => {
    const parsed = schema.safeParse(options)
    if (!parsed.success) {
      const { path, message } = parsed.error.issues[0]
      throw new DataError('invalid-argument', `${[name, ...path].join('.')}: ${message}`)
    }
    return { name, options: parsed.data as Step['options'], apply: create(parsed.data) } as Kind
  }
  return Object.assign(factory, { stepName: name, schema })
}
