import { createHash } from 'node:crypto'
import type { RecordOf } from '../records/record.ts'
import type { Metric } from '../score/metrics.ts'
import {
  type Aggregation,
  aggregates,
  aggregationOf,
  pooledError,
  standardError,
  unweightedError,
} from './aggregate.ts'
import { describeTask, type GroupInfo, type PromptedInfo } from './describe.ts'
import { metricsOf, type Part } from './measure.ts'
import type { PromptTask } from './task.ts'

type Prompted = RecordOf<'prompted'>

/** One number of a task: a metric after a filter. */
interface Measure {
  /** `metric,filter`. */
  readonly key: string
  readonly metric: string
  readonly filter: string
  /** Undefined where an export aggregates it. */
  readonly aggregation: Aggregation | undefined
}

/** What the records of a task were measured by, in the order of their first appearance. */
function measuresOf(info: PromptedInfo, records: readonly Prompted[]): Measure[] {
  const keys = new Set(records.flatMap(({ measured }) => Object.keys(measured)))
  return [...keys].map((key) => {
    const at = key.lastIndexOf(',')
    const [metric, filter] = [key.slice(0, at), key.slice(at + 1)]
    // A metric that a function adds is averaged unless its name is declared, or it goes by a part of a declared one.
    const declared = info.metrics.findLast((it) => it.metric === metric)
    const name = declared?.aggregation ?? 'mean'
    const of = aggregates[name] as Aggregation['of'] | undefined
    return {
      key,
      metric,
      filter,
      aggregation: of && { name, of, higherIsBetter: declared?.higherIsBetter ?? true },
    }
  })
}

const partsOf = (records: readonly Prompted[], key: string): Part[] =>
  records.flatMap(({ measured }) => (key in measured ? [measured[key] as Part] : []))

/** The metrics of a task's records as this package scores them, by `metric,filter`. Those of exports are left out. */
export function promptedMetrics(
  info: PromptedInfo,
  records: readonly Prompted[],
): [string, Metric<'prompted'>][] {
  return measuresOf(info, records).flatMap(({ key, metric, aggregation }): [string, Metric<'prompted'>][] => {
    if (aggregation === undefined || aggregation.name === 'bypass') return []
    const { of, name, higherIsBetter } = aggregation
    const guessed = /^acc(_norm|_bytes|_mutual_info)?$/.test(metric)
    const common = {
      kind: 'prompted' as const,
      higherIsBetter,
      chance: (all: readonly Prompted[]) => {
        const shares = all.flatMap(({ choices }) => (choices === undefined ? [] : [1 / choices]))
        return guessed && shares.length > 0 ? shares.reduce((a, b) => a + b, 0) / shares.length : null
      },
    }
    const isMean = name === 'mean' || name === 'nanmean'
    if (isMean)
      return [
        [key, { ...common, each: ({ measured }) => (measured[key] as number | null | undefined) ?? null }],
      ]
    return [
      [
        key,
        {
          ...common,
          of: (all) => (places) => of(Array.from(places, (at) => all[at].measured[key] as Part)),
        },
      ],
    ]
  })
}

export interface ScoredTask {
  readonly info: PromptedInfo
  readonly records: readonly Prompted[]
  /** Values of the metrics that exports aggregate, by `metric,filter`. */
  readonly custom?: Readonly<Record<string, number>>
}

type Numbers = Record<string, unknown>

/** JSON has no NaN. */
const finite = (value: number) => (Number.isFinite(value) ? value : null)

function taskNumbers({ info, records, custom = {} }: ScoredTask, iterations: number): Numbers {
  const numbers: Numbers = { name: info.id, alias: info.alias, sample_len: 0 }
  let most = 0
  for (const { key, metric, filter, aggregation } of measuresOf(info, records)) {
    const parts = partsOf(records, key)
    most = Math.max(most, parts.length)
    numbers[key] = aggregation ? finite(aggregation.of(parts)) : (custom[key] ?? null)
    const error = aggregation ? standardError(parts, metric, aggregation, iterations) : null
    numbers[`${metric}_stderr,${filter}`] = error === null ? 'N/A' : finite(error)
  }
  numbers.sample_len = most
  return numbers
}

function groupNumbers(group: GroupInfo, tasks: Readonly<Record<string, Numbers>>): Numbers {
  const numbers: Numbers = { alias: group.alias, name: group.name }
  if (group.aggregated.length === 0) return numbers
  const members = group.tasks.flatMap((name) => (tasks[name] ? [tasks[name]] : []))
  numbers.sample_len = members.reduce((sum, member) => sum + (member.sample_len as number), 0)
  const counts: Record<string, number> = {}
  for (const { metric, filter_list, weight_by_size } of group.aggregated) {
    const seen = new Set(
      members.flatMap((member) => Object.keys(member)).filter((key) => key.startsWith(`${metric},`)),
    )
    const filters = filter_list
      ? [filter_list].flat()
      : [...seen].map((key) => key.slice(metric.length + 1)).sort()
    for (const filter of filters) {
      const key = `${metric},${filter}`
      const scored = members.filter((member) => typeof member[key] === 'number')
      if (scored.length === 0) continue
      const sizes = scored.map((member) => member.sample_len as number)
      const weights = weight_by_size ? sizes : sizes.map(() => 1)
      const total = weights.reduce((a, b) => a + b, 0)
      numbers[key] = scored.reduce((sum, member, i) => sum + (member[key] as number) * weights[i], 0) / total
      counts[key] = sizes.reduce((a, b) => a + b, 0)
      const errors = scored.map((member) => member[`${metric}_stderr,${filter}`])
      numbers[`${metric}_stderr,${filter}`] = errors.every((error) => typeof error === 'number')
        ? (weight_by_size ? pooledError : unweightedError)(errors as number[], sizes)
        : 'N/A'
    }
  }
  if (Object.keys(counts).length > 0) numbers.sample_count = counts
  return numbers
}

