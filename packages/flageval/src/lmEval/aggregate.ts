import { FlagError } from '@flag/core-tensor'
import { bleu, chrf, matthews, positiveF1, translationEdits } from '../metrics/index.ts'
import { PythonRandom } from '../python/random.ts'
import type { MetricEntry } from './config.ts'
import type { Part } from './measure.ts'

/** Makes one number of the parts of all documents. */
export type Aggregate = (parts: readonly Part[]) => number

const numbers = (parts: readonly Part[]) =>
  parts.map((part) => (part === null ? Number.NaN : (part as number)))
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
const meanOf = (values: readonly number[]) => sum(values) / values.length
const pairs = (parts: readonly Part[]) => parts as unknown as readonly (readonly [number, number])[]
const weightedMean = (parts: readonly Part[]) =>
  sum(pairs(parts).map(([value]) => value)) / sum(pairs(parts).map(([, weight]) => weight))

/** References and answers of a corpus, each document with one reference or with a list of as many as the others. */
function corpus(parts: readonly Part[]): { references: string[][]; answers: string[] } {
  const rows = parts as unknown as readonly (readonly [string | string[], string | string[]])[]
  return {
    references: rows.map(([reference]) => [reference].flat()),
    answers: rows.map(([, answer]) => (Array.isArray(answer) ? answer[0] : answer)),
  }
}

const labels = (parts: readonly Part[]) => ({
  gold: parts.map((part) => (part as readonly unknown[])[0] as number | string),
  predicted: parts.map((part) => (part as readonly unknown[])[1] as number | string),
})

/** The aggregations by their names in lm-eval. */
export const aggregates: Readonly<Record<string, Aggregate>> = {
  mean: (parts) => meanOf(numbers(parts)),
  nanmean: (parts) => meanOf(numbers(parts).filter((value) => !Number.isNaN(value))),
  // Of an even number the upper of the middle two, as lm-eval has it.
  median: (parts) => numbers(parts).sort((a, b) => a - b)[Math.floor(parts.length / 2)],
  perplexity: (parts) => Math.exp(-meanOf(numbers(parts))),
  weighted_perplexity: (parts) => Math.exp(-weightedMean(parts)),
  bits_per_byte: (parts) => -weightedMean(parts) / Math.LN2,
  brier_score: (parts) =>
    meanOf(
      (parts as unknown as readonly (readonly [number, readonly number[]])[]).map(([gold, probabilities]) =>
        sum(probabilities.map((p, i) => (p - Number(i === gold)) ** 2)),
      ),
    ),
  f1: (parts) => positiveF1(labels(parts)),
  matthews_corrcoef: (parts) => matthews(labels(parts)),
  bleu: (parts) => bleu(corpus(parts)),
  chrf: (parts) => chrf(corpus(parts)),
  'chrf++': (parts) => chrf(corpus(parts), { words: 2 }),
  ter: (parts) => translationEdits(corpus(parts)),
  bypass: () => 999,
}

/** Aggregation and direction of the metrics where a task does not say. */
const known: Readonly<Record<string, readonly [aggregation: string, higherIsBetter: boolean]>> = {
  acc: ['mean', true],
  acc_norm: ['mean', true],
  acc_bytes: ['mean', true],
  acc_mutual_info: ['mean', true],
  exact_match: ['mean', true],
  perplexity: ['perplexity', false],
  word_perplexity: ['weighted_perplexity', false],
  byte_perplexity: ['weighted_perplexity', false],
  bits_per_byte: ['bits_per_byte', false],
  brier_score: ['brier_score', false],
  mcc: ['matthews_corrcoef', true],
  f1: ['f1', true],
  bleu: ['bleu', true],
  chrf: ['chrf', true],
  'chrf++': ['chrf++', true],
  ter: ['ter', false],
  bypass: ['bypass', true],
}

/** Names of metrics that share the 100 resamples that slow statistics are given. */
const slow = new Set(['bleu', 'chrf', 'chrf++', 'ter'])
const bootstrapped = new Set([
  'median',
  'matthews_corrcoef',
  'f1',
  'perplexity',
  'bleu',
  'chrf',
  'chrf++',
  'ter',
  'nanmean',
])

/** How a metric's parts become its value. */
export interface Aggregation {
  /** A name of `aggregates`, or `custom` for an export. */
  readonly name: string
  readonly of: Aggregate
  readonly higherIsBetter: boolean
}

/** The aggregation that a task names for a metric, or the metric's own. Throws `invalid-argument`. */
export function aggregationOf(metric: string, entries: readonly MetricEntry[]): Aggregation {
  const entry = entries.findLast(({ metric: it }) => (typeof it === 'function' ? it.name : it) === metric)
  const [name, direction] = known[metric] ?? ['mean', true]
  const higherIsBetter = entry?.higher_is_better ?? direction
  const chosen = entry?.aggregation ?? name
  if (typeof chosen === 'function')
    return { name: 'custom', of: chosen as unknown as Aggregate, higherIsBetter }
  if (!Object.hasOwn(aggregates, chosen)) {
    throw new FlagError('invalid-argument', `metric ${metric}: no aggregation "${chosen}"`, {
      hint: `choose of ${Object.keys(aggregates).join(', ')}, or name an export with !function`,
    })
  }
  return { name: chosen, of: aggregates[chosen], higherIsBetter }
}

/** The standard deviation of a sample. */
function deviation(values: readonly number[]): number {
  const mean = meanOf(values)
  return Math.sqrt(sum(values.map((value) => (value - mean) ** 2)) / (values.length - 1))
}

/**
 * lm-eval's standard error: s/√n of a mean; of what is no mean the deviation over resamples, drawn as it draws them
 * (in thousands, each by Python's generator seeded with its number). Null where lm-eval writes `N/A`.
 */
export function standardError(
  parts: readonly Part[],
  metric: string,
  { name, of }: Aggregation,
  iterations: number,
): number | null {
  if (parts.length < 2 || iterations <= 0) return null
  if (name === 'mean') return deviation(numbers(parts)) / Math.sqrt(parts.length)
  if (!bootstrapped.has(name)) return null
  const draws = slow.has(metric) ? Math.min(iterations, 100) : iterations
  const chunk = Math.min(1000, draws)
  const values: number[] = []
  for (let seed = 0; seed < Math.floor(draws / chunk); seed++) {
    const random = new PythonRandom(seed)
    for (let i = 0; i < chunk; i++)
      values.push(of(Array.from(random.places(parts.length), (at) => parts[at])))
  }
  return deviation(values)
}

/** The error of the mean of tasks weighted by size: their variances pooled. */
export function pooledError(errors: readonly number[], sizes: readonly number[]): number {
  const total = sum(sizes)
  const variance =
    sum(errors.map((error, i) => (sizes[i] - 1) * error ** 2 * sizes[i])) / (total - sizes.length)
  return Math.sqrt(variance / total)
}

/** The error of the plain mean of tasks. */
export const unweightedError = (errors: readonly number[]): number =>
  Math.sqrt(sum(errors.map((error) => error ** 2))) / errors.length
