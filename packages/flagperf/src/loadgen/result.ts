import { FlagError } from '@flag/core-tensor'
import { minPassingQueries, mostOverlatency } from './earlyStopping.ts'
import { fixed } from './format.ts'
import { lastQuery, type MeasuredRun, queryLatencies, type RunRecord, sampleLatencies } from './record.ts'
import type { EffectiveSettings } from './settings.ts'

/** The percentiles that LoadGen reports. */
export const reportedPercentiles = [0.5, 0.9, 0.95, 0.97, 0.99, 0.999] as const

/** Latencies in nanoseconds. A percentile p is element floor(n p) of the sorted list, without interpolation. */
export interface LatencyStatistics {
  readonly min: number
  readonly max: number
  /** Rounded down to a nanosecond. */
  readonly mean: number
  /** Latency at each of `reportedPercentiles`. */
  readonly percentiles: readonly number[]
  /** Latency at the percentile that the scenario is judged by. */
  readonly target: number
}

export interface EarlyStopping {
  readonly met: boolean
  /** What LoadGen says about it. */
  readonly message: string
  /** Estimate of the target percentile that holds with 99 % confidence, in nanoseconds; 0 if there is none. */
  readonly estimateNs: number
  /** SingleStream only: the same of the 99th percentile. */
  readonly estimate99Ns: number
}

/** The results of a timed run, by the rules of MLPerf LoadGen 6. */
export interface LoadResult {
  readonly valid: boolean
  readonly minDurationMet: boolean
  readonly minQueriesMet: boolean
  readonly performanceConstraintsMet: boolean
  readonly earlyStopping: EarlyStopping
  /** What to change so that the run becomes valid. */
  readonly recommendations: readonly string[]
  readonly sampleCount: number
  readonly queryCount: number
  readonly sampleLatency: LatencyStatistics
  /** MultiStream only. */
  readonly queryLatency?: LatencyStatistics
  /** Server only: queries that took longer than the target latency. */
  readonly overlatencyCount: number
  /** Samples a second; SingleStream: the inverse of the mean latency. */
  readonly samplesPerSecond: number
  /** SingleStream: from start to the last issue. Server: by the schedule. Others: as `samplesPerSecond`. */
  readonly issuedPerSecond: number
  /** With `useTokenLatencies`. */
  readonly tokens?: TokenResult
}

/** What is said of tokens. */
export interface TokenResult {
  readonly count: number
  readonly perSecond: number
  /** Time to the first token and time per token after it; not in Offline. */
  readonly ttft?: LatencyStatistics
  readonly tpot?: LatencyStatistics
  readonly ttftStopping: EarlyStopping
  readonly tpotStopping: EarlyStopping
}

const percentileOf = (sorted: readonly number[], p: number) => sorted[Math.trunc(sorted.length * p)]

/** Sums in 64 bits: nanoseconds of a long run do not fit into a double exactly. */
const sum = (values: readonly number[]) =>
  values.reduce((total, value) => total + BigInt(Math.round(value)), 0n)

/** Statistics of latencies in nanoseconds. */
export function latencyStatistics(latencies: readonly number[], target: number): LatencyStatistics {
  const sorted = [...latencies].sort((a, b) => a - b)
  return {
    min: sorted[0],
    max: sorted[sorted.length - 1],
    mean: Number(sum(sorted) / BigInt(sorted.length)),
    percentiles: reportedPercentiles.map((p) => percentileOf(sorted, p)),
    target: percentileOf(sorted, target),
  }
}

