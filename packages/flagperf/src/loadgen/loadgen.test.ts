import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { accuracyLog, accuracySampling } from './accuracyLog.ts'
import { errorEntries, planEntries, resultEntries, settingsEntries } from './detailLog.ts'
import { loadableSets, planQueries } from './queries.ts'
import type { MeasuredRun } from './record.ts'
import { resultOf } from './result.ts'
import { effectiveSettings, type Mode, type Scenario, type TestSettings } from './settings.ts'
import { summaryLog } from './summaryLog.ts'

/** A run of the real LoadGen; see tools/oracles/loadgen.py. */
interface Golden {
  name: string
  scenario: Scenario
  mode: Mode
  total: number
  performance: number
  settings: Record<string, number | string | boolean>
  loaded: number[][]
  issued: number[][]
  times: [query: number, scheduled: number, issued: number, completed: number][]
  detail: [key: string, value: unknown][]
  summary: string
  accuracy: string
  /** When the first token was there, after the sample was due. */
  first_tokens?: number[]
}

const goldensIn = (name: string): Golden[] =>
  JSON.parse(readFileSync(new URL(`../../goldens/loadgen/${name}.json`, import.meta.url), 'utf8'))
// Whole numbers beyond 2^53 are texts in the file.
const goldens = [...goldensIn('runs'), ...goldensIn('tokens')]

/** The Python binding's own names of two settings. */
const renamed: Readonly<Record<string, string>> = {
  ttft_latency: 'server_ttft_latency_ns',
  tpot_latency: 'server_tpot_latency_ns',
}
const camelCase = (name: string) =>
  (renamed[name] ?? name).replace(/_(\w)/g, (_, letter) => letter.toUpperCase())

function settingsOf({ scenario, mode, total, performance, settings }: Golden) {
  const given = Object.entries(settings).map(([name, value]) => [
    camelCase(name),
    name.endsWith('_seed') ? BigInt(value as string) : value,
  ])
  const requested: Partial<TestSettings> = { scenario, mode, ...Object.fromEntries(given) }
  return effectiveSettings(requested, { total, performance })
}

/** The recorded times as a run of ours. The first query of a stream starts the clock: LoadGen's own is a little earlier. */
function runOf(golden: Golden): MeasuredRun {
  const { times, issued } = golden
  const scenario = golden.scenario
  const settings = settingsOf(golden)
  const { queries } = planQueries(settings, loadableSets(settings, golden.total)[0])
  // The schedule is exact; the trace is relative to the first query. Later sets of an accuracy run are not timed.
  const due = times.map(([query, scheduled]) =>
    scenario === 'Server' ? (queries[query]?.scheduledNs ?? scheduled) : scheduled,
  )
  return {
    settings,
    systemName: 'PySUT',
    record: {
      queryCount: new Set(times.map(([query]) => query)).size,
      query: times.map(([query]) => query),
      sample: issued.flat(),
      scheduledNs: due,
      issuedNs: times.map(([, , issuedAfter], i) => due[i] + issuedAfter),
      completedNs: times.map(([, , , completed], i) => due[i] + completed),
      ...(golden.first_tokens && {
        tokens: issued.flat().map((index) => 2 + (index % 5)),
        ...(scenario !== 'Offline' && { firstTokenNs: golden.first_tokens.map((ns, i) => due[i] + ns) }),
      }),
      errors: golden.detail
        .filter(([key]) => key.startsWith('error_'))
        .map(([key, message]) => ({ key, message: message as string })),
    },
  }
}

const asText = (value: unknown) => (typeof value === 'number' ? String(value) : value)

describe.each(goldens.map((golden) => [golden.name, golden] as const))('LoadGen: %s', (_, golden) => {
  const settings = settingsOf(golden)
  const sets = loadableSets(settings, golden.total)

  test('loads the same sets and asks for the same samples', () => {
    const used = golden.mode === 'AccuracyOnly' ? sets : sets.slice(0, 1)
    expect(used.map(({ samples }) => samples)).toEqual(golden.loaded)
    const planned = used.flatMap((set) => planQueries(settings, set).queries)
    const asked = golden.issued.flat()
    expect(asked.length).toBeGreaterThan(0)
    expect(planned.flatMap(({ samples }) => samples).slice(0, asked.length)).toEqual(asked)
  })

  if (golden.scenario === 'Server' && golden.mode === 'PerformanceOnly')
    test('has the same schedule', () => {
      const { queries } = planQueries(settings, sets[0])
      const [first] = golden.times
      for (const [query, scheduled] of golden.times)
        expect(scheduled).toBe(queries[query].scheduledNs - queries[first[0]].scheduledNs)
    })

  test('writes the same settings, plan and results to the detail log', () => {
    const run = runOf(golden)
    const plans = (golden.mode === 'AccuracyOnly' ? sets : sets.slice(0, 1)).flatMap((set) =>
      planEntries(set, planQueries(settings, set)),
    )
    const results =
      golden.mode === 'AccuracyOnly' ? [] : [...errorEntries(run), ...resultEntries(run, resultOf(run))]
    const ours = [...settingsEntries(settings), ...plans, ...results].map(({ key, value }) => [
      key,
      /^\d{16,}$/.test(value) ? value : JSON.parse(value),
    ])
    // The order among errors, plan and results depends on threads in LoadGen; ours is the order of events.
    expect(ours.map(([key]) => key)).toEqual(golden.detail.map(([key]) => key))
    const expected = new Map(golden.detail)
    for (const [key, value] of ours) {
      if (key === 'loaded_qsl_set' || key.startsWith('generated_')) continue
      if (
        /^result_((qps|token_throughput)_with_loadgen_overhead|completed_tokens_per_second)$/.test(
          key as string,
        )
      )
        expect(value).toBeCloseTo(expected.get(key) as number, -Math.log10((value as number) * 2e-4))
      else expect([key, asText(value)]).toEqual([key, asText(expected.get(key))])
    }
  })

  test('writes the same summary', () => {
    const run = runOf(golden)
    const result = golden.mode === 'AccuracyOnly' ? undefined : resultOf(run)
    // LoadGen warns when the two clocks of its machine drift apart; we read only one.
    const comparable = (text: string) =>
      text.replace(/QPS w\/ loadgen overhead.*/, '').replace(/\n.* warnings? encountered.*/, '')
    expect(comparable(summaryLog(run, result))).toBe(comparable(golden.summary))
  })

  test('keeps the same answers in the accuracy log', () => {
    const keep = accuracySampling(settings)
    const answers = golden.issued.flat().flatMap((index, id) => {
      const data = new Uint8Array(Uint32Array.of(index).buffer)
      return keep(id) ? [{ id, index, data }] : []
    })
    expect(accuracyLog(answers)).toBe(golden.accuracy)
  })
})
