import { FlagError } from '@flag/core-tensor'
import { choiceProbabilities, preferredChoice, sizesOf } from '../metrics/index.ts'
import { pythonSub, splitSpace, str } from '../python/text.ts'
import type { Doc, MetricEntry } from './config.ts'
import type { PromptTask } from './task.ts'

/** What a metric keeps of one document: a number, or what its aggregation needs. Null stands for NaN. */
export type Part = number | null | readonly unknown[]

const defaults = {
  loglikelihood: ['perplexity', 'acc'],
  loglikelihood_rolling: ['word_perplexity', 'byte_perplexity', 'bits_per_byte'],
  multiple_choice: ['acc', 'acc_norm'],
  generate_until: ['exact_match'],
} as const

/** The metrics of a task, or those that lm-eval takes for its kind. */
export const metricsOf = ({ config }: PromptTask): MetricEntry[] =>
  config.metric_list ?? defaults[config.output_type].map((metric) => ({ metric }))

export const metricName = ({ metric }: MetricEntry): string =>
  typeof metric === 'function' ? metric.name : metric

/**
 * The parts of every metric for one document, from its answers after a filter: lm-eval's `process_results`. Throws
 * `invalid-argument` for answers of the wrong kind.
 */
export async function measure(
  task: PromptTask,
  doc: Doc,
  answers: readonly unknown[],
): Promise<Record<string, Part>> {
  const { config } = task
  if (config.process_results) {
    const own = config.process_results as unknown as (
      doc: Doc,
      answers: readonly unknown[],
    ) => Promise<Record<string, unknown>>
    return checkedParts(await own(doc, answers), config.task)
  }
  const asked = new Set(metricsOf(task).map(metricName))
  const chosen = (parts: Record<string, Part>) =>
    Object.fromEntries(Object.entries(parts).filter(([name]) => asked.has(name)))
  switch (config.output_type) {
    case 'loglikelihood': {
      const [sum, greedy] = answers[0] as [number, boolean]
      return chosen({ perplexity: sum, acc: Number(greedy) })
    }
    case 'loglikelihood_rolling': {
      const text = task.reader.target(doc) as string
      const words = splitSpace(text).length
      const { bytes } = sizesOf(text)
      const sum = answers[0] as number
      return chosen({
        word_perplexity: [sum, words],
        byte_perplexity: [sum, bytes],
        bits_per_byte: [sum, bytes],
      })
    }
    case 'multiple_choice':
      return chosen(measureChoice(task, doc, answers as [number, boolean][]))
    case 'generate_until':
      return measureAnswer(task, doc, answers[0])
  }
}

function measureChoice(
  task: PromptTask,
  doc: Doc,
  answers: readonly (readonly [number, boolean])[],
): Record<string, Part> {
  const { reader } = task
  const choices = reader.choices(doc)
  const sums = answers.slice(0, choices.length).map(([sum]) => sum)
  const unconditional = answers.slice(choices.length).map(([sum]) => sum)
  const place = (gold: unknown): number =>
    typeof gold === 'string'
      ? choices.indexOf(gold)
      : typeof gold === 'number' && gold < choices.length
        ? gold
        : -1
  const gold = task.choicesAreQuestions ? reader.text(doc) : reader.target(doc)
  const right = Array.isArray(gold) ? gold.map(place) : place(gold)
  const hits = (at: number) => Number(Array.isArray(right) ? right.includes(at) : at === right)
  const scores = { choices, logLikelihoods: sums }
  const greedy = (at: number) => Number(at !== -1 && answers[at][1])
  const preferred = preferredChoice(scores, 'acc')
  return {
    acc: hits(preferred),
    f1: [right, preferred],
    mcc: [right, preferred],
    acc_norm: hits(preferredChoice(scores, 'acc_norm')),
    acc_bytes: hits(preferredChoice(scores, 'acc_bytes')),
    exact_match: Array.isArray(right) ? Math.max(...right.map(greedy)) : greedy(right),
    brier_score: [right, choiceProbabilities(sums)],
    ...(unconditional.length === choices.length && {
      acc_mutual_info: hits(preferredChoice({ ...scores, unconditional }, 'acc_mutual_info')),
    }),
  }
}