/** Judges a timed run. Throws `invalid-argument` for a run without samples. */
export function resultOf({ settings, record }: Pick<MeasuredRun, 'settings' | 'record'>): LoadResult {
  const latencies = sampleLatencies(record)
  if (latencies.length === 0)
    throw new FlagError('invalid-argument', 'the run has no samples, so there is nothing to judge')
  const sampleLatency = latencyStatistics(latencies, settings.targetLatencyPercentile)
  const byQuery = settings.scenario === 'MultiStream' ? queryLatencies(record) : undefined
  const queryLatency = byQuery && latencyStatistics(byQuery, settings.targetLatencyPercentile)
  const isServer = settings.scenario === 'Server'
  const sampleCount = latencies.length
  const minDurationMet = isLongEnough(settings, record, sampleLatency.max)
  const minQueriesMet = record.queryCount >= settings.minQueryCount && sampleCount >= settings.minSampleCount
  const tokens = tokensOf(settings, record, byQuery)
  const recommendations = isServer ? constraintsMissed(settings, sampleLatency, tokens) : []
  const performanceConstraintsMet = recommendations.length === 0
  const earlyStopping =
    tokens?.tpotStopping.met === false
      ? tokens.tpotStopping
      : (tokens?.ttftStopping ?? earlyStoppingOf(settings, record.queryCount, byQuery ?? latencies))
  if (!minDurationMet) recommendations.push(longerBy[settings.scenario])
  if (!minQueriesMet) recommendations.push('The test exited early, before enough queries were issued.')
  return {
    valid: minDurationMet && minQueriesMet && performanceConstraintsMet && earlyStopping.met,
    minDurationMet,
    minQueriesMet,
    performanceConstraintsMet,
    earlyStopping,
    recommendations,
    sampleCount,
    queryCount: record.queryCount,
    sampleLatency,
    queryLatency,
    overlatencyCount: isServer ? latencies.filter((latency) => latency > settings.targetLatencyNs).length : 0,
    ...ratesOf(settings, record, sampleLatency),
    ...(tokens ? { tokens } : {}),
  }
}

function constraintsMissed(
  { targetLatencyNs, requested }: EffectiveSettings,
  latency: LatencyStatistics,
  tokens: TokenResult | undefined,
): string[] {
  const reduce = 'Reduce target QPS to improve latency.'
  if (!tokens) return latency.target > targetLatencyNs ? [reduce] : []
  const isOver = (statistics: LatencyStatistics | undefined, limit: number) =>
    (statistics?.target ?? 0) > limit
  const missed = [
    ...(isOver(tokens.ttft, requested.serverTtftLatencyNs) ? [`TTFT constrain not met: ${reduce}`] : []),
    ...(isOver(tokens.tpot, requested.serverTpotLatencyNs) ? [`TPOT constrain not met: ${reduce}`] : []),
  ]
  // One sentence of LoadGen's, as its logs have it.
  return missed.length === 0 ? [] : [missed.join('\n * ')]
}

/** Latencies of tokens. The first token is looked at only if the others are soon enough, as LoadGen does it. */
function tokensOf(
  settings: EffectiveSettings,
  record: RunRecord,
  queries: readonly number[] | undefined,
): TokenResult | undefined {
  const { tokens, firstTokenNs, scheduledNs, completedNs } = record
  if (!settings.requested.useTokenLatencies || !tokens) return undefined
  const { requested, targetLatencyPercentile, scenario } = settings
  const count = tokens.reduce((sum, each) => sum + each, 0)
  const last = lastQuery(record)
  const seconds = scenario === 'Offline' ? Math.max(...sampleLatencies(record)) / 1e9 : last.doneSeconds
  const perSecond = count / seconds
  const none: EarlyStopping = { met: true, message: '', estimateNs: 0, estimate99Ns: 0 }
  if (!firstTokenNs) return { count, perSecond, ttftStopping: none, tpotStopping: none }
  const ttft = firstTokenNs.map((first, i) => first - scheduledNs[i])
  const tpot = firstTokenNs.map((first, i) => Math.trunc((completedNs[i] - first) / (tokens[i] - 1)))
  const stopping = (latencies: readonly number[], targetLatencyNs: number) =>
    earlyStoppingOf({ ...settings, targetLatencyNs }, record.queryCount, queries ?? latencies)
  const tpotStopping = stopping(tpot, requested.serverTpotLatencyNs)
  return {
    count,
    perSecond,
    ttft: latencyStatistics(ttft, targetLatencyPercentile),
    tpot: latencyStatistics(tpot, targetLatencyPercentile),
    ttftStopping: tpotStopping.met ? stopping(ttft, requested.serverTtftLatencyNs) : none,
    tpotStopping,
  }
}

const longerBy = {
  SingleStream: 'Decrease the expected latency so the loadgen pre-generates more queries.',
  MultiStream: 'Decrease the expected latency so the loadgen pre-generates more queries.',
  Server: 'Increase the target QPS so the loadgen pre-generates more queries.',
  Offline: 'Increase expected QPS so the loadgen pre-generates a larger (coalesced) query.',
} as const

