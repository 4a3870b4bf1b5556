import { Generator } from '../../tensor/generator.ts'
import { bootstrapDifference, bootstrapMean } from '../bootstrap.ts'
import { mcnemar } from '../mcnemar.ts'
import { quantileInterval, sorted } from '../percentiles.ts'
import { detectablePairedDifference } from '../power.ts'
import { clopperPearsonInterval, type Interval, wilsonInterval } from '../proportions.ts'
import { wilcoxon } from '../ranks.ts'
import { erfc } from '../special.ts'

/** One line of the table: how often something happened in simulated experiments, beside how often it should. */
export interface Simulated {
  readonly what: string
  readonly wanted: string
  readonly share: number
  readonly experiments: number
}

const contains = ({ low, high }: Interval, truth: number) => low <= truth && truth <= high

function shareOf(experiments: number, happens: (i: number) => boolean): number {
  let count = 0
  for (let i = 0; i < experiments; i++) if (happens(i)) count++
  return count / experiments
}

const successes = (generator: Generator, n: number, p: number) =>
  generator.bernoulli(p, [n]).data.reduce((sum, x) => sum + x, 0)

/** Mean coverage over proportions drawn evenly from 0 to 1: where Wilson's interval promises to be right. */
function proportions(generator: Generator, experiments: number): Simulated[] {
  const intervals = { Wilson: wilsonInterval, 'Clopper-Pearson': clopperPearsonInterval }
  return [20, 400].flatMap((n) =>
    Object.entries(intervals).map(([name, interval]) => ({
      what: `${name}, ${n} samples, contains the truth`,
      wanted: name === 'Wilson' ? '0.95' : '≥ 0.95',
      experiments,
      share: shareOf(experiments, () => {
        const p = generator.rand([1]).item()
        return contains(interval(successes(generator, n, p), n), p)
      }),
    })),
  )
}

/** Skewed values, whose mean the bias correction is for. */
function means(generator: Generator, experiments: number): Simulated[] {
  return (['percentile', 'bca'] as const).map((method) => ({
    what: `bootstrap (${method}), mean of 60 exponential values, contains the truth`,
    wanted: method === 'bca' ? '0.95' : 'no default: too low',
    experiments,
    share: shareOf(experiments, (seed) => {
      const values = generator.rand([60]).data.map((u) => -Math.log1p(-u))
      return contains(bootstrapMean(values, { method, seed, resamples: 999 }), 1)
    }),
  }))
}

/** 80 pictures with five captions each, which share most of their luck. */
function clusters(generator: Generator, experiments: number): Simulated[] {
  const labels = Int32Array.from({ length: 400 }, (_, i) => Math.floor(i / 5))
  return [true, false].map((clustered) => ({
    what: `bootstrap of 80 × 5 captions, ${clustered ? 'by picture' : 'by caption'}, contains the truth`,
    wanted: clustered ? '0.95' : 'too low',
    experiments,
    share: shareOf(experiments, (seed) => {
      const pictures = generator.randn([80]).data
      const values = generator.randn([400]).data.map((x, i) => x * 0.6 + pictures[labels[i]])
      const options = { seed, resamples: 499, ...(clustered ? { clusters: labels } : {}) }
      return contains(bootstrapMean(values, options), 0)
    }),
  }))
}

function percentiles(generator: Generator, experiments: number): Simulated[] {
  return [0.5, 0.9].map((p) => ({
    what: `order statistics, quantile ${p} of 200 values, contains the truth`,
    wanted: '≥ 0.95',
    experiments,
    share: shareOf(experiments, () => {
      const { low, high } = quantileInterval(sorted(generator.rand([200]).data), p)
      return (low ?? 0) <= p && p <= (high ?? 1)
    }),
  }))
}

/** Outcomes of two models that agree on most of `n` samples; the second is right more often by `difference`. */
function outcomes(generator: Generator, n: number, discordant: number, difference: number) {
  let [onlyFirst, onlySecond, both] = [0, 0, 0]
  for (const u of generator.rand([n]).data) {
    if (u < (discordant - difference) / 2) onlyFirst++
    else if (u < discordant) onlySecond++
    else if (u < discordant + 0.5) both++
  }
  return { onlyFirst, onlySecond, first: (both + onlyFirst) / n, second: (both + onlySecond) / n }
}

