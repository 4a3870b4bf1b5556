import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { monotonicClock } from './clock.ts'
import type { SystemUnderTest } from './driver.ts'
import { runLoadTest, writeLogs } from './loadTest.ts'
import { sampleLatencies } from './record.ts'
import type { TestSettings } from './settings.ts'
import { VirtualClock, waitingSystem } from './testing/virtualClock.ts'

const library = { name: 'numbers', total: 64, performance: 64 }

function virtual(serviceMs: (startMs: number) => number, settings: Partial<TestSettings>) {
  const clock = new VirtualClock()
  return runLoadTest(waitingSystem(clock, serviceMs), library, settings, { clock })
}

/** Hears of every answer a whole millisecond late; the system says when it was. `said` makes of the true time what is told. */
function toldLate(clock: VirtualClock, said: (at: bigint, issued: bigint) => bigint): SystemUnderTest {
  return {
    name: 'told late',
    async issueQuery(samples, complete) {
      const issued = clock.now()
      const at = issued + 2_000_000n
      await clock.sleepUntil(at + 1_000_000n)
      for (const sample of samples) complete(sample, undefined, undefined, said(at, issued))
    },
  }
}

test('a completion with a time of its own is recorded at that time, whenever the driver hears of it', async () => {
  const clock = new VirtualClock()
  const settings = { minDurationMs: 0, minQueryCount: 100 } as const
  const { run } = await runLoadTest(
    toldLate(clock, (at) => at),
    library,
    settings,
    { clock },
  )
  expect(sampleLatencies(run.record)).toEqual(Array(100).fill(2e6))
  // The next query waits until the driver has heard.
  expect(run.record.issuedNs.slice(0, 3)).toEqual([0, 3e6, 6e6])
  // The ends of what is possible: at once, and now.
  for (const latency of [0, 3e6]) {
    const ends = toldLate(clock, (_, issued) => issued + BigInt(latency))
    const { run } = await runLoadTest(ends, library, settings, { clock })
    expect(new Set(sampleLatencies(run.record))).toEqual(new Set([latency]))
  }
})

test.each([
  ['before its issue', (_: bigint, issued: bigint) => issued - 1n, 'answered 1 ns before it was issued'],
  ['in the future', (at: bigint) => at + 1_000_005n, 'answered 5 ns in the future'],
])('a completion %s is refused', async (_, said, message) => {
  const clock = new VirtualClock()
  const run = runLoadTest(toldLate(clock, said), library, { minDurationMs: 0 }, { clock })
  await expect(run).rejects.toThrow(`told late says that sample 0 was ${message}`)
})

/** Starts queries when they are due by itself, and notes how early it got them. */
function aheadSystem(clock: VirtualClock, early: (bigint | undefined)[]): SystemUnderTest {
  let free = 0n
  return {
    name: 'ahead',
    aheadNs: 20e6,
    async issueQuery(samples, complete) {
      const now = clock.now()
      const due = samples[0].due ?? now
      early.push(samples[0].due && due - now)
      free = (free > due ? free : due) + 1_000_000n
      const at = free
      await clock.sleepUntil(at)
      for (const sample of samples) complete(sample, undefined, undefined, at)
    },
  }
}

test('a system that takes queries ahead is on time, though the driver sleeps too long', async () => {
  const clock = new VirtualClock()
  const late = { ...clock, sleepUntil: (time: bigint) => clock.sleepUntil(time + 7_000_000n) }
  const early: (bigint | undefined)[] = []
  const settings = { scenario: 'Server', serverTargetQps: 500, minDurationMs: 2000 } as const
  const { run } = await runLoadTest(aheadSystem(clock, early), library, settings, { clock: late })
  const { scheduledNs, issuedNs } = run.record
  early.forEach((ns, i) => {
    expect(ns).toBeLessThanOrEqual(20_000_000n)
    // Half of what is allowed, less the seven milliseconds; the first are due at once.
    if (scheduledNs[i] > 20e6) expect(ns).toBeGreaterThanOrEqual(3_000_000n)
  })
  expect(issuedNs).toEqual(scheduledNs)
  let free = 0
  const truth = scheduledNs.map((due) => {
    free = Math.max(free, due) + 1e6
    return free - due
  })
  expect(sampleLatencies(run.record)).toEqual(truth)
})

