import { mkdir } from 'node:fs/promises'
import { basename } from 'node:path'
import { type ExecutionProvider, FlagError } from '@flag/core-tensor'
import { keptOrMeasured } from '../cases/kept.ts'
import { batchAxisOf } from '../cases/opened.ts'
import { type CaseLimits, runCase } from '../cases/runCase.ts'
import type { ModelSpec } from '../cases/spec.ts'
import type { CaseRow } from '../results/schema.ts'
import { clearlyDominates, type Objectives, objectivesOf } from './pareto.ts'

/** The values of every axis. All combinations are settings. */
export interface SweepAxes {
  /** Paths of .onnx files: the same network in several types or sizes. */
  readonly models: readonly string[]
  readonly providers: readonly ExecutionProvider[]
  readonly threads: readonly number[]
  /** Sizes of the first axis that the first input leaves open. */
  readonly batches: readonly number[]
}

/** One combination. */
export interface Setting {
  readonly model: string
  readonly provider: ExecutionProvider
  readonly threads: number
  readonly batch: number
}

export interface SweepOptions {
  readonly sizes: Readonly<Record<string, number>>
  readonly fill: Readonly<Record<string, number>>
  /** Queries and seconds of a setting that is measured to the end. */
  readonly queries: number
  readonly seconds: number
  readonly limits: CaseLimits
  /** Folder with a file for each measurement; those that are there are not made again. */
  readonly state: string
  /** Measure every setting to the end. Default: those that others clearly dominate are dropped on the way. */
  readonly full?: boolean
  onSetting?(name: string, rung: number, rungs: number): void
}

/** What a row of a sweep says in its options. */
export interface SweepPlace extends Setting {
  /** How far it was measured, from 1. */
  readonly rung: number
  readonly rungs: number
  /** The setting for which this one was dropped. */
  readonly droppedFor?: string
}

/** Each rung measures this much longer than the one before. */
const GROWTH = 4
const RUNGS = 3
/** A setting is dropped when another is faster by more than this share. */
const MARGIN = 0.2

/** Every combination of the values. */
export const settingsOf = ({ models, providers, threads, batches }: SweepAxes): Setting[] =>
  models.flatMap((model) =>
    providers.flatMap((provider) =>
      threads.flatMap((count) => batches.map((batch) => ({ model, provider, threads: count, batch }))),
    ),
  )

/** A name that says everything that the settings of a sweep may differ in. */
const nameOf = ({ model, provider, threads, batch }: Setting): string =>
  `${basename(model)} ${provider} ${threads} threads batch ${batch}`

/**
 * Measures settings by successive halving: all of them shortly, and those that no other clearly dominates in latency,
 * throughput and memory longer and longer. A setting that fails is a row like others. Throws `invalid-argument` where
 * batches are asked for and the model leaves no axis open.
 */
export async function sweep(
  axes: SweepAxes,
  options: SweepOptions,
  measure: typeof runCase = runCase,
): Promise<CaseRow[]> {
  await mkdir(options.state, { recursive: true })
  const settings = settingsOf(axes)
  const batchAxes = new Map<string, string | undefined>()
  for (const model of axes.models) batchAxes.set(model, await batchAxisOf(model))
  const specOf = (setting: Setting, rung: number): ModelSpec => {
    const batchAxis = batchAxes.get(setting.model)
    if (batchAxis === undefined && setting.batch !== 1)
      throw new FlagError('invalid-argument', `${setting.model}: its inputs leave no axis open for a batch`)
    const share = GROWTH ** (rung - RUNGS)
    return {
      kind: 'model',
      model: setting.model,
      provider: setting.provider,
      threads: setting.threads,
      sizes: { ...options.sizes, ...(batchAxis === undefined ? {} : { [batchAxis]: setting.batch }) },
      fill: options.fill,
      settings: {
        scenario: 'SingleStream',
        minQueryCount: Math.max(3, Math.ceil(options.queries * share)),
        minDurationMs: Math.ceil(options.seconds * 1000 * share),
      },
      profiledRuns: 1,
    }
  }
  const rows: CaseRow[] = []
  let left = settings.map((_, i) => i)
  for (let rung = options.full ? RUNGS : 1; rung <= RUNGS && left.length > 0; rung++) {
    for (const i of left) {
      const name = nameOf(settings[i])
      options.onSetting?.(name, rung, RUNGS)
      const spec = specOf(settings[i], rung)
      const row = await keptOrMeasured(options.state, name, spec, options.limits, measure)
      rows[i] = placed(row, { ...settings[i], rung, rungs: RUNGS })
    }
    const objectives = settings.map((setting, i) => objectivesOf(rows[i], setting.batch))
    const survivors: number[] = []
    for (const i of left) {
      const [own] = [objectives[i]]
      if (!own) continue
      const better = left.find(
        (j) => j !== i && objectives[j] && clearlyDominates(objectives[j] as Objectives, own, MARGIN),
      )
      if (better === undefined) survivors.push(i)
      else if (rung < RUNGS)
        rows[i] = placed(rows[i], {
          ...settings[i],
          rung,
          rungs: RUNGS,
          droppedFor: nameOf(settings[better]),
        })
    }
    left = survivors
  }
  return rows
}

const placed = (row: CaseRow, place: SweepPlace): CaseRow => ({
  ...row,
  options: { ...row.options, sweep: { ...place, model: basename(place.model) } },
})
