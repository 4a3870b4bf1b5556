import type * as z from 'zod'
import { DataError } from '../errors.ts'
import type { Step } from './step.ts'

/** What a step says about itself: the list of steps in the documentation and `flagdata steps` are made of it. */
export interface StepDescription {
  /** What it does, in a sentence or two. */
  summary: string
  /** The paper, specification or program whose rules these are. */
  source: string
  /** Why it may remove a document. */
  reasons?: readonly string[]
  /** Its counters. */
  counts?: readonly string[]
  /** Where it does otherwise than the program that it is named after, and why. */
  differences?: readonly string[]
}

interface Definition<Options extends z.ZodType, Prepared> extends Partial<StepDescription> {
  /** The step's name in recipes and statistics. */
  name: string
  /** Options as an object schema; the description of each is part of the documentation. */
  options: Options
  /** Loads what the step needs (a list, a model, a package), once per thread and before the first document. */
  prepare?(options: z.output<Options>): Promise<Prepared>
  /** Makes the step's function once per thread; what it needs for all documents is made here. */
  create(options: z.output<Options>, prepared: Prepared): Step['apply']
}

/** Makes a step from its options. `stepName` and `schema` let recipes name it and check its options. */
export interface StepFactory<Options extends z.ZodType = z.ZodType> {
  (options?: z.input<Options>): Step
  readonly stepName: string
  readonly schema: Options
  readonly description: Partial<StepDescription>
}

/**
 * Declares a step that recipes can name.
 *
 * @throws DataError `invalid-argument` from the made factory when an option is unknown or out of range
 */
export function defineStep<Options extends z.ZodType, Prepared = undefined>(
  definition: Definition<Options, Prepared>,
): StepFactory<Options> {
  const { name, options: schema, prepare, create, ...description } = definition
  const factory = (options: z.input<Options> = {} as z.input<Options>): Step => {
    const parsed = schema.safeParse(options)
    if (!parsed.success) {
      const { path, message } = parsed.error.issues[0]
      throw new DataError('invalid-argument', `${[name, ...path].join('.')}: ${message}`)
    }
    const step = { name, options: parsed.data as Step['options'] }
    if (prepare === undefined) return { ...step, apply: create(parsed.data, undefined as Prepared) }

    let apply: Step['apply'] | undefined
    let preparing: Promise<void> | undefined
    return {
      ...step,
      prepare() {
        preparing ??= prepare(parsed.data).then((prepared) => {
          apply = create(parsed.data, prepared)
        })
        return preparing
      },
      apply(...args) {
        if (apply === undefined)
          throw new DataError('invalid-argument', `${name}: applied before it was prepared`, {
            hint: 'await step.prepare() first; a pipeline does',
          })
        return apply(...args)
      },
    }
  }
  return Object.assign(factory, { stepName: name, schema, description })
}
