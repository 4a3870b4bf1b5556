import { FlagError } from '@flag/core-tensor'

/** How queries arrive. See the MLPerf inference rules, "Scenarios". */
export type Scenario = 'SingleStream' | 'MultiStream' | 'Server' | 'Offline'

/** Whether a run is timed, or answers every sample once to see whether the answers are right. */
export type Mode = 'PerformanceOnly' | 'AccuracyOnly'

/** What a test asks for: LoadGen's `TestSettings`, under the same names. Times are in the unit that the name says. */
export interface TestSettings {
  scenario: Scenario
  mode: Mode
  singleStreamExpectedLatencyNs: number
  singleStreamTargetLatencyPercentile: number
  multiStreamExpectedLatencyNs: number
  multiStreamTargetLatencyPercentile: number
  multiStreamSamplesPerQuery: number
  serverTargetQps: number
  serverTargetLatencyNs: number
  serverTargetLatencyPercentile: number
  /** Whether queries that are late are sent as one. */
  serverCoalesceQueries: boolean
  /** Queries that may wait for an answer before the test gives up; 0: any number. */
  serverMaxAsyncQueries: number
  offlineExpectedQps: number
  /** The system says when the first token of a sample is there, and how many there are; Server is then judged by both below. */
  useTokenLatencies: boolean
  /** Time to the first token, and time per token after it. */
  serverTtftLatencyNs: number
  serverTpotLatencyNs: number
  /** "Equal issue": samples come in whole permutations of the set, for sets of very different samples. */
  sampleConcatenatePermutation: boolean
  minDurationMs: number
  /** 0: no limit. */
  maxDurationMs: number
  minQueryCount: number
  /** 0: no limit. */
  maxQueryCount: number
  qslRngSeed: bigint
  sampleIndexRngSeed: bigint
  scheduleRngSeed: bigint
  accuracyLogRngSeed: bigint
  /** Share of the answers of a timed run that the accuracy log keeps. */
  accuracyLogProbability: number
  /** If not 0, about how many answers the accuracy log of a timed run keeps. */
  accuracyLogSamplingTarget: number
  performanceIssueUnique: boolean
  performanceIssueSame: boolean
  performanceIssueSameIndex: number
  /** If not 0, replaces what the sample library says. */
  performanceSampleCountOverride: number
  accuracySampleCountOverride: number
}

/** The defaults of LoadGen 6 with the seeds of its `mlperf.conf`. */
export const defaultSettings: Readonly<TestSettings> = {
  scenario: 'SingleStream',
  mode: 'PerformanceOnly',
  singleStreamExpectedLatencyNs: 1e6,
  singleStreamTargetLatencyPercentile: 0.9,
  multiStreamExpectedLatencyNs: 8e6,
  multiStreamTargetLatencyPercentile: 0.99,
  multiStreamSamplesPerQuery: 8,
  serverTargetQps: 1,
  serverTargetLatencyNs: 100e6,
  serverTargetLatencyPercentile: 0.99,
  serverCoalesceQueries: false,
  serverMaxAsyncQueries: 0,
  offlineExpectedQps: 1,
  useTokenLatencies: false,
  serverTtftLatencyNs: 100e6,
  serverTpotLatencyNs: 100e6,
  sampleConcatenatePermutation: false,
  minDurationMs: 10000,
  maxDurationMs: 0,
  minQueryCount: 100,
  maxQueryCount: 0,
  qslRngSeed: 2085463073848966840n,
  sampleIndexRngSeed: 2747215439041700203n,
  scheduleRngSeed: 16159082839903944936n,
  accuracyLogRngSeed: 0n,
  accuracyLogProbability: 0,
  accuracyLogSamplingTarget: 0,
  performanceIssueUnique: false,
  performanceIssueSame: false,
  performanceIssueSameIndex: 0,
  performanceSampleCountOverride: 0,
  accuracySampleCountOverride: 0,
}

/** How many samples there are, and how many of them fit into memory for a timed run. */
export interface SampleCounts {
  readonly total: number
  readonly performance: number
}

/** Settings without the names of scenarios: what LoadGen calls the effective settings. */
export interface EffectiveSettings {
  readonly requested: Readonly<TestSettings>
  readonly scenario: Scenario
  readonly mode: Mode
  readonly samplesPerQuery: number
  readonly targetQps: number
  readonly targetLatencyNs: number
  readonly targetLatencyPercentile: number
  readonly maxAsyncQueries: number
  /** For how long queries are generated, and after which the test ends. */
  readonly targetDurationMs: number
  readonly minDurationMs: number
  readonly maxDurationMs: number
  readonly minQueryCount: number
  readonly maxQueryCount: number
  readonly minSampleCount: number
  readonly performanceSampleCount: number
  readonly accuracySampleCount: number
}

/** Offline asks for this much more than the duration needs, so that the one query is long enough. */
const OFFLINE_SLACK = 1.1
/** With equal issue, SingleStream runs this much longer, since half the samples may be far quicker than the others. */
const EQUAL_ISSUE_SLACK = 2

