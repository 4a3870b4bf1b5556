import { z } from 'zod'
import { shortHash } from '../records/record.ts'
import { aggregationOf } from './aggregate.ts'
import { outputTypes, type TaskConfig } from './config.ts'
import { groupsOf, isGroup, type TaskGroup } from './load.ts'
import { metricName, metricsOf } from './measure.ts'
import { type PromptTask, type RequestOptions, shotsOf } from './task.ts'

/** A task in lm-eval's dialect as `run.json` keeps it: enough to score its records again. */
export const promptedInfo = z.object({
  dialect: z.literal('lm-eval'),
  id: z.string(),
  alias: z.string(),
  version: z.union([z.string(), z.number()]).nullable(),
  output: z.enum(outputTypes),
  fewshot: z.int().nonnegative(),
  seed: z.int(),
  limit: z.number().nullable(),
  /** Documents of the split, before any limit. */
  documents: z.int().positive(),
  metrics: z.array(
    z.object({
      metric: z.string(),
      /** A name, or `custom` for an export of a module. */
      aggregation: z.string(),
      higherIsBetter: z.boolean(),
    }),
  ),
  /** The task's keys; functions as their names. */
  config: z.record(z.string(), z.json()),
  /** Hash of the keys, the functions' source and every document. */
  fingerprint: z.string(),
})

export type PromptedInfo = z.infer<typeof promptedInfo>

export const groupInfo = z.object({
  name: z.string(),
  alias: z.string(),
  version: z.string(),
  /** Tasks and groups right under it. */
  children: z.array(z.string()),
  /** All tasks under it. */
  tasks: z.array(z.string()),
  aggregated: z.array(
    z.object({
      metric: z.string(),
      filter_list: z.union([z.string(), z.array(z.string())]).nullish(),
      weight_by_size: z.boolean(),
    }),
  ),
})

export type GroupInfo = z.infer<typeof groupInfo>

const printable = (_: string, value: unknown) =>
  typeof value === 'function' ? `!function ${value.name}` : value
const withSource = (_: string, value: unknown) => (typeof value === 'function' ? String(value) : value)

const versionOf = ({ metadata }: TaskConfig): string | number | null => {
  const version = metadata?.version
  return typeof version === 'string' || typeof version === 'number' ? version : null
}

/** What a task is run with. */
export function describeTask(task: PromptTask, options: RequestOptions): PromptedInfo {
  const { config } = task
  const metrics = metricsOf(task).map((entry) => {
    const metric = metricName(entry)
    const { name, higherIsBetter } = aggregationOf(metric, metricsOf(task))
    return { metric, aggregation: name, higherIsBetter }
  })
  return {
    dialect: 'lm-eval',
    id: config.task,
    alias: config.task_alias ?? config.task,
    version: versionOf(config),
    output: config.output_type,
    fewshot: shotsOf(task, options.fewshot),
    seed: options.seed ?? 1234,
    limit: options.limit ?? null,
    documents: task.docs.length,
    metrics,
    config: JSON.parse(JSON.stringify(config, printable)),
    fingerprint: shortHash(JSON.stringify(config, withSource), task.docs, Object.values(task.splits)),
  }
}

/** A group and the groups inside it, in lm-eval's order: what an inner group gathers does not reach the outer one. */
export function describeGroups(group: TaskGroup): GroupInfo[] {
  const own = ({ name, alias, version, children, aggregated }: TaskGroup): GroupInfo => ({
    name,
    alias,
    version,
    children: [...children.keys()],
    tasks: groupsOf({ name, alias, version, children, aggregated }).flatMap((it) =>
      [...it.children.values()].flatMap((child) => (isGroup(child) ? [] : [child.config.task])),
    ),
    aggregated: aggregated.map(({ metric, filter_list, weight_by_size }) => ({
      metric,
      filter_list,
      weight_by_size,
    })),
  })
  return groupsOf(group).map(own)
}
