import { fixed, general } from './format.ts'
import type { LoadableSet, QueryPlan } from './queries.ts'
import { lastQuery, type MeasuredRun, type RunRecord } from './record.ts'
import { type LatencyStatistics, type LoadResult, reportedPercentiles } from './result.ts'
import type { EffectiveSettings, TestSettings } from './settings.ts'

/** A line of the detail log: a key, its value as JSON, and whether it is an error. */
export interface DetailEntry {
  readonly key: string
  readonly value: string
  readonly isError?: boolean
}

export type Plain = string | boolean | number | bigint | readonly number[]

const json = (value: Plain): string => {
  if (typeof value === 'number')
    return Number.isInteger(value) && Math.abs(value) >= 1e6 ? `${value}` : general(value)
  return typeof value === 'bigint' ? `${value}` : JSON.stringify(value)
}

/** Entries of plain values, in the order of the table. */
export const entries = (table: Readonly<Record<string, Plain>>): DetailEntry[] =>
  Object.entries(table).map(([key, value]) => ({ key, value: json(value) }))

/** Doubles are written with six digits even when they are whole. */
const double = (key: string, value: number): DetailEntry => ({ key, value: general(value) })

/** What was asked for, and what that means for the scenario. */
export function settingsEntries(settings: EffectiveSettings): DetailEntry[] {
  const { requested } = settings
  return [
    ...entries({ requested_scenario: settings.scenario, requested_test_mode: settings.mode }),
    ...scenarioEntries(requested),
    ...entries({
      requested_min_duration_ms: requested.minDurationMs,
      requested_max_duration_ms: requested.maxDurationMs,
      requested_min_query_count: requested.minQueryCount,
      requested_max_query_count: requested.maxQueryCount,
      ...sharedSettings('requested', requested),
      requested_performance_sample_count_override: requested.performanceSampleCountOverride,
      requested_accuracy_sample_count_override: requested.accuracySampleCountOverride,
      requested_sample_concatenate_permutation: requested.sampleConcatenatePermutation,
      ...tokenSettings(requested),
      effective_scenario: settings.scenario,
      effective_test_mode: settings.mode,
      effective_samples_per_query: settings.samplesPerQuery,
    }),
    double('effective_target_qps', settings.targetQps),
    ...entries({
      effective_target_latency_ns: settings.targetLatencyNs,
      effective_target_latency_percentile: settings.targetLatencyPercentile,
      effective_max_async_queries: settings.maxAsyncQueries,
      effective_target_duration_ms: settings.targetDurationMs,
      effective_min_duration_ms: settings.minDurationMs,
      effective_max_duration_ms: settings.maxDurationMs,
      effective_min_query_count: settings.minQueryCount,
      effective_max_query_count: settings.maxQueryCount,
      effective_min_sample_count: settings.minSampleCount,
      ...sharedSettings('effective', requested),
      effective_performance_sample_count: settings.performanceSampleCount,
      effective_accuracy_sample_count: settings.accuracySampleCount,
      effective_sample_concatenate_permutation: requested.sampleConcatenatePermutation,
    }),
  ]
}

const tokenSettings = (requested: TestSettings): Record<string, Plain> => ({
  ...(requested.useTokenLatencies ? { requested_use_token_latencies: true } : {}),
  ...(requested.useTokenLatencies && requested.scenario !== 'Offline'
    ? {
        requested_server_ttft_latency: requested.serverTtftLatencyNs,
        requested_server_tpot_latency: requested.serverTpotLatencyNs,
      }
    : {}),
})

const sharedSettings = (prefix: string, requested: TestSettings): Record<string, Plain> => ({
  [`${prefix}_qsl_rng_seed`]: requested.qslRngSeed,
  [`${prefix}_sample_index_rng_seed`]: requested.sampleIndexRngSeed,
  [`${prefix}_schedule_rng_seed`]: requested.scheduleRngSeed,
  [`${prefix}_accuracy_log_rng_seed`]: requested.accuracyLogRngSeed,
  [`${prefix}_accuracy_log_probability`]: requested.accuracyLogProbability,
  [`${prefix}_accuracy_log_sampling_target`]: requested.accuracyLogSamplingTarget,
  [`${prefix}_print_timestamps`]: false,
  [`${prefix}_performance_issue_unique`]: requested.performanceIssueUnique,
  [`${prefix}_performance_issue_same`]: requested.performanceIssueSame,
  [`${prefix}_performance_issue_same_index`]: requested.performanceIssueSameIndex,
})

