import type { Attribution } from '../attribution/attribute.ts'
import { comparisonNumbers } from '../compare/judge.ts'
import type { MeasuredRun } from '../loadgen/record.ts'
import { type LoadResult, resultOf } from '../loadgen/result.ts'
import { defaultSettings, effectiveSettings, type TestSettings } from '../loadgen/settings.ts'
import { baseNumbers } from './base.ts'
import { coldNumbers } from './cold.ts'
import { energyNumbers } from './energy.ts'
import { generateNumbers } from './generate.ts'
import { opNumbers } from './op.ts'
import { attributionOf } from './profile.ts'
import { type Roofline, roofline } from './roofline.ts'
import type { CaseRaw, ModelRaw } from './schema.ts'
import { soakNumbers } from './soak.ts'
import { trainNumbers } from './train.ts'

/** What follows from the samples of a model case. */
export interface ModelNumbers {
  readonly load: LoadResult
  readonly openMs: number
  readonly firstRunMs: number
  readonly attribution: Attribution
  /** Samples a second by the whole run and by kernel time alone: FlagPerf's p_infer_whole and p_infer_core. */
  readonly wholePerSecond: number
  readonly corePerSecond: number | null
  readonly roofline?: Roofline
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

/** The load test of a model case. */
export const measuredRun = (raw: ModelRaw, systemName: string): MeasuredRun => ({
  settings: effectiveSettings(settingsFromJson(raw.settings), raw.samples),
  systemName,
  record: raw.record,
})

/** Computes everything that a report shows of a model case from what was measured. */
export function modelNumbers(raw: ModelRaw): ModelNumbers {
  const load = resultOf(measuredRun(raw, ''))
  const attribution = attributionOf(raw.profile, raw.provider)
  return {
    load,
    openMs: raw.openNs / 1e6,
    firstRunMs: raw.firstRunNs / 1e6,
    attribution,
    wholePerSecond: load.samplesPerSecond,
    corePerSecond: attribution.microseconds === 0 ? null : 1e6 / attribution.microseconds,
    ...(raw.ceilings ? { roofline: roofline(attribution, raw.ceilings) } : {}),
  }
}

function numbersOf(raw: CaseRaw): unknown {
  switch (raw.kind) {
    case 'model':
      return modelNumbers(raw)
    case 'base':
      return baseNumbers(raw)
    case 'op':
      return opNumbers(raw)
    case 'cold':
      return coldNumbers(raw)
    case 'soak':
      return soakNumbers(raw)
    case 'energy':
      return energyNumbers(raw)
    case 'train':
      return trainNumbers(raw)
    case 'generate':
      return generateNumbers(raw)
    case 'comparison':
      return comparisonNumbers(raw)
  }
}

/** The derived numbers of a case as JSON holds them. */
export const derive = (raw: CaseRaw): Record<string, unknown> => JSON.parse(JSON.stringify(numbersOf(raw)))
