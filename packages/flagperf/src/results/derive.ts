import type { Attributes, DType } from '@flag/core-tensor'
import { type Attribution, attribute } from '../attribution/attribute.ts'
import type { ProfiledNode } from '../attribution/profile.ts'
import { type LoadResult, resultOf } from '../loadgen/result.ts'
import { defaultSettings, effectiveSettings, type TestSettings } from '../loadgen/settings.ts'
import { type BaseRaw, baseNumbers } from './base.ts'
import type { ModelRaw } from './schema.ts'

/** What follows from the samples of a model case. */
export interface ModelNumbers {
  readonly load: LoadResult
  readonly openMs: number
  readonly firstRunMs: number
  readonly attribution: Attribution
}

/** Settings of LoadGen as JSON holds them, and back. */
export const settingsToJson = (settings: Partial<TestSettings>) =>
  Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [key, typeof value === 'bigint' ? `${value}` : value]),
  )

const settingsFromJson = (json: ModelRaw['settings']): Partial<TestSettings> =>
  Object.fromEntries(
    Object.entries(json).map(([key, value]) => [
      key,
      typeof defaultSettings[key as keyof TestSettings] === 'bigint' ? BigInt(value) : value,
    ]),
  )

/** Computes everything that a report shows of a model case from what was measured. */
export function modelNumbers(raw: ModelRaw): ModelNumbers {
  const settings = effectiveSettings(settingsFromJson(raw.settings), raw.samples)
  const type = ({ dtype, shape }: { dtype: string; shape: number[] }) => ({ dtype: dtype as DType, shape })
  const profile = raw.profile.map(
    (node): ProfiledNode => ({
      ...node,
      inputs: node.inputs.map((input) => input ?? undefined).map((input) => input && type(input)),
      outputs: node.outputs.map(type),
    }),
  )
  const nodes = raw.profile.map(({ name, operator, domain, attributes }) => ({
    name,
    operator,
    domain,
    attributes: attributes as Attributes,
    inputs: [],
    depth: 0,
  }))
  return {
    load: resultOf({ settings, record: raw.record }),
    openMs: raw.openNs / 1e6,
    firstRunMs: raw.firstRunNs / 1e6,
    attribution: attribute(profile, nodes, raw.provider),
  }
}

/** The derived numbers of a case as JSON holds them. */
export const derive = (raw: ModelRaw | BaseRaw): Record<string, unknown> =>
  JSON.parse(JSON.stringify(raw.kind === 'model' ? modelNumbers(raw) : baseNumbers(raw)))