test.each([{ serverCoalesceQueries: true }, { serverMaxAsyncQueries: 1000 }, { scenario: 'SingleStream' }])(
  'nothing is taken ahead with %j',
  async (setting) => {
    const clock = new VirtualClock()
    const early: (bigint | undefined)[] = []
    const settings = {
      scenario: 'Server',
      serverTargetQps: 500,
      minDurationMs: 100,
      minQueryCount: 1,
    } as const
    const asked = { ...settings, ...(setting as Partial<TestSettings>) }
    const { run } = await runLoadTest(aheadSystem(clock, early), library, asked, { clock })
    expect(early).toEqual(Array(early.length).fill(undefined))
    expect(early.length).toBeGreaterThan(20)
    for (const latency of sampleLatencies(run.record)) expect(latency).toBeGreaterThanOrEqual(1e6)
  },
)

test('a server that stands still for 200 ms shows it in the tail, though few queries started meanwhile', async () => {
  const stall = (startMs: number) => (startMs >= 1000 && startMs < 1001.5 ? 200 : 1)
  const settings = { scenario: 'Server', serverTargetQps: 500, minDurationMs: 2000 } as const
  const { run, result } = await virtual(stall, settings)
  const latencies = sampleLatencies(run.record)
  // Everything that was due during the stall waited for its end, and then for the queue to drain: about 500/s x 0.2 s.
  const waited = latencies.filter((latency) => latency > 50e6).length
  expect(waited).toBeGreaterThan(80)
  expect(result?.sampleLatency.max).toBeGreaterThanOrEqual(200e6)
  expect(result?.sampleLatency.percentiles[2]).toBeGreaterThan(100e6)
  // The schedule does not wait for the system.
  run.record.issuedNs.forEach((issued, i) => {
    expect(issued).toBe(run.record.scheduledNs[i])
  })
})

test('tokens: the first counts from when a sample was due, the others from the first', async () => {
  const clock = new VirtualClock()
  const settings = {
    scenario: 'Server',
    useTokenLatencies: true,
    serverTargetQps: 100,
    minDurationMs: 2000,
    serverTtftLatencyNs: 4e6,
    serverTpotLatencyNs: 2e6,
  } as const
  const system = (tokens: number, withFirst = true): SystemUnderTest => ({
    name: 'generates',
    async issueQuery(samples, complete, firstToken) {
      await clock.sleepUntil(clock.now() + 3_000_000n)
      if (withFirst) for (const sample of samples) firstToken(sample)
      await clock.sleepUntil(clock.now() + 8_000_000n)
      for (const sample of samples) complete(sample, undefined, tokens)
    },
  })
  const { result, logs } = await runLoadTest(system(5), library, settings, { clock })
  const tokens = result?.tokens
  expect([tokens?.ttft?.max, tokens?.tpot?.max, tokens?.count]).toEqual([
    3e6,
    2e6,
    5 * (result?.sampleCount ?? 0),
  ])
  expect(result?.performanceConstraintsMet).toBe(true)
  expect(logs['mlperf_log_summary.txt']).toContain('99.90 percentile time to output token (ns)   : 2000000')
  // Two tokens are too slow, though their whole answer takes as long.
  const slow = await runLoadTest(system(2), library, settings, { clock })
  expect(slow.result?.recommendations).toEqual([
    'TPOT constrain not met: Reduce target QPS to improve latency.',
  ])
  await expect(runLoadTest(system(1), library, settings, { clock })).rejects.toThrow(/with 1 tokens/)
  await expect(runLoadTest(system(5, false), library, settings, { clock })).rejects.toThrow(
    /without its first token/,
  )
  // Times of its own: heard of together, told apart.
  const own = (firstMs: bigint, endMs: bigint): SystemUnderTest => ({
    name: 'generates',
    async issueQuery(samples, complete, firstToken) {
      const issued = clock.now()
      await clock.sleepUntil(issued + 20_000_000n)
      for (const sample of samples) {
        firstToken(sample, issued + firstMs * 1_000_000n)
        complete(sample, undefined, 3, issued + endMs * 1_000_000n)
      }
    },
  })
  const { result: told } = await runLoadTest(own(2n, 6n), library, settings, { clock })
  expect([told?.tokens?.ttft?.max, told?.tokens?.tpot?.max]).toEqual([2e6, 2e6])
  await expect(runLoadTest(own(7n, 6n), library, settings, { clock })).rejects.toThrow(
    /before its first token/,
  )
})

