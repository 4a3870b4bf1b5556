import { FlagError } from '@flag/core-tensor'
import { z } from 'zod'
import type { YamlFile } from './yamlFile.ts'

/** A document: one row of a data set. */
export type Doc = Readonly<Record<string, unknown>>
/** What `!function` names. */
export type TaskFunction = (...args: never[]) => unknown

const fn = z.custom<TaskFunction>((value) => typeof value === 'function', 'expected !function')
const text = z.union([z.string(), fn])
const names = z.union([z.string(), z.array(z.string())])
const metricName = z.union([z.string(), fn])

const metricEntry = z.looseObject({
  metric: metricName,
  aggregation: metricName.optional(),
  higher_is_better: z.boolean().optional(),
  hf_evaluate: z.boolean().optional(),
})

const filterStep = z.looseObject({ function: z.string() })
const filterEntry = z.strictObject({ name: z.string(), filter: z.array(filterStep) })

const choices = z.union([text, z.array(z.union([z.string(), z.number()])), z.record(z.string(), z.string())])
const target = z.union([text, z.int(), z.array(z.union([z.string(), z.number()]))])

const fewshot = z.strictObject({
  sampler: z.string().default('default'),
  split: z.string().nullish(),
  process_docs: fn.nullish(),
  fewshot_indices: z.array(z.int()).nullish(),
  samples: z.union([z.array(z.record(z.string(), z.unknown())), fn]).nullish(),
  doc_to_text: z.union([text, z.int()]).nullish(),
  doc_to_choice: choices.nullish(),
  doc_to_target: target.nullish(),
  gen_prefix: z.string().nullish(),
  fewshot_delimiter: z.string().nullish(),
  target_delimiter: z.string().nullish(),
})

export const outputTypes = [
  'loglikelihood',
  'loglikelihood_rolling',
  'multiple_choice',
  'generate_until',
] as const

/** lm-eval's `TaskConfig`, by the names and with the defaults of version 0.4.13. */
export const taskConfig = z.strictObject({
  task: z.string(),
  task_alias: z.string().nullish(),
  tag: names.nullish(),
  custom_dataset: fn.nullish(),
  dataset_path: z.string().nullish(),
  dataset_name: z.string().nullish(),
  dataset_kwargs: z.record(z.string(), z.unknown()).nullish(),
  training_split: z.string().nullish(),
  validation_split: z.string().nullish(),
  test_split: z.string().nullish(),
  fewshot_split: z.string().nullish(),
  process_docs: fn.nullish(),
  doc_to_text: z.union([text, z.int()]).nullish(),
  doc_to_target: target.nullish(),
  doc_to_choice: choices.nullish(),
  process_results: fn.nullish(),
  unsafe_code: z.boolean().default(false),
  description: z.string().default(''),
  target_delimiter: z.string().default(' '),
  fewshot_delimiter: z.string().default('\n\n'),
  fewshot_config: fewshot.nullish(),
  num_fewshot: z.int().nonnegative().nullish(),
  metric_list: z.array(metricEntry).nullish(),
  output_type: z.enum(outputTypes).default('generate_until'),
  generation_kwargs: z.record(z.string(), z.unknown()).nullish(),
  repeats: z.int().positive().default(1),
  filter_list: z.array(filterEntry).nullish(),
  should_decontaminate: z.boolean().nullish(),
  doc_to_decontamination_query: z.unknown().optional(),
  gen_prefix: z.string().nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
})

export type TaskConfig = z.infer<typeof taskConfig>
export type FewshotConfig = z.infer<typeof fewshot>
export type MetricEntry = z.infer<typeof metricEntry>
export type FilterStep = z.infer<typeof filterStep>

const aggregated = z.strictObject({
  metric: z.string(),
  filter_list: names.nullish(),
  aggregation: z.literal('mean').default('mean'),
  weight_by_size: z.boolean().default(true),
})

/** Keys of a group's own; all others override its tasks. */
export const groupKeys = ['group', 'group_alias', 'task', 'aggregate_metric_list', 'metadata']

export const groupConfig = z.looseObject({
  group: z.string(),
  group_alias: z.string().nullish(),
  task: z.union([z.string(), z.array(z.union([z.string(), z.record(z.string(), z.unknown())]))]).nullish(),
  aggregate_metric_list: z.union([aggregated, z.array(aggregated)]).nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
})

export type GroupConfig = z.infer<typeof groupConfig>
export type AggregatedMetric = z.infer<typeof aggregated>

/** Keys that lm-eval knows and this package does not run. */
const unsupported: Readonly<Record<string, string>> = {
  class: 'a task that is a Python class: write it as YAML',
  use_prompt: 'prompts of promptsource: write doc_to_text',
  doc_to_image: 'pictures in prompts of language models',
  doc_to_audio: 'sound in prompts of language models',
}

/** Checks a task's keys. Throws `corrupt-file` with file, line and key. */
export function checkTask(content: Record<string, unknown>, yaml: YamlFile): TaskConfig {
  for (const [key, what] of Object.entries(unsupported)) {
    if (content[key] !== undefined && content[key] !== null) {
      throw new FlagError('unsupported', `${yaml.where([key])}: not supported: ${what}`)
    }
  }
  const { tag: _tag, group: _group, task_list: _list, ...own } = content
  const config = checked(taskConfig, own, yaml)
  if (config.output_type === 'generate_until') {
    const given = config.generation_kwargs ?? { temperature: 0, do_sample: false, max_gen_toks: 256 }
    return { ...config, generation_kwargs: { ...given, until: given.until ?? [config.fewshot_delimiter] } }
  }
  return config
}

/** Checks a group's keys. Throws `corrupt-file` with file, line and key. */
export const checkGroup = (content: Record<string, unknown>, yaml: YamlFile): GroupConfig =>
  checked(groupConfig, content, yaml)

function checked<T extends z.ZodType>(schema: T, content: unknown, yaml: YamlFile): z.infer<T> {
  const result = schema.safeParse(content)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]] : issue.path
  const message = issue.code === 'unrecognized_keys' ? 'no such key in this dialect' : issue.message
  throw new FlagError('corrupt-file', `${yaml.where(path)}: ${message}`)
}
