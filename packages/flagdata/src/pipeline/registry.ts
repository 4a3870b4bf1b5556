import type { Json } from '../document.ts'
import { DataError } from '../errors.ts'
import * as extractors from '../extract/index.ts'
import * as filters from '../filters/index.ts'
import * as modifiers from '../modifiers/index.ts'
import type { StepFactory } from './define.ts'
import type { Step } from './step.ts'

/** A step as a recipe or a worker thread receives it. */
export interface StepSpec {
  name: string
  options?: { readonly [option: string]: Json }
}

/** Every step that recipes may name: the exports of the folders of steps. */
export const stepFactories: readonly StepFactory[] = [
  ...Object.values(extractors),
  ...Object.values(filters),
  ...Object.values(modifiers),
] as unknown as StepFactory[]

const byName: ReadonlyMap<string, StepFactory> = new Map(stepFactories.map((it) => [it.stepName, it]))

/** The names that recipes may use. */
export const stepNames: readonly string[] = [...byName.keys()].sort()

const kebabCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** The factory of a step, if there is one of that name; `gopherQuality` is another spelling of `gopher-quality`. */
export const stepFactory = (name: string): StepFactory | undefined =>
  byName.get(name) ?? byName.get(kebabCase(name))

/** @throws DataError `not-found` for an unknown name, `invalid-argument` for wrong options */
export function makeStep({ name, options }: StepSpec): Step {
  const factory = stepFactory(name)
  if (factory === undefined)
    throw new DataError('not-found', `no step "${name}"`, { hint: `known: ${stepNames.join(', ')}` })
  return factory(options)
}