function isLongEnough(settings: EffectiveSettings, record: RunRecord, maxLatencyNs: number): boolean {
  const seconds = settings.minDurationMs / 1000
  const last = lastQuery(record)
  switch (settings.scenario) {
    case 'Offline':
      return maxLatencyNs / 1e9 >= seconds
    case 'Server':
      return last.scheduledSeconds >= seconds
    default:
      return last.issuedSeconds >= seconds
  }
}

function ratesOf(settings: EffectiveSettings, record: RunRecord, latency: LatencyStatistics) {
  const count = record.sample.length
  const last = lastQuery(record)
  switch (settings.scenario) {
    case 'SingleStream':
      return { samplesPerSecond: 1 / (latency.mean / 1e9), issuedPerSecond: (count - 1) / last.issuedSeconds }
    // The start of the last sample is the open end of the interval, hence one less.
    case 'Server':
      return {
        samplesPerSecond: (count - 1) / last.doneSeconds,
        issuedPerSecond: (count - 1) / last.scheduledSeconds,
      }
    case 'Offline': {
      const rate = count / (latency.max / 1e9)
      return { samplesPerSecond: rate, issuedPerSecond: rate }
    }
    case 'MultiStream': {
      const rate = count / last.doneSeconds
      return { samplesPerSecond: rate, issuedPerSecond: rate }
    }
  }
}

/** SingleStream runs estimate this percentile too, from which MultiStream results may be inferred. */
const MULTI_STREAM_PERCENTILE = 0.99

function earlyStoppingOf(
  settings: EffectiveSettings,
  queries: number,
  latencies: readonly number[],
): EarlyStopping {
  const none = { estimateNs: 0, estimate99Ns: 0 }
  const p = settings.targetLatencyPercentile
  switch (settings.scenario) {
    case 'Offline':
      return { met: true, message: '', ...none }
    case 'Server': {
      const over = latencies.filter((latency) => latency > settings.targetLatencyNs).length
      const needed = minPassingQueries(over, p) + over
      if (queries >= needed) return { met: true, message: ' * Run successful.', ...none }
      const message =
        ` * Run unsuccessful.\n * Processed ${queries} queries.\n * Would need to run at least ${needed - queries}` +
        ' more queries,\n with the run being successful if every additional\n query were under latency.'
      return { met: false, message, ...none }
    }
    default:
      return streamStopping(settings.scenario === 'SingleStream', queries, latencies, p)
  }
}

function streamStopping(
  isSingle: boolean,
  queries: number,
  latencies: readonly number[],
  p: number,
): EarlyStopping {
  const sorted = [...latencies].sort((a, b) => a - b)
  const least = minPassingQueries(1, p) + 1
  if (queries < least) {
    const message = ` * Only processed ${queries} queries.\n * Need to process at least ${least} queries for early stopping.`
    return { met: false, message, estimateNs: 0, estimate99Ns: 0 }
  }
  const estimate = (percentile: number) => {
    const t = mostOverlatency(queries, percentile)
    return { t, latency: sorted[queries - t] }
  }
  const { t, latency } = estimate(p)
  const label = (percentile: number) => `${fixed(percentile * 100, 1)}th percentile`
  let message =
    ` * Processed at least ${least} queries (${queries}).\n * Would discard ${t - 1} highest latency queries.\n` +
    ` * Early stopping ${label(p)} estimate: ${latency}`
  let estimate99Ns = isSingle ? 0 : latency
  if (isSingle) {
    const least99 = minPassingQueries(1, MULTI_STREAM_PERCENTILE) + 1
    if (queries < least99) {
      message +=
        `\n * Not enough queries processed for ${label(MULTI_STREAM_PERCENTILE)}\n` +
        ` early stopping estimate (would need to process at\n least ${least99} total queries).`
    } else {
      estimate99Ns = estimate(MULTI_STREAM_PERCENTILE).latency
      message += `\n * Early stopping ${label(MULTI_STREAM_PERCENTILE)} estimate: ${estimate99Ns}`
    }
  }
  return { met: true, message, estimateNs: latency, estimate99Ns }
}
