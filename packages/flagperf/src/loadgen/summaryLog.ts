import { fixed, general } from './format.ts'
import type { MeasuredRun } from './record.ts'
import { type LatencyStatistics, type LoadResult, reportedPercentiles } from './result.ts'
import type { EffectiveSettings } from './settings.ts'

const LINE = '='.repeat(48)
const yes = (met: boolean) => (met ? 'Yes' : 'NO')

/** `mlperf_log_summary.txt` of a timed run, as LoadGen 6 writes it. An accuracy run has only the last lines. */
export function summaryLog(run: MeasuredRun, result: LoadResult | undefined): string {
  const lines = result ? [...resultLines(run, result), '', LINE, 'Test Parameters Used', LINE] : []
  if (result) lines.push(...parameterLines(run.settings))
  const errors = run.record.errors.length
  const noted = errors === 0 ? 'No errors' : errors === 1 ? '1 ERROR' : `${errors} ERRORS`
  lines.push('', 'No warnings encountered during test.', '')
  lines.push(`${noted} encountered${errors === 0 ? ' during test.' : '. See detailed log.'}`)
  return `${lines.join('\n')}\n`
}

function resultLines({ settings, systemName }: MeasuredRun, result: LoadResult): string[] {
  const { scenario } = settings
  const lines = [LINE, 'MLPerf Results Summary', LINE]
  lines.push(`SUT name : ${systemName}`, `Scenario : ${scenario}`, `Mode     : ${settings.mode}`)
  lines.push(
    headline(settings, result),
    ...tokenHeadline(settings, result),
    `Result is : ${result.valid ? 'VALID' : 'INVALID'}`,
  )
  if (scenario === 'Server')
    lines.push(`  Performance constraints satisfied : ${yes(result.performanceConstraintsMet)}`)
  lines.push(
    `  Min duration satisfied : ${yes(result.minDurationMet)}`,
    `  Min queries satisfied : ${yes(result.minQueriesMet)}`,
    `  Early stopping satisfied: ${yes(result.earlyStopping.met)}`,
  )
  if (!result.valid) {
    lines.push('Recommendations:', ...result.recommendations.map((each) => ` * ${each}`))
    if (!result.minQueriesMet) lines.push('   See the detailed log for why this may have occurred.')
  }
  if (scenario !== 'Offline') lines.push(...stoppingLines(result))
  lines.push('', LINE, 'Additional Stats', LINE)
  if (scenario === 'SingleStream') {
    lines.push(`QPS w/ loadgen overhead         : ${fixed(result.issuedPerSecond)}`)
    lines.push(`QPS w/o loadgen overhead        : ${fixed(result.samplesPerSecond)}`, '')
  }
  if (scenario === 'Server') lines.push(`Scheduled samples per second : ${fixed(result.issuedPerSecond)}`)
  if (result.queryLatency) lines.push('Per-query latency:  ')
  lines.push(...latencyLines(result.queryLatency ?? result.sampleLatency))
  return [...lines, ...tokenLines(settings, result)]
}

const stoppingLines = ({ earlyStopping, tokens }: LoadResult): string[] =>
  tokens
    ? [
        'TTFT Early Stopping Result:',
        tokens.ttftStopping.message,
        'TPOT Early Stopping Result:',
        tokens.tpotStopping.message,
      ]
    : ['Early Stopping Result:', earlyStopping.message]

function tokenHeadline(settings: EffectiveSettings, { tokens }: LoadResult): string[] {
  if (!tokens) return []
  switch (settings.scenario) {
    case 'Server':
      return [`Completed tokens per second: ${fixed(tokens.perSecond)}`]
    case 'Offline':
      return [`Tokens per second: ${general(tokens.perSecond)}`]
    default: {
      const percentile = fixed(settings.targetLatencyPercentile * 100, 1)
      return [`${percentile}th first token percentile latency (ns) : ${tokens.ttft?.target}`]
    }
  }
}

