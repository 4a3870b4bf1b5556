import type { Attributes, DType } from '@flag/core-tensor'
import { type Attribution, attribute, median } from '../attribution/attribute.ts'
import type { ProfiledNode } from '../attribution/profile.ts'
import { comparisonNumbers } from '../compare/judge.ts'
import type { ComparisonRaw } from '../compare/schema.ts'
import type { MeasuredRun } from '../loadgen/record.ts'
import { type LoadResult, resultOf } from '../loadgen/result.ts'
import { defaultSettings, effectiveSettings, type TestSettings } from '../loadgen/settings.ts'
import type { BaseRaw, ModelRaw } from './schema.ts'

/** What follows from the samples of a model case. */
export interface ModelNumbers {
  readonly load: LoadResult
  readonly openMs: number
  readonly firstRunMs: number
  readonly attribution: Attribution
}

/** A rate of the machine. The best run is the ceiling, the median what lasts. */
export interface BaseNumbers {
  readonly unit: string
  readonly best: number
  readonly median: number
  readonly runs: number
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
    load: resultOf(measuredRun(raw, '')),
    openMs: raw.openNs / 1e6,
    firstRunMs: raw.firstRunNs / 1e6,
    attribution: attribute(profile, nodes, raw.provider),
  }
}

const units = { gemm: 'GFLOP/s', memory: 'GB/s', launch: 'us per node' } as const

/** Computes a rate of the machine, or the cost of a node, from the times of runs. */
export function baseNumbers({ probe, workPerRun, timesNs, referenceNs }: BaseRaw): BaseNumbers {
  const unit = units[probe]
  const runs = timesNs.length
  if (probe !== 'launch') {
    return { unit, best: workPerRun / Math.min(...timesNs), median: workPerRun / median(timesNs), runs }
  }
  const per = (long: number, short: number) => (long - short) / workPerRun / 1000
  return {
    unit,
    best: per(Math.min(...timesNs), Math.min(...referenceNs)),
    median: per(median(timesNs), median(referenceNs)),
    runs,
  }
}

function numbersOf(raw: ModelRaw | BaseRaw | ComparisonRaw) {
  switch (raw.kind) {
    case 'model':
      return modelNumbers(raw)
    case 'base':
      return baseNumbers(raw)
    case 'comparison':
      return comparisonNumbers(raw)
  }
}

/** The derived numbers of a case as JSON holds them. */
export const derive = (raw: ModelRaw | BaseRaw | ComparisonRaw): Record<string, unknown> =>
  JSON.parse(JSON.stringify(numbersOf(raw)))
