import { FlagError } from '@flag/core-tensor'
import {
  bootstrap,
  bootstrapDifference,
  bootstrapMean,
  detectablePairedDifference,
  type Interval,
  mcnemarOf,
  wilcoxon,
  wilsonInterval,
} from '@flag/core-tensor/statistics'
import type { SampleRecord } from '../records/record.ts'
import { jackknife } from './jackknife.ts'
import { kindOf, type Metric, metricOf } from './metrics.ts'

export interface Score extends Interval {
  readonly metric: string
  readonly value: number
  /** How the 95 % interval was made. */
  readonly interval: 'wilson' | 'bootstrap' | 'jackknife'
  readonly samples: number
  /** Independent units among them: clusters. */
  readonly units: number
  /** What guessing gives; null where that has no meaning. */
  readonly chance: number | null
  /** What always giving the answer that is right most often brings; null where that has no meaning. */
  readonly majority: number | null
}

const RESAMPLES = 1000

/** Places of the samples that the metric looks at, their values, and their clusters. */
function valuesOf(records: readonly SampleRecord[], metric: Metric) {
  const each = metric.each?.bind(metric)
  if (!each) return { values: undefined, clusters: clustersOf(records) }
  const seen = records.flatMap((record) => {
    const value = each(record as never)
    return value === null ? [] : [{ record, value }]
  })
  const values = seen.map(({ value }) => value)
  return { values, clusters: clustersOf(seen.map(({ record }) => record)) }
}

const intervalOf = (
  statistic: (places: Int32Array) => number,
  clusters: readonly string[],
  { interval }: Metric,
) =>
  interval === 'jackknife'
    ? jackknife(statistic, clusters)
    : bootstrap(clusters.length, statistic, { clusters, resamples: RESAMPLES })

const clustersOf = (records: readonly SampleRecord[]) =>
  records.map(({ cluster, sample }) => cluster ?? sample)

/** A metric of the records of one task with its 95 % interval; a pure function of the records. */
export function score(
  records: readonly SampleRecord[],
  name: string,
  metric: Metric = metricOf(name, kindOf(records)),
): Score {
  const { values, clusters } = valuesOf(records, metric)
  const units = new Set(clusters).size
  const common = {
    metric: name,
    units,
    chance: metric.chance(records as never),
    majority: metric.majority?.(records as never) ?? null,
  }
  if (values === undefined) {
    const statistic = (metric.of as NonNullable<typeof metric.of>)(records as never)
    const { estimate, low, high } = intervalOf(statistic, clusters, metric)
    const interval = metric.interval ?? 'bootstrap'
    return { ...common, value: estimate, low, high, interval, samples: records.length }
  }
  const samples = values.length
  const value = values.reduce((sum, x) => sum + x, 0) / samples
  // Where all are right or all are wrong there is nothing to draw: clusters then count as one sample each.
  const isConstant = values.every((x) => x === values[0])
  if ((units === samples || isConstant) && values.every((x) => x === 0 || x === 1)) {
    const { low, high } = wilsonInterval(Math.round(value * units), units)
    return { ...common, value, low, high, interval: 'wilson', samples }
  }
  const { low, high } = bootstrapMean(values, { clusters, resamples: RESAMPLES })
  // Clusters that are all alike leave nothing to draw either: half right in each is no certainty.
  if (low === high && values.every((x) => x === 0 || x === 1)) {
    return { ...common, value, ...wilsonInterval(value * units, units), interval: 'wilson', samples }
  }
  return { ...common, value, low, high, interval: 'bootstrap', samples }
}

export interface Comparison extends Interval {
  readonly metric: string
  readonly first: number
  readonly second: number
  /** second − first, whose 95 % interval (paired, by clusters) is `low` to `high`. */
  readonly difference: number
  /** Two-sided p-value; null where the metric is no mean over samples, and the interval has to do. */
  readonly p: number | null
  readonly test: 'McNemar, mid-p' | 'Wilcoxon, by cluster' | null
  readonly samples: number
  /** The smallest difference that this many samples show with power 0.8; null where that is not known. */
  readonly detectable: number | null
}

/**
 * Compares a metric of two models on the same samples. Throws `invalid-argument` when a sample is missing on one side
 * or is not the same document; with `pairing: 'sample'` the name alone pairs, for perturbed documents.
 */
export function compare(
  first: readonly SampleRecord[],
  second: readonly SampleRecord[],
  name: string,
  metric: Metric = metricOf(name, kindOf(first)),
  { pairing = 'document' }: { pairing?: 'document' | 'sample' } = {},
): Comparison {
  const partner = aligned(first, second, pairing)
  const [a, b] = [valuesOf(first, metric), valuesOf(partner, metric)]
  const { clusters } = a
  if (a.values === undefined || b.values === undefined) {
    const [left, right] = [first, partner].map((side) => metric.of?.(side as never)) as ((
      places: ArrayLike<number>,
    ) => number)[]
    const all = Int32Array.from(first, (_, i) => i)
    const difference = (places: Int32Array) => right(places) - left(places)
    const { estimate, low, high } = intervalOf(difference, clusters, metric)
    return {
      metric: name,
      first: left(all),
      second: right(all),
      difference: estimate,
      low,
      high,
      p: null,
      test: null,
      samples: first.length,
      detectable: null,
    }
  }
  const { estimate, low, high } = bootstrapDifference(b.values, a.values, { clusters, resamples: 2000 })
  const samples = a.values.length
  const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / samples
  return {
    metric: name,
    first: mean(a.values),
    second: mean(b.values),
    difference: estimate,
    low,
    high,
    samples,
    ...testOf(a.values, b.values, clusters),
  }
}

function testOf(
  first: readonly number[],
  second: readonly number[],
  clusters: readonly string[],
): Pick<Comparison, 'p' | 'test' | 'detectable'> {
  const independent = new Set(clusters).size === clusters.length
  if (independent && [...first, ...second].every((x) => x === 0 || x === 1)) {
    const { midP, discordant } = mcnemarOf(first, second)
    const share = (discordant[0] + discordant[1]) / first.length
    return { p: midP, test: 'McNemar, mid-p', detectable: detectablePairedDifference(first.length, share) }
  }
  // Samples of a cluster are not independent; the sums of clusters are.
  const sums = (values: readonly number[]) => {
    const totals = new Map<string, number>()
    values.forEach((value, i) => {
      totals.set(clusters[i], (totals.get(clusters[i]) ?? 0) + value)
    })
    return [...totals.values()]
  }
  return { p: wilcoxon(sums(first), sums(second)).p, test: 'Wilcoxon, by cluster', detectable: null }
}

/** The second run's records in the order of the first's. */
function aligned(
  first: readonly SampleRecord[],
  second: readonly SampleRecord[],
  pairing: 'document' | 'sample',
): SampleRecord[] {
  const byName = new Map(second.map((record) => [record.sample, record]))
  if (byName.size !== first.length) {
    throw new FlagError(
      'invalid-argument',
      `${first.length} samples against ${byName.size}: not the same set`,
    )
  }
  return first.map((record) => {
    const partner = byName.get(record.sample)
    if (!partner)
      throw new FlagError('invalid-argument', `sample ${record.sample} is missing in the second run`)
    if (pairing === 'document' && partner.document !== record.document) {
      throw new FlagError('invalid-argument', `sample ${record.sample} is not the same in both runs`, {
        hint: 'the runs used different versions of the data: run both again with the same packages',
      })
    }
    return partner
  })
}