interface MatchOptions {
  regexes_to_ignore?: string[]
  ignore_case?: boolean
  ignore_punctuation?: boolean
  ignore_numbers?: boolean
}

/** `exact_match` with its options, of two values that are equal as they are or as texts. */
function matches(answer: unknown, reference: unknown, options: MatchOptions): boolean {
  const cleaned = (value: unknown) => {
    if (typeof value !== 'string') return value
    let text = value
    for (const pattern of options.regexes_to_ignore ?? []) text = pythonSub(pattern, '', text)
    if (options.ignore_case) text = text.toLowerCase()
    if (options.ignore_punctuation) text = text.replace(/[!-/:-@[-`{-~]/g, '')
    return options.ignore_numbers ? text.replace(/[0-9]/g, '') : text
  }
  return cleaned(answer) === cleaned(reference)
}

/** Metrics over the whole set: a document keeps its reference and its answer. */
const corpusMetrics = new Set(['bleu', 'chrf', 'chrf++', 'ter', 'f1', 'mcc'])

async function measureAnswer(task: PromptTask, doc: Doc, answer: unknown): Promise<Record<string, Part>> {
  const { config, reader, manyTargets } = task
  const target = reader.target(doc)
  const gold = goldOf(task, doc, target, answer)
  const parts: Record<string, Part> = {}
  for (const entry of metricsOf(task)) {
    const { metric, aggregation: _, higher_is_better: __, hf_evaluate, ...options } = entry
    const name = metricName(entry)
    const custom = typeof metric === 'function' ? (metric as unknown as CustomMetric) : undefined
    if (hf_evaluate && name !== 'exact_match') {
      throw new FlagError(
        'unsupported',
        `task ${config.task}: the metric ${name} of Hugging Face's evaluate`,
        {
          hint: 'name an export with metric: !function module.name',
        },
      )
    }
    const value = async (reference: unknown): Promise<Part | Record<string, unknown>> => {
      if (custom) return custom({ references: [reference], predictions: [answer], ...options }) as Part
      if (name === 'exact_match') return Number(matches(answer, reference, options))
      if (name === 'bypass') return null
      if (corpusMetrics.has(name)) return [reference, answer]
      throw new FlagError('invalid-argument', `task ${config.task}: no metric "${name}" for generate_until`)
    }
    if (manyTargets) {
      const any = await someOf(gold as unknown[], async (reference) => {
        const one = await value(reference)
        if (Array.isArray(one)) {
          throw new FlagError(
            'unsupported',
            `task ${config.task}: ${name} with several targets of one document`,
          )
        }
        return Boolean(one !== null && typeof one === 'object' ? (one as Record<string, unknown>)[name] : one)
      })
      parts[name] = Number(any)
      continue
    }
    const one = await value(gold)
    if (one !== null && typeof one === 'object' && !Array.isArray(one)) {
      Object.assign(parts, checkedParts(one as Record<string, unknown>, config.task))
    } else parts[name] = one as Part
  }
  return parts
}

async function someOf<T>(list: readonly T[], test: (it: T) => Promise<boolean>): Promise<boolean> {
  for (const it of list) if (await test(it)) return true
  return false
}

type CustomMetric = (given: Record<string, unknown>) => unknown

function goldOf(task: PromptTask, doc: Doc, target: unknown, answer: unknown): unknown {
  if (task.config.doc_to_choice !== undefined && task.config.doc_to_choice !== null) {
    return task.reader.choices(doc)[target as number]
  }
  // A text among lists counts as its characters, as in lm-eval.
  if (task.manyTargets) return Array.isArray(target) ? target : [...str(target)]
  if (typeof answer === 'string' && typeof target !== 'string') return str(target)
  return typeof answer === 'number' ? Number(target) : target
}

function checkedParts(parts: Record<string, unknown>, task: string): Record<string, Part> {
  return Object.fromEntries(
    Object.entries(parts).map(([name, value]) => {
      if (typeof value === 'boolean') return [name, Number(value)]
      if (typeof value === 'number') return [name, Number.isNaN(value) ? null : value]
      if (value === null || Array.isArray(value)) return [name, value as Part]
      throw new FlagError(
        'invalid-argument',
        `task ${task}: ${name} is ${JSON.stringify(value)}, expected a number or a list`,
      )
    }),
  )
}