function scenarioEntries(requested: TestSettings): DetailEntry[] {
  switch (requested.scenario) {
    case 'SingleStream':
      return [
        double('requested_single_stream_expected_latency_ns', requested.singleStreamExpectedLatencyNs),
        double(
          'requested_single_stream_target_latency_percentile',
          requested.singleStreamTargetLatencyPercentile,
        ),
      ]
    case 'MultiStream':
      return [
        double('requested_multi_stream_expected_latency_ns', requested.multiStreamExpectedLatencyNs),
        double(
          'requested_multi_stream_target_latency_percentile',
          requested.multiStreamTargetLatencyPercentile,
        ),
        ...entries({ requested_multi_stream_samples_per_query: requested.multiStreamSamplesPerQuery }),
      ]
    case 'Server':
      return [
        double('requested_server_target_qps', requested.serverTargetQps),
        ...entries({ requested_server_target_latency_ns: requested.serverTargetLatencyNs }),
        double('requested_server_target_latency_percentile', requested.serverTargetLatencyPercentile),
        ...entries({
          requested_server_coalesce_queries: requested.serverCoalesceQueries,
          // Searching for the peak and issuing from several threads are not offered: LoadGen's defaults.
          requested_server_find_peak_qps_decimals_of_precision: 1,
          requested_server_find_peak_qps_boundary_step_size: 1,
          requested_server_max_async_queries: requested.serverMaxAsyncQueries,
          requested_server_num_issue_query_threads: 0,
        }),
      ]
    case 'Offline':
      return [double('requested_offline_expected_qps', requested.offlineExpectedQps)]
  }
}

/** What is about to be issued. */
export const planEntries = (set: LoadableSet, plan: QueryPlan): DetailEntry[] =>
  entries({
    loaded_qsl_set: set.samples,
    generated_query_count: plan.queries.length,
    generated_samples_per_query: plan.samplesPerQuery,
    generated_query_duration: plan.durationNs,
  })

/** Errors of a run. */
export const errorEntries = ({ record }: MeasuredRun): DetailEntry[] =>
  record.errors.map(({ key, message }) => ({ key, value: JSON.stringify(message), isError: true }))

const oneLine = (text: string) => text.replaceAll('\n', ' ')

/** The results of a timed run. */
export function resultEntries({ settings, record }: MeasuredRun, result: LoadResult): DetailEntry[] {
  const isServer = settings.scenario === 'Server'
  const reason = result.recommendations.map((each, i) =>
    i === result.recommendations.length - 1 && !result.minQueriesMet ? each : `${each} `,
  )
  return [
    ...entries({ result_validity: result.valid ? 'VALID' : 'INVALID' }),
    ...(isServer ? entries({ result_perf_constraints_met: result.performanceConstraintsMet }) : []),
    ...entries({
      result_min_duration_met: result.minDurationMet,
      result_min_queries_met: result.minQueriesMet,
      early_stopping_met: result.earlyStopping.met,
      ...(result.valid ? {} : { result_invalid_reason: oneLine(reason.join('')) }),
      ...(result.tokens
        ? {
            early_stopping_ttft_result: oneLine(result.tokens.ttftStopping.message),
            early_stopping_tpot_result: oneLine(result.tokens.tpotStopping.message),
          }
        : { early_stopping_result: oneLine(result.earlyStopping.message) }),
      result_query_count: result.queryCount,
    }),
    ...(isServer ? entries({ result_overlatency_query_count: result.overlatencyCount }) : []),
    ...rateEntries(settings, result),
    ...latencyEntries(result.sampleLatency, 'latency_ns', 'percentile_latency_ns'),
    ...tokenEntries(record, result),
    ...entries({ num_errors: record.errors.length }),
  ]
}

