import { FlagError } from '../errors.ts'
import { Generator } from '../tensor/generator.ts'
import { quantile, sorted } from './percentiles.ts'
import { checkConfidence, type Interval } from './proportions.ts'
import { betaQuantile, normalCdf, normalQuantile } from './special.ts'

export interface BootstrapOptions {
  /** Default 0.95. */
  confidence?: number
  /** Default 2,000. */
  resamples?: number
  /** Default 0. */
  seed?: number
  /**
   * Bias-corrected and accelerated, with levels widened for few units (the default), or plain percentiles, whose
   * intervals of skewed values are too narrow: coverage 0.93 instead of 0.95 for 60 exponential values.
   */
  method?: 'bca' | 'percentile'
  /**
   * One label a sample: samples with equal labels (captions of one picture) are drawn together, since they are not
   * independent. Default: every sample by itself.
   */
  clusters?: ArrayLike<string | number>
}

export interface BootstrapInterval extends Interval {
  readonly estimate: number
  /** Standard deviation of the statistic over the resamples. */
  readonly standardError: number
  /** `percentile` also where BCa was asked for and the resamples do not vary. */
  readonly method: 'bca' | 'percentile'
  /** Number of units drawn: clusters, or samples. */
  readonly units: number
}

/** For each cluster, in order of first appearance, the places of its samples. */
function groups(samples: number, clusters: BootstrapOptions['clusters']): Int32Array[] {
  if (clusters === undefined) return Array.from({ length: samples }, (_, i) => Int32Array.of(i))
  if (clusters.length !== samples) {
    throw new FlagError(
      'invalid-argument',
      `${clusters.length} cluster labels for ${samples} samples: expected one each`,
    )
  }
  const places = new Map<string | number, number[]>()
  for (let i = 0; i < samples; i++) {
    const place = places.get(clusters[i])
    if (place) place.push(i)
    else places.set(clusters[i], [i])
  }
  return Array.from(places.values(), (list) => Int32Array.from(list))
}

/**
 * A confidence interval of any statistic of samples (Efron and Tibshirani 1993, chapters 13 and 14). `statistic` is
 * given the places of the samples that were drawn, with repetition; a paired statistic looks two arrays up with the
 * same places. Throws `invalid-argument`.
 *
 * @example
 * bootstrap(scores.length, (places) => median(places, scores), { clusters: imageOfScore })
 */
export function bootstrap(
  samples: number,
  statistic: (places: Int32Array) => number,
  options: BootstrapOptions = {},
): BootstrapInterval {
  const units = groups(samples, options.clusters)
  const buffer = new Int32Array(units.length * Math.max(0, ...units.map((unit) => unit.length)))
  const of = (chosen: Int32Array) => {
    let size = 0
    for (const at of chosen) {
      buffer.set(units[at], size)
      size += units[at].length
    }
    return statistic(buffer.subarray(0, size))
  }
  const all = placesUpTo(units.length)
  return resample(units.length, of, (out) => of(all.filter((at) => at !== out)), options)
}

const placesUpTo = (count: number) => Int32Array.from({ length: count }, (_, i) => i)

/**
 * The interval of a mean. With clusters it is the mean over samples, so clusters weigh by their size. The fast path
 * of `bootstrap`. Throws `invalid-argument`.
 */
export function bootstrapMean(values: ArrayLike<number>, options: BootstrapOptions = {}): BootstrapInterval {
  const units = groups(values.length, options.clusters)
  const sums = Float64Array.from(units, (unit) => unit.reduce((sum, at) => sum + values[at], 0))
  const sizes = Float64Array.from(units, (unit) => unit.length)
  const mean = (chosen: Int32Array) => {
    let sum = 0
    let size = 0
    for (let i = 0; i < chosen.length; i++) {
      sum += sums[chosen[i]]
      size += sizes[chosen[i]]
    }
    return sum / size
  }
  const total = sums.reduce((sum, x) => sum + x, 0)
  const without = (out: number) => (total - sums[out]) / (values.length - sizes[out])
  return resample(units.length, mean, without, options)
}

/**
 * The interval of the mean difference a − b of two measurements of the same samples. Throws `invalid-argument` when
 * they are not of one length.
 */
