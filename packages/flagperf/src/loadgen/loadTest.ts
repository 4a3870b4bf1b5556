import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { writeText } from '../files.ts'
import { VERSION } from '../version.ts'
import { accuracyLog, accuracySampling } from './accuracyLog.ts'
import { type Clock, monotonicClock } from './clock.ts'
import {
  type DetailEntry,
  detailLine,
  errorEntries,
  planEntries,
  resultEntries,
  settingsEntries,
} from './detailLog.ts'
import { type Answer, issueQueries, type SystemUnderTest } from './driver.ts'
import { loadableSets, planQueries } from './queries.ts'
import type { MeasuredRun } from './record.ts'
import { type LoadResult, resultOf } from './result.ts'
import { effectiveSettings, type SampleCounts, type TestSettings } from './settings.ts'
import { summaryLog } from './summaryLog.ts'
import { traceLog } from './traceLog.ts'

/** The samples that queries name by their index. */
export interface SampleLibrary extends SampleCounts {
  readonly name: string
  /** Brings samples into memory; not timed. */
  load?(indices: readonly number[]): Promise<void>
  unload?(indices: readonly number[]): Promise<void>
}

export interface LoadTestOptions {
  /** Default: the machine's monotonic clock. */
  readonly clock?: Clock
}

/** A finished test, and LoadGen's four log files of it. */
export interface LoadTest {
  /** The last run: the timed one, or the last set of an accuracy test. */
  readonly run: MeasuredRun
  /** The verdict on a timed run; an accuracy run has none. */
  readonly result?: LoadResult
  readonly answers: readonly Answer[]
  /** Text by the name of the file: `mlperf_log_summary.txt` and so on. */
  readonly logs: Readonly<Record<string, string>>
}

/**
 * Runs a test as MLPerf LoadGen 6 does: the same samples in the same order at the same times, and the same verdict.
 *
 * @example
 * const { result } = await runLoadTest(system, { name: 'noise', total: 64, performance: 64 }, { scenario: 'Server' })
 *
 * Throws `invalid-argument` for impossible settings, and what the system under test throws.
 */
export async function runLoadTest(
  system: SystemUnderTest,
  library: SampleLibrary,
  requested: Partial<TestSettings> = {},
  { clock = monotonicClock }: LoadTestOptions = {},
): Promise<LoadTest> {
  const settings = effectiveSettings(requested, library)
  const begin = clock.now()
  const startedAt = new Date()
  const details: string[] = []
  const note = (entries: readonly DetailEntry[]) => {
    const time = Number(clock.now() - begin)
    for (const entry of entries) details.push(detailLine(entry, time))
  }
  note([
    {
      key: 'loadgen_version',
      value: JSON.stringify(`@flag/perf ${VERSION}, by the rules of LoadGen 6.0.17`),
    },
    { key: 'test_datetime', value: JSON.stringify(startedAt.toISOString().replace(/\.\d+Z$/, 'Z')) },
    { key: 'sut_name', value: JSON.stringify(system.name) },
    { key: 'qsl_name', value: JSON.stringify(library.name) },
    { key: 'qsl_reported_total_count', value: String(library.total) },
    { key: 'qsl_reported_performance_count', value: String(library.performance) },
    ...settingsEntries(settings),
  ])

  const isTimed = settings.mode === 'PerformanceOnly'
  const sets = loadableSets(settings, library.total)
  const keep = accuracySampling(settings)
  const answers: Answer[] = []
  let run: MeasuredRun | undefined
  let firstId = 0
  for (const set of isTimed ? sets.slice(0, 1) : sets) {
    await library.load?.(set.samples)
    const plan = planQueries(settings, set)
    note(planEntries(set, plan))
    const powerBegin = new Date()
    const issued = await issueQueries(system, settings, plan, { clock, firstId, keep })
    run = { settings, systemName: system.name, record: issued.record }
    note([...powerEntries(powerBegin, issued.record.completedNs), ...errorEntries(run)])
    for (const answer of issued.answers) answers.push(answer)
    firstId += issued.record.sample.length
    await library.unload?.(set.samples)
  }
  // There is at least one set: a library without samples is refused.
  const last = run as MeasuredRun
  const result = isTimed ? resultOf(last) : undefined
  if (result) note(resultEntries(last, result))
  return {
    run: last,
    result,
    answers,
    logs: {
      'mlperf_log_summary.txt': summaryLog(last, result),
      'mlperf_log_detail.txt': `${details.join('\n')}\n`,
      'mlperf_log_accuracy.json': accuracyLog(answers),
      'mlperf_log_trace.json': traceLog(last.record, settings.scenario, startedAt.getTime()),
    },
  }
}

/** When power was drawn for the run: what an external power meter's log is cut by. */
function powerEntries(begin: Date, completedNs: readonly number[]): DetailEntry[] {
  const activeNs = completedNs.reduce((latest, time) => Math.max(latest, time), 0)
  const entry = (key: string, time: Date) => ({ key, value: JSON.stringify(powerTime(time)) })
  return [entry('power_begin', begin), entry('power_end', new Date(begin.getTime() + activeNs / 1e6))]
}

/** `MM-DD-YYYY hh:mm:ss.mmm`, UTC. */
function powerTime(time: Date): string {
  const [date, clock] = time.toISOString().slice(0, -1).split('T')
  const [year, month, day] = date.split('-')
  return `${month}-${day}-${year} ${clock}`
}

/** Writes the four log files of a test into a folder, which is made if it is not there. Throws `io`. */
export async function writeLogs(test: Pick<LoadTest, 'logs'>, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const [name, text] of Object.entries(test.logs)) await writeText(join(folder, name), text)
}