function rateEntries(settings: EffectiveSettings, result: LoadResult): DetailEntry[] {
  switch (settings.scenario) {
    case 'SingleStream':
      return [
        double('result_qps_with_loadgen_overhead', result.issuedPerSecond),
        double('result_qps_without_loadgen_overhead', result.samplesPerSecond),
        ...entries({
          early_stopping_latency_ss: result.earlyStopping.estimateNs,
          early_stopping_latency_ms: result.earlyStopping.estimate99Ns,
        }),
      ]
    case 'MultiStream':
      return [
        ...latencyEntries(
          result.queryLatency as LatencyStatistics,
          'query_latency_ns',
          'percentile_per_query_latency_ns',
        ),
        ...entries({ early_stopping_latency_ms: result.earlyStopping.estimate99Ns }),
      ]
    case 'Server':
      return [
        double('result_scheduled_samples_per_sec', result.issuedPerSecond),
        double('result_completed_samples_per_sec', result.samplesPerSecond),
      ]
    case 'Offline':
      return [double('result_samples_per_second', result.samplesPerSecond)]
  }
}

const latencyEntries = (latency: LatencyStatistics, name: string, percentileName: string): DetailEntry[] =>
  entries({
    [`result_min_${name}`]: latency.min,
    [`result_max_${name}`]: latency.max,
    [`result_mean_${name}`]: latency.mean,
    ...Object.fromEntries(
      latency.percentiles.map((value, i) => [
        `result_${fixed(reportedPercentiles[i] * 100)}_${percentileName}`,
        value,
      ]),
    ),
  })

function tokenEntries(record: RunRecord, { tokens, sampleLatency, sampleCount }: LoadResult): DetailEntry[] {
  if (!tokens) return []
  const { ttft, tpot, count, perSecond } = tokens
  if (!ttft || !tpot) return [double('result_tokens_per_second', perSecond)]
  const each = (values: readonly number[], name: (percentile: string) => string) =>
    Object.fromEntries(values.map((value, i) => [name(fixed(reportedPercentiles[i] * 100)), value]))
  return [
    ...entries({
      result_first_token_min_latency_ns: ttft.min,
      result_first_token_max_latency_ns: ttft.max,
      result_first_token_mean_latency_ns: ttft.mean,
      ...each(ttft.percentiles, (percentile) => `result_first_token_${percentile}_percentile_latency_ns`),
    }),
    double('result_token_throughput_with_loadgen_overhead', count / lastQuery(record).issuedSeconds),
    // Tokens a nanosecond: LoadGen divides by a mean in nanoseconds here.
    double('result_token_throughput', count / (sampleLatency.mean * sampleCount)),
    ...entries({
      ...each(tpot.percentiles, (percentile) => `result_time_per_output_token_${percentile}_percentile_ns`),
      result_time_to_output_token_min: tpot.min,
      result_time_to_output_token_max: tpot.max,
      result_time_to_output_token_mean: tpot.mean,
    }),
    double('result_completed_tokens_per_second', perSecond),
  ]
}

/** An entry as a line of `mlperf_log_detail.txt` (the MLLOG format), `timeNs` after the start of the log. */
export function detailLine({ key, value, isError = false }: DetailEntry, timeNs: number | bigint): string {
  const ns = BigInt(timeNs)
  const time = `${ns / 1_000_000n}.${String(ns % 1_000_000n).padStart(6, '0')}`
  return (
    `:::MLLOG {"key": ${JSON.stringify(key)}, "value": ${value}, "time_ms": ${time}, ` +
    '"namespace": "mlperf::logging", "event_type": "POINT_IN_TIME", "metadata": ' +
    `{"is_error": ${isError}, "is_warning": false, "file": "@flag/perf", "line_no": 0, ` +
    `"pid": ${process.pid}, "tid": ${process.pid}}}`
  )
}