test('a system that is slower than the load builds a queue, and the run is invalid', async () => {
  const { result } = await virtual(() => 3, { scenario: 'Server', serverTargetQps: 500, minDurationMs: 1000 })
  expect(result).toMatchObject({ valid: false, performanceConstraintsMet: false, minDurationMet: true })
  expect(result?.recommendations).toContain('Reduce target QPS to improve latency.')
})

test('single-stream asks one after the other until both time and count are reached', async () => {
  const { run, result } = await virtual(() => 2, { scenario: 'SingleStream', minDurationMs: 500 })
  expect(result).toMatchObject({ valid: true, queryCount: 251, samplesPerSecond: 500 })
  expect(run.record.issuedNs.at(-1)).toBe(500e6)
  expect(new Set(sampleLatencies(run.record))).toEqual(new Set([2e6]))
})

test('multi-stream judges the latency of queries of eight', async () => {
  const { run, result } = await virtual(() => 4, {
    scenario: 'MultiStream',
    minDurationMs: 100,
    minQueryCount: 662,
  })
  expect(result).toMatchObject({ valid: true, queryCount: 662, sampleCount: 662 * 8 })
  expect(result?.queryLatency?.target).toBe(4e6)
  expect(run.record.query.slice(0, 9)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1])
})

test('offline sends one query and counts its samples by the second', async () => {
  const settings = { scenario: 'Offline', minDurationMs: 1000, offlineExpectedQps: 500 } as const
  const { result } = await virtual(() => 1100, settings)
  expect(result).toMatchObject({ valid: true, queryCount: 1, sampleCount: 550 })
  expect(result?.samplesPerSecond).toBeCloseTo(500, 9)
})

test('queries that are due together can be sent as one', async () => {
  const sizes: number[] = []
  const clock = new VirtualClock()
  const waiting = waitingSystem(clock, () => 1)
  const system: SystemUnderTest = {
    name: 'counts',
    issueQuery(samples, complete) {
      sizes.push(samples.length)
      return waiting.issueQuery(samples, complete, () => {})
    },
  }
  // Gaps of less than a nanosecond are none.
  const settings = { scenario: 'Server', serverTargetQps: 1e9, minDurationMs: 0, minQueryCount: 500 } as const
  const { run } = await runLoadTest(system, library, { ...settings, serverCoalesceQueries: true }, { clock })
  expect(sizes.reduce((a, b) => a + b)).toBe(500)
  expect(sizes.length).toBe(new Set(run.record.scheduledNs).size)
  expect(sizes.length).toBeLessThan(500)
  expect(run.record.queryCount).toBe(500)
})

test('an accuracy run asks for every sample once', async () => {
  const settings = {
    scenario: 'SingleStream',
    mode: 'AccuracyOnly',
    performanceSampleCountOverride: 20,
  } as const
  const { answers, logs, result } = await virtual(() => 1, settings)
  expect(result).toBeUndefined()
  expect(answers.map(({ index }) => index).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 64 }, (_, i) => i),
  )
  expect(answers.map(({ id }) => id)).toEqual(Array.from({ length: 64 }, (_, i) => i))
  const log = JSON.parse(logs['mlperf_log_accuracy.json'])
  for (const { qsl_idx, data } of log) expect(Number.parseInt(data, 16)).toBe(qsl_idx)
})

test('the end of a run that was not natural is an error in the log', async () => {
  const most = await virtual(() => 1, { minDurationMs: 500, maxQueryCount: 30 })
  expect(most.run.record.errors[0].message).toBe(
    'IssueQueryThread 0 Ending early: Max query count reached. query_count 30',
  )
  expect(most.logs['mlperf_log_summary.txt']).toContain('1 ERROR encountered. See detailed log.')
  const ranOut = await virtual(() => 1, {
    minDurationMs: 500,
    minQueryCount: 1,
    singleStreamExpectedLatencyNs: 50e6,
  })
  expect(ranOut.run.record.errors[0].message).toMatch(/^Ending early: Ran out of generated queries/)
  expect(ranOut.result?.recommendations).toEqual([
    'Decrease the expected latency so the loadgen pre-generates more queries.',
  ])
  const long = await virtual(() => 7, { minDurationMs: 500, maxDurationMs: 20 })
  expect(long.run.record.errors[0].message).toBe(
    'IssueQueryThread 0 Ending early: Max test duration reached. duration_ns 21000000',
  )
  const settings = {
    scenario: 'Server',
    serverTargetQps: 1000,
    minDurationMs: 500,
    serverMaxAsyncQueries: 4,
  } as const
  const late = await virtual(() => 100, settings)
  expect(late.run.record.errors[0].message).toMatch(/Too many outstanding queries. issued 5 outstanding 5$/)
})