export function bootstrapDifference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  options: BootstrapOptions = {},
): BootstrapInterval {
  if (a.length !== b.length) {
    throw new FlagError('invalid-argument', `${a.length} and ${b.length} values: pairs need equally many`)
  }
  return bootstrapMean(
    Float64Array.from(a, (x, i) => x - b[i]),
    options,
  )
}

function resample(
  units: number,
  statistic: (chosen: Int32Array) => number,
  leavingOut: (unit: number) => number,
  options: BootstrapOptions,
): BootstrapInterval {
  const { resamples = 2000, seed = 0, method = 'bca' } = options
  const confidence = checkConfidence(options.confidence)
  if (units === 0) throw new FlagError('invalid-argument', 'a bootstrap of no samples')
  if (!Number.isSafeInteger(resamples) || resamples < 2) {
    throw new FlagError('invalid-argument', `${resamples} resamples: expected a whole number from 2`)
  }
  const all = placesUpTo(units)
  const estimate = statistic(all)
  const generator = new Generator(seed)
  const chosen = new Int32Array(units)
  const distribution = new Float64Array(resamples)
  for (let r = 0; r < resamples; r++) {
    for (let i = 0; i < units; i++) chosen[i] = generator.uint32() % units
    distribution[r] = statistic(chosen)
  }
  const rising = sorted(distribution)
  const mean = rising.reduce((sum, x) => sum + x, 0) / resamples
  const spread = rising.reduce((sum, x) => sum + (x - mean) ** 2, 0)
  const common = { estimate, standardError: Math.sqrt(spread / (resamples - 1)), units }
  if (method === 'percentile' || units === 1 || rising[0] === rising[resamples - 1]) {
    return { ...percentileInterval(rising, confidence), ...common, method: 'percentile' }
  }
  const left = Float64Array.from(all, leavingOut)
  return { ...bcaInterval(rising, estimate, left, expanded(confidence, units)), ...common, method: 'bca' }
}

/**
 * The level at which resampling has to be read so that the interval covers as Student's does: resamples of n units
 * spread by a factor √((n − 1)/n) too little, and do not know how uncertain their spread is (Hesterberg 2015, "What
 * Teachers Should Know About the Bootstrap", section 5.3).
 */
function expanded(confidence: number, units: number): number {
  const freedom = units - 1
  const x = betaQuantile(1 - confidence, freedom / 2, 0.5)
  const student = Math.sqrt((freedom * (1 - x)) / x)
  // Of two or three units the level rounds to 1, which has no quantile.
  return Math.min(2 * normalCdf(student * Math.sqrt(units / freedom)) - 1, 1 - 1e-9)
}

function percentileInterval(rising: Float64Array, confidence: number): Interval {
  return { low: quantile(rising, (1 - confidence) / 2), high: quantile(rising, (1 + confidence) / 2) }
}

/**
 * Efron's BCa bounds (1987) from resampled values in rising order, the estimate, and the estimates with one unit left
 * out each.
 */
export function bcaInterval(
  rising: Float64Array,
  estimate: number,
  left: Float64Array,
  confidence: number,
): Interval {
  let below = 0
  for (const value of rising) below += value < estimate ? 1 : value === estimate ? 0.5 : 0
  // All resamples on one side: the correction is infinite; the outermost rank stands for it.
  const share = Math.min(Math.max(below, 0.5), rising.length - 0.5) / rising.length
  const bias = normalQuantile(share)
  const mean = left.reduce((sum, x) => sum + x, 0) / left.length
  let squares = 0
  let cubes = 0
  for (const value of left) {
    squares += (mean - value) ** 2
    cubes += (mean - value) ** 3
  }
  const acceleration = squares === 0 ? 0 : cubes / (6 * squares ** 1.5)
  const bound = (p: number) => {
    const z = bias + normalQuantile(p)
    // So few units that the correction has no sense: as far as the resamples go.
    if (!(1 - acceleration * z > 0)) return quantile(rising, Number(z > 0))
    return quantile(rising, normalCdf(bias + z / (1 - acceleration * z)))
  }
  return { low: bound((1 - confidence) / 2), high: bound((1 + confidence) / 2) }
}
