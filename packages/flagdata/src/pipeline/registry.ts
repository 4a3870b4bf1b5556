import type { Json } from '../document.ts'
import { DataError } from '../errors.ts'
import { c4, c4Paragraph } from '../filters/c4.ts'
import { decontaminate } from '../filters/decontamination/decontaminate.ts'
import { finewebQuality } from '../filters/finewebQuality.ts'
import { gopherQuality } from '../filters/gopherQuality.ts'
import { gopherRepetition } from '../filters/gopherRepetition.ts'
import { urlFilter } from '../filters/url.ts'
import { pii } from '../modifiers/pii.ts'
import type { StepFactory } from './define.ts'
import type { Step } from './step.ts'

/** A step as a recipe or a worker thread receives it. */
export interface StepSpec {
  name: string
  options?: { readonly [option: string]: Json }
}

const factories: readonly StepFactory[] = [
  urlFilter,
  gopherRepetition,
  gopherQuality,
  c4,
  c4Paragraph,
  finewebQuality,
  decontaminate,
  pii,
] as unknown as StepFactory[]

const byName: ReadonlyMap<string, StepFactory> = new Map(factories.map((it) => [it.stepName, it]))

/** The names that recipes may use. */
export const stepNames: readonly string[] = [...byName.keys()]

/** The factory of a step, if there is one of that name. */
export const stepFactory = (name: string): StepFactory | undefined => byName.get(name)

/** @throws DataError `not-found` for an unknown name, `invalid-argument` for wrong options */
export function makeStep({ name, options }: StepSpec): Step {
  const factory = byName.get(name)
  if (factory === undefined)
    throw new DataError('not-found', `no step "${name}"`, { hint: `known: ${stepNames.join(', ')}` })
  return factory(options)
}