const sorted = <T>(record: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))

/** What lm-eval's `results.json` holds of tasks and groups (version 0.4.13), from records alone. */
export function lmEvalResults(
  tasks: readonly ScoredTask[],
  groups: readonly GroupInfo[],
  { iterations = 100_000, samples = false }: { iterations?: number; samples?: boolean } = {},
): Record<string, unknown> {
  const numbers: Record<string, Numbers> = {}
  for (const task of tasks) numbers[task.info.id] = taskNumbers(task, iterations)
  const higher: Record<string, Record<string, boolean | null>> = Object.fromEntries(
    tasks.map(({ info }) => [
      info.id,
      Object.fromEntries(info.metrics.map((it) => [it.metric, it.higherIsBetter])),
    ]),
  )
  const shots: Record<string, number> = Object.fromEntries(tasks.map(({ info }) => [info.id, info.fewshot]))
  const versions: Record<string, unknown> = Object.fromEntries(
    tasks.map(({ info }) => [info.id, info.version ?? 'Yaml']),
  )
  const summed: Record<string, Numbers> = {}
  for (const group of groups) {
    const own = groupNumbers(group, numbers)
    summed[group.name] = own
    versions[group.name] = group.version
    const merged = mergedDirections(group.children.flatMap((child) => (higher[child] ? [higher[child]] : [])))
    if (Object.keys(merged).length > 0) higher[group.name] = merged
    const counts = new Set(group.children.flatMap((child) => (child in shots ? [shots[child]] : [])))
    if (counts.size === 1) shots[group.name] = [...counts][0]
  }
  const aggregating = groups.filter(({ aggregated }) => aggregated.length > 0)
  return {
    results: { ...numbers, ...summed },
    ...(aggregating.length > 0 && {
      groups: Object.fromEntries(aggregating.map(({ name }) => [name, summed[name]])),
    }),
    group_subtasks: Object.fromEntries(groups.map(({ name, children }) => [name, children])),
    configs: sorted(Object.fromEntries(tasks.map(({ info }) => [info.id, info.config]))),
    versions: sorted(versions),
    'n-shot': sorted(shots),
    higher_is_better: sorted(higher),
    'n-samples': Object.fromEntries(
      tasks.map(({ info }) => [
        info.id,
        { original: info.documents, effective: numbers[info.id].sample_len },
      ]),
    ),
    ...(samples && { samples: Object.fromEntries(tasks.map((task) => [task.info.id, lmEvalSamples(task)])) }),
  }
}

function mergedDirections(all: readonly Record<string, boolean | null>[]): Record<string, boolean | null> {
  const merged: Record<string, boolean | null> = {}
  for (const one of all) {
    for (const [metric, direction] of Object.entries(one))
      merged[metric] = metric in merged && merged[metric] !== direction ? null : direction
  }
  return merged
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** A task's records as the lines of lm-eval's `samples_*.jsonl`, one for each document and filter. The documents are not kept. */
export function lmEvalSamples({ info, records }: ScoredTask): Record<string, unknown>[] {
  const filters = [...new Set(records.flatMap(({ filtered }) => Object.keys(filtered)))]
  return filters.flatMap((filter) =>
    records.map((record) => {
      const metrics = Object.entries(record.measured).filter(([key]) => key.endsWith(`,${filter}`))
      const named = metrics.map(([key, value]) => [key.slice(0, -filter.length - 1), value] as const)
      return {
        doc_id: Number(record.sample),
        doc_hash: record.document,
        target: record.target,
        arguments: argumentsOf(record, info),
        resps: record.responses,
        filtered_resps: record.filtered[filter],
        filter,
        metrics: named.map(([name]) => name),
        prompt_hash: sha256(
          record.output === 'loglikelihood_rolling' ? record.continuations[0] : record.prompt,
        ),
        ...Object.fromEntries(named),
      }
    }),
  )
}

function argumentsOf(record: Prompted, info: PromptedInfo): unknown[][] {
  if (record.output === 'loglikelihood_rolling') return [[record.continuations[0]]]
  if (record.output === 'generate_until') return [[record.prompt, info.config.generation_kwargs]]
  return record.continuations.map((continuation, i) => [record.contexts?.[i] ?? record.prompt, continuation])
}

/** Values of the metrics that exports of a task aggregate. */
export function customValues(task: PromptTask, records: readonly Prompted[]): Record<string, number> {
  const info = describeTask(task, {})
  const entries = metricsOf(task)
  return Object.fromEntries(
    measuresOf(info, records).flatMap(({ key, metric, aggregation }) =>
      aggregation === undefined ? [[key, aggregationOf(metric, entries).of(partsOf(records, key))]] : [],
    ),
  )
}