test('a system that fails ends the run', async () => {
  const failing = (issueQuery: SystemUnderTest['issueQuery']) =>
    runLoadTest({ name: 'broken', issueQuery }, library, { minDurationMs: 0 }, { clock: new VirtualClock() })
  await expect(failing(() => Promise.reject(new Error('no memory')))).rejects.toThrow('no memory')
  await expect(failing(async () => {})).rejects.toThrow('broken did not complete 1 samples of a query')
  await expect(
    failing(async ([sample], complete) => {
      complete({ ...sample, id: 1e6 })
    }),
  ).rejects.toThrow('never issued: 1000000')
})

test('a sample that is completed twice counts once, as an error', async () => {
  const system: SystemUnderTest = {
    name: 'twice',
    async issueQuery(samples, complete) {
      for (const sample of [...samples, ...samples]) complete(sample)
    },
  }
  const { run } = await runLoadTest(
    system,
    library,
    { minDurationMs: 0, minQueryCount: 3 },
    { clock: new VirtualClock() },
  )
  expect(run.record.sample.length).toBe(3)
  expect(run.record.errors.map(({ message }) => message)).toEqual(
    Array(3).fill('Attempted to complete a sample twice.'),
  )
})

test.each([
  [{ serverTargetQps: 0 }, /serverTargetQps is 0, expected a number above 0/],
  [{ minDurationMs: -1 }, /minDurationMs is -1/],
  [{ singleStreamTargetLatencyPercentile: 90 }, /expected a share between 0 and 1/],
  [{ performanceIssueUnique: true, performanceIssueSame: true }, /cannot both/],
  [{ performanceIssueSame: true, performanceIssueSameIndex: 64 }, /only 64 samples are loaded/],
  [{ multiStreamSamplesPerQuery: 0.5 }, /whole number from 1/],
] as const)('refuses %j', async (settings, message) => {
  await expect(virtual(() => 1, settings)).rejects.toThrow(message)
})

test('the clock of the machine does not wake early', async () => {
  const start = monotonicClock.now()
  await monotonicClock.sleepUntil(start + 3_000_000n)
  expect(monotonicClock.now()).toBeGreaterThanOrEqual(start + 3_000_000n)
})

test('writes the four files of LoadGen', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'flagperf-'))
  const test = await virtual(() => 2, { scenario: 'Server', serverTargetQps: 100, minDurationMs: 100 })
  await writeLogs(test, join(folder, 'logs'))
  expect((await readdir(join(folder, 'logs'))).sort()).toEqual([
    'mlperf_log_accuracy.json',
    'mlperf_log_detail.txt',
    'mlperf_log_summary.txt',
    'mlperf_log_trace.json',
  ])
  const detail = await readFile(join(folder, 'logs/mlperf_log_detail.txt'), 'utf8')
  for (const line of detail.trimEnd().split('\n')) {
    expect(line.startsWith(':::MLLOG ')).toBe(true)
    expect(Object.keys(JSON.parse(line.slice(9)))).toEqual([
      'key',
      'value',
      'time_ms',
      'namespace',
      'event_type',
      'metadata',
    ])
  }
  const trace = JSON.parse(await readFile(join(folder, 'logs/mlperf_log_trace.json'), 'utf8'))
  const begun = trace.traceEvents.filter((event: { ph: string }) => event.ph === 'b')
  expect(begun[0].args).toEqual({
    sample_seq: 0,
    query_seq: 0,
    sample_idx: test.run.record.sample[0],
    issue_start_ns: 0,
    complete_ns: 2e6,
  })
  expect(trace.traceEvents.at(-1)).toEqual({ name: 'LastTrace' })
  await rm(folder, { recursive: true })
})