/** Throws `invalid-argument` for settings that no test can have. */
export function effectiveSettings(settings: Partial<TestSettings>, samples: SampleCounts): EffectiveSettings {
  const requested = { ...defaultSettings, ...settings }
  checkSettings(requested, samples)
  const performanceSampleCount = requested.performanceSampleCountOverride || samples.performance
  const { scenario } = requested
  const common = {
    requested,
    scenario,
    mode: requested.mode,
    minDurationMs: requested.minDurationMs,
    maxDurationMs: requested.maxDurationMs,
    maxQueryCount: requested.maxQueryCount,
    performanceSampleCount,
    accuracySampleCount: requested.accuracySampleCountOverride || samples.total,
  }
  const seconds = requested.minDurationMs / 1000
  let minQueryCount = requested.minQueryCount
  let targetDurationMs = requested.minDurationMs
  let samplesPerQuery = scenario === 'MultiStream' ? requested.multiStreamSamplesPerQuery : 1
  const load = loadOf(requested)
  if (scenario === 'Offline') {
    samplesPerQuery = requested.performanceIssueUnique
      ? performanceSampleCount
      : Math.max(minQueryCount, Math.trunc(OFFLINE_SLACK * seconds * load.targetQps))
    minQueryCount = 1
    targetDurationMs = 0
  }
  if (requested.sampleConcatenatePermutation && scenario === 'SingleStream') {
    minQueryCount = Math.max(minQueryCount, Math.trunc(EQUAL_ISSUE_SLACK * seconds * load.targetQps))
    minQueryCount += samples.performance - (minQueryCount % samples.performance)
  }
  return {
    ...common,
    ...load,
    samplesPerQuery,
    targetDurationMs,
    minQueryCount,
    minSampleCount: minQueryCount * samplesPerQuery,
  }
}

function loadOf(requested: TestSettings) {
  switch (requested.scenario) {
    case 'SingleStream':
      return {
        targetQps: 1e9 / requested.singleStreamExpectedLatencyNs,
        targetLatencyNs: 0,
        targetLatencyPercentile: requested.singleStreamTargetLatencyPercentile,
        maxAsyncQueries: 1,
      }
    case 'MultiStream':
      return {
        targetQps: 1e9 / requested.multiStreamExpectedLatencyNs,
        targetLatencyNs: 0,
        targetLatencyPercentile: requested.multiStreamTargetLatencyPercentile,
        maxAsyncQueries: 1,
      }
    case 'Server':
      return {
        targetQps: requested.serverTargetQps,
        targetLatencyNs: requested.serverTargetLatencyNs,
        targetLatencyPercentile: requested.serverTargetLatencyPercentile,
        maxAsyncQueries: requested.serverMaxAsyncQueries,
      }
    case 'Offline':
      return {
        targetQps: requested.offlineExpectedQps,
        targetLatencyNs: 0,
        targetLatencyPercentile: 0.99,
        maxAsyncQueries: 1,
      }
  }
}

function checkSettings(requested: TestSettings, samples: SampleCounts): void {
  const fail = (message: string, hint?: string): never => {
    throw new FlagError('invalid-argument', message, { hint })
  }
  const positive = [
    'singleStreamExpectedLatencyNs',
    'multiStreamExpectedLatencyNs',
    'serverTargetQps',
  ] as const
  for (const name of [...positive, 'offlineExpectedQps'] as const)
    if (!(requested[name] > 0 && Number.isFinite(requested[name])))
      fail(`${name} is ${requested[name]}, expected a number above 0`)
  const percentiles = [
    'singleStreamTargetLatencyPercentile',
    'multiStreamTargetLatencyPercentile',
    'serverTargetLatencyPercentile',
  ] as const
  for (const name of percentiles)
    if (!(requested[name] > 0 && requested[name] < 1))
      fail(`${name} is ${requested[name]}, expected a share between 0 and 1`, '0.99 is the 99th percentile')
  for (const name of ['minDurationMs', 'maxDurationMs', 'minQueryCount', 'maxQueryCount'] as const)
    if (!(Number.isSafeInteger(requested[name]) && requested[name] >= 0))
      fail(`${name} is ${requested[name]}, expected a whole number from 0`)
  if (
    !(Number.isSafeInteger(requested.multiStreamSamplesPerQuery) && requested.multiStreamSamplesPerQuery > 0)
  )
    fail(
      `multiStreamSamplesPerQuery is ${requested.multiStreamSamplesPerQuery}, expected a whole number from 1`,
    )
  for (const name of ['total', 'performance'] as const) {
    const count = samples[name]
    if (!(Number.isSafeInteger(count) && count > 0))
      fail(`the sample library has ${count} samples (${name}), expected at least one`)
  }
  if (requested.performanceIssueUnique && requested.performanceIssueSame)
    fail('performanceIssueUnique and performanceIssueSame cannot both be asked for')
  const set = requested.performanceSampleCountOverride || samples.performance
  if (requested.performanceIssueSame && requested.performanceIssueSameIndex >= set)
    fail(
      `performanceIssueSameIndex is ${requested.performanceIssueSameIndex}, but only ${set} samples are loaded`,
    )
}