/** What lm-eval's comparison does: a z-test that does not know that both models answered the same questions. */
function unpaired(first: number, second: number, n: number): number {
  const error = Math.sqrt((first * (1 - first) + second * (1 - second)) / n)
  return erfc(Math.abs(first - second) / error / Math.SQRT2)
}

function comparisons(generator: Generator, experiments: number): Simulated[] {
  const [n, discordant] = [400, 0.12]
  const found = detectablePairedDifference(n, discordant) as number
  return [
    [0, 'no difference', '≤ 0.05'],
    [found, `a difference of ${found.toFixed(3)}, detectable with power 0.8,`, '0.8'],
  ].flatMap(([difference, words, wanted]) => {
    const hits = { exact: 0, 'mid-p': 0, unpaired: 0 }
    for (let i = 0; i < experiments; i++) {
      const result = outcomes(generator, n, discordant, difference as number)
      const { exact, midP } = mcnemar(result.onlyFirst, result.onlySecond)
      if (exact <= 0.05) hits.exact++
      if (midP <= 0.05) hits['mid-p']++
      if (unpaired(result.first, result.second, n) <= 0.05) hits.unpaired++
    }
    return Object.entries(hits).map(([name, count]) => ({
      what: `${words} found by ${name === 'unpaired' ? 'the unpaired z-test' : `McNemar (${name})`}`,
      wanted: name === 'unpaired' && difference ? 'misses most' : String(wanted),
      experiments,
      share: count / experiments,
    }))
  })
}

function signedRanks(generator: Generator, experiments: number): Simulated[] {
  return [
    {
      what: 'no difference found by the signed-rank test of 60 pairs',
      wanted: '0.05',
      experiments,
      share: shareOf(experiments, () => {
        const base = generator.randn([60]).data
        const noise = generator.randn([60]).data
        return (
          wilcoxon(
            base,
            base.map((x, i) => x + noise[i]),
          ).p <= 0.05
        )
      }),
    },
  ]
}

/**
 * Scores of two models on the same 100 samples, which are easy or hard for both: the paired interval, which looks at
 * differences, beside Welch's test, which takes the two models for strangers.
 */
function pairedScores(generator: Generator, experiments: number): Simulated[] {
  const samples = 100
  return [0, 0.14].flatMap((difference) => {
    const hits = { 'the paired bootstrap': 0, "Welch's unpaired test": 0 }
    for (let seed = 0; seed < experiments; seed++) {
      const ease = generator.randn([samples]).data
      const [a, b] = [0, difference].map((shift) =>
        generator.randn([samples]).data.map((x, i) => ease[i] + 0.35 * x + shift),
      )
      if (!contains(bootstrapDifference(b, a, { seed, resamples: 499 }), 0)) hits['the paired bootstrap']++
      if (Math.abs(welch(a, b)) > 1.9719) hits["Welch's unpaired test"]++
    }
    return Object.entries(hits).map(([name, count]) => ({
      what: `${difference ? `a difference of ${difference} between 100 scores` : 'no difference between 100 scores'} found by ${name}`,
      wanted: name.startsWith('the')
        ? difference
          ? '≥ 0.7'
          : '0.05'
        : difference
          ? 'misses most'
          : '≤ 0.05',
      experiments,
      share: count / experiments,
    }))
  })
}

/** Welch's statistic; 1.9719 is the 97.5 % point of Student's distribution with 198 degrees of freedom. */
function welch(a: Float32Array, b: Float32Array): number {
  const moments = (x: Float32Array) => {
    const mean = x.reduce((sum, it) => sum + it, 0) / x.length
    const variance = x.reduce((sum, it) => sum + (it - mean) ** 2, 0) / (x.length - 1)
    return { mean, error: variance / x.length }
  }
  const [first, second] = [moments(a), moments(b)]
  return (second.mean - first.mean) / Math.sqrt(first.error + second.error)
}

/** Every simulation with its own seed; `experiments` of each kind. */
export function simulate(experiments: number): Simulated[] {
  const kinds = [proportions, means, clusters, percentiles, comparisons, signedRanks, pairedScores]
  return kinds.flatMap((kind, i) => kind(new Generator(100 + i), experiments))
}