function tokenLines({ scenario }: EffectiveSettings, result: LoadResult): string[] {
  const { tokens, sampleCount, sampleLatency } = result
  if (!tokens) return []
  const lines = ['']
  if (scenario === 'SingleStream')
    lines.push(
      `TPS w/ loadgen overhead         : ${fixed((tokens.count * result.issuedPerSecond) / (sampleCount - 1))}`,
      `TPS w/o loadgen overhead        : ${fixed(tokens.count / ((sampleLatency.mean / 1e9) * sampleCount))}`,
    )
  else if (scenario === 'Server')
    lines.push(`Completed tokens per second                 : ${fixed(tokens.perSecond)}`)
  if (!tokens.ttft || !tokens.tpot) return lines
  const statistics = (what: string, each: string, { min, max, mean, percentiles }: LatencyStatistics) => [
    `Min ${what} (ns)                : ${min}`,
    `Max ${what} (ns)                : ${max}`,
    `Mean ${what} (ns)               : ${mean}`,
    ...percentiles.map((ns, i) => `${fixed(reportedPercentiles[i] * 100)} percentile ${each} (ns)   : ${ns}`),
  ]
  return [
    ...lines,
    ...statistics('First Token latency', 'first token latency', tokens.ttft),
    '',
    ...statistics('Time per Output Token', 'time to output token', tokens.tpot),
  ]
}

function headline(settings: EffectiveSettings, result: LoadResult): string {
  const latency = result.queryLatency ?? result.sampleLatency
  switch (settings.scenario) {
    case 'Server':
      return `Completed samples per second    : ${fixed(result.samplesPerSecond)}`
    case 'Offline':
      return `Samples per second: ${general(result.samplesPerSecond)}`
    default:
      return `${fixed(settings.targetLatencyPercentile * 100, 1)}th percentile latency (ns) : ${latency.target}`
  }
}

const latencyLines = ({ min, max, mean, percentiles }: LatencyStatistics): string[] => [
  `Min latency (ns)                : ${min}`,
  `Max latency (ns)                : ${max}`,
  `Mean latency (ns)               : ${mean}`,
  ...percentiles.map(
    (latency, i) => `${fixed(reportedPercentiles[i] * 100)} percentile latency (ns)   : ${latency}`,
  ),
]

function parameterLines(settings: EffectiveSettings): string[] {
  const { requested } = settings
  const flag = (value: boolean) => (value ? 1 : 0)
  const lines = [
    `samples_per_query : ${settings.samplesPerQuery}`,
    `target_qps : ${general(settings.targetQps)}`,
    ...(requested.useTokenLatencies
      ? [
          `ttft_latency (ns): ${requested.serverTtftLatencyNs}`,
          `tpot_latency (ns): ${requested.serverTpotLatencyNs}`,
        ]
      : [`target_latency (ns): ${settings.targetLatencyNs}`]),
    `max_async_queries : ${settings.maxAsyncQueries}`,
    `min_duration (ms): ${settings.minDurationMs}`,
    `max_duration (ms): ${settings.maxDurationMs}`,
    `min_query_count : ${settings.minQueryCount}`,
    `max_query_count : ${settings.maxQueryCount}`,
    `qsl_rng_seed : ${requested.qslRngSeed}`,
    `sample_index_rng_seed : ${requested.sampleIndexRngSeed}`,
    `schedule_rng_seed : ${requested.scheduleRngSeed}`,
    `accuracy_log_rng_seed : ${requested.accuracyLogRngSeed}`,
    `accuracy_log_probability : ${general(requested.accuracyLogProbability)}`,
    `accuracy_log_sampling_target : ${requested.accuracyLogSamplingTarget}`,
    'print_timestamps : 0',
    `performance_issue_unique : ${flag(requested.performanceIssueUnique)}`,
    `performance_issue_same : ${flag(requested.performanceIssueSame)}`,
    `performance_issue_same_index : ${requested.performanceIssueSameIndex}`,
    `performance_sample_count : ${settings.performanceSampleCount}`,
    `accuracy_sample_count : ${settings.accuracySampleCount}`,
  ]
  if (!requested.sampleConcatenatePermutation) return lines
  return [
    ...lines,
    'WARNING: sample_concatenate_permutation was set to true. ',
    'Generated samples per query might be different as the one in the setting.',
    'Check the generated_samples_per_query line in the detailed log for the real',
    'samples_per_query value',
  ]
}
