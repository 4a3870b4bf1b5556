import {
  bootstrapMean,
  normalCdf,
  normalQuantile,
  quantile,
  studentQuantile,
} from '@flag/core-tensor/statistics'
import type { Block, ComparisonPlan, ComparisonRaw, ProcessRecord } from './schema.ts'

export type Verdict = 'faster' | 'slower' | 'no difference found'

/** The time of the second subject as a multiple of the time of the first. */
export interface RatioInterval {
  readonly ratio: number
  readonly low: number
  readonly high: number
}

/** What follows from the samples of a comparison. Shares are of the first subject's time: 0.05 is 5 %. */
export interface ComparisonNumbers extends RatioInterval {
  /** Of the second subject beside the first. */
  readonly verdict: Verdict
  readonly clock: 'wall' | 'cpu'
  /** The confidence of this interval; all looks together have that of the plan. */
  readonly confidence: number
  /** What the subjects beside themselves may seem to differ by: a difference has to be beyond it. */
  readonly noiseFloor: number
  /** The smallest difference that this comparison would have found nine times in ten. */
  readonly detectable: number
  /** Pairs of processes. */
  readonly pairs: number
  /** Whether nothing more is to be measured by the plan. */
  readonly finished: boolean
  /** Time of a run, in milliseconds: the median over rounds of the fastest sample of a burst. */
  readonly aMs: number
  readonly bMs: number
  /** Share of the wall-clock time in which the processes had no processor. */
  readonly waitingShare: number
  /** The interval by the other clock, for comparison. */
  readonly otherClock: RatioInterval
}

/** More waiting than this, and the clock on the wall tells of the other programs on the machine. */
const BUSY = 0.05
const POWER = 0.9
const RESAMPLES = 4000

const median = (values: readonly number[]) => quantile(Float64Array.from(values).sort(), 0.5)
const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length

/** Judges what was measured, look by look, as the plan says. */
export function comparisonNumbers(raw: ComparisonRaw): ComparisonNumbers {
  const { plan, blocks } = raw
  const reached = plan.looks.filter((look) => look <= blocks.length)
  // A comparison that was cut short before its first look is judged by what there is, at the first look's level.
  const looks = reached.length === 0 ? [blocks.length] : reached
  let numbers: ComparisonNumbers | undefined
  for (const [i, look] of looks.entries()) {
    numbers = numbersAt(raw, blocks.slice(0, look), i)
    if (numbers.finished) break
  }
  return numbers as ComparisonNumbers
}

/**
 * The level of error that a look may use up. All looks together use 1 - confidence (the union bound), the later ones
 * more, since they see more.
 */
export function errorAt({ looks, confidence }: ComparisonPlan, look: number): number {
  const weights = looks.map((_, i) => i + 1)
  return ((1 - confidence) * weights[look]) / weights.reduce((sum, weight) => sum + weight, 0)
}

function numbersAt(raw: ComparisonRaw, blocks: readonly Block[], look: number): ComparisonNumbers {
  const { plan } = raw
  const confidence = 1 - errorAt(plan, look)
  const waitingShare = waitingOf(blocks)
  const clock =
    plan.clock !== 'auto' ? plan.clock : raw.singleThreaded && waitingShare > BUSY ? 'cpu' : 'wall'
  const pairs = blocks.flatMap(({ processes: [a, b, a2, b2] }) => [
    logRatio(a, b, clock),
    logRatio(a2, b2, clock),
  ])
  // Subjects beside themselves, in the same rounds: the true ratio is 1.
  const nulls = blocks.flatMap(({ processes: [a, b, a2, b2] }) => [
    logRatio(a, a2, clock),
    logRatio(b, b2, clock),
  ])
  const interval = ratioInterval(pairs, confidence, plan.seed)
  const noise = Math.sqrt(mean(nulls.map((x) => x * x)) / pairs.length)
  // Pairs of a block are not independent (they share cores), so blocks count. The mean is known, and costs none.
  const floor = studentQuantile((1 + confidence) / 2, blocks.length) * noise
  const effect = Math.log(interval.ratio)
  const beyond = Math.max(floor, Math.log1p(plan.threshold))
  const isDifferent = (interval.low > 1 || interval.high < 1) && Math.abs(effect) > beyond
  const halfWidth = (Math.log(interval.high) - Math.log(interval.low)) / 2
  const isPrecise = Math.max(halfWidth, floor) <= Math.log1p(plan.threshold)
  const time = (side: 'a' | 'b') =>
    median(
      blocks.flatMap(({ processes }) =>
        processes.filter((each) => each.side === side).flatMap((each) => burstTimes(each, clock)),
      ),
    ) / 1e6
  const standardError = Math.max(noise, halfWidth / studentQuantile((1 + confidence) / 2, pairs.length - 1))
  return {
    verdict: !isDifferent ? 'no difference found' : effect > 0 ? 'slower' : 'faster',
    clock,
    ...interval,
    confidence,
    noiseFloor: Math.expm1(floor),
    detectable: Math.expm1(Math.max(beyond, halfWidth) + normalQuantile(POWER) * standardError),
    pairs: pairs.length,
    finished: isDifferent || isPrecise || look === plan.looks.length - 1,
    aMs: time('a'),
    bMs: time('b'),
    waitingShare,
    otherClock: ratioInterval(
      blocks.flatMap(({ processes: [a, b, a2, b2] }) => [
        logRatio(a, b, other(clock)),
        logRatio(a2, b2, other(clock)),
      ]),
      confidence,
      plan.seed,
    ),
  }
}

const other = (clock: 'wall' | 'cpu') => (clock === 'wall' ? 'cpu' : 'wall')

/**
 * The ratio of two subjects from the logarithms of pairs of processes: the BCa bootstrap over pairs. With few of them
 * the bootstrap's intervals are too narrow; its level is raised so that for a normal distribution they are Student's
 * (Hesterberg, "What Teachers Should Know About the Bootstrap", The American Statistician 69, 2015).
 */
export function ratioInterval(logRatios: readonly number[], confidence: number, seed: number): RatioInterval {
  const n = logRatios.length
  const student = studentQuantile((1 + confidence) / 2, n - 1)
  const raised = 2 * normalCdf(Math.sqrt(n / (n - 1)) * student) - 1
  const { estimate, low, high } = bootstrapMean(logRatios, {
    confidence: Math.min(raised, 1 - 1e-9),
    resamples: RESAMPLES,
    seed,
  })
  return { ratio: Math.exp(estimate), low: Math.exp(low), high: Math.exp(high) }
}

/** One number a round: the fastest of its samples, which is the least disturbed. */
const burstTimes = ({ wallNs, cpuNs }: ProcessRecord, clock: 'wall' | 'cpu'): number[] =>
  (clock === 'wall' ? wallNs : cpuNs).map((samples) => Math.min(...samples))

/** The median over rounds of log(second / first): what disturbs a round disturbs both, and a few bad rounds do not count. */
function logRatio(first: ProcessRecord, second: ProcessRecord, clock: 'wall' | 'cpu'): number {
  const [x, y] = [burstTimes(first, clock), burstTimes(second, clock)]
  return median(x.map((time, round) => Math.log(Math.max(y[round], 1) / Math.max(time, 1))))
}

function waitingOf(blocks: readonly Block[]): number {
  let wall = 0
  let cpu = 0
  for (const { processes } of blocks)
    for (const { wallNs, cpuNs } of processes) {
      for (const runs of wallNs) for (const ns of runs) wall += ns
      for (const runs of cpuNs) for (const ns of runs) cpu += ns
    }
  return wall === 0 ? 0 : Math.max(0, 1 - cpu / wall)
}
