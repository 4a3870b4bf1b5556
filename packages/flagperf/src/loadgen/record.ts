import type { EffectiveSettings } from './settings.ts'

/** Something that LoadGen's detail log calls an error: the run is not what was asked for. */
export interface RunError {
  readonly key: string
  readonly message: string
}

/** What was measured, sample by sample, in the order in which samples were issued. Times are nanoseconds after the start. */
export interface RunRecord {
  /** Queries issued. */
  readonly queryCount: number
  /** Number of the query that a sample belongs to, from 0. */
  readonly query: readonly number[]
  /** Index of the sample in the sample library. */
  readonly sample: readonly number[]
  /** When a sample should have been issued: latency counts from here. */
  readonly scheduledNs: readonly number[]
  /** When the system had it: for a query that it got before it was due, when it was due. */
  readonly issuedNs: readonly number[]
  readonly completedNs: readonly number[]
  /** Where the system tells them: when the first token of a sample was there (not in Offline), and how many there are. */
  readonly firstTokenNs?: readonly number[]
  readonly tokens?: readonly number[]
  readonly errors: readonly RunError[]
}

/** Latency of every sample, in nanoseconds. */
export const sampleLatencies = ({ scheduledNs, completedNs }: RunRecord): number[] =>
  completedNs.map((completed, i) => completed - scheduledNs[i])

/** Latency of every query, which ends when its last sample is complete, in nanoseconds. */
export function queryLatencies(record: RunRecord): number[] {
  const latencies: number[] = []
  const { query } = record
  sampleLatencies(record).forEach((latency, i) => {
    latencies[query[i]] = Math.max(latencies[query[i]] ?? 0, latency)
  })
  return latencies
}

/** Times of the last query that validity and rates are computed from, in seconds. */
export function lastQuery(record: RunRecord) {
  const last = record.queryCount - 1
  let scheduledNs = 0
  let issuedNs = 0
  let doneNs = 0
  record.query.forEach((query, i) => {
    if (query !== last) return
    scheduledNs = record.scheduledNs[i]
    issuedNs = record.issuedNs[i]
    doneNs = Math.max(doneNs, record.completedNs[i])
  })
  return { scheduledSeconds: scheduledNs / 1e9, issuedSeconds: issuedNs / 1e9, doneSeconds: doneNs / 1e9 }
}

/** A run and what was asked for. */
export interface MeasuredRun {
  readonly settings: EffectiveSettings
  readonly systemName: string
  readonly record: RunRecord
}
