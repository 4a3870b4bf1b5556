import { describe, expect, test } from 'vitest'
import { type Clock, monotonicClock } from './clock.ts'
import type { SystemUnderTest } from './driver.ts'
import { runLoadTest } from './loadTest.ts'
import { sampleLatencies } from './record.ts'
import { workerSystem } from './workerSystem.ts'

const library = { name: 'numbers', total: 8, performance: 8 }
const moduleOf = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`

/** Time that goes on by a microsecond whenever somebody looks, and a system that is asked whether it is done. */
function askedSystem(serviceNs: (sample: number) => number) {
  let time = 0n
  const clock: Clock = {
    now: () => {
      time += 1000n
      return time
    },
    reaches: (due) => () => clock.now() >= due,
    sleepUntil: () => Promise.reject(new Error('a system that is asked is not slept for')),
    pause: () => Promise.resolve(),
  }
  let free = 0
  let issued = 0
  const waiting: { at: number; done(): void }[] = []
  const system: SystemUnderTest = {
    name: 'asked',
    poll() {
      while (waiting.length > 0 && waiting[0].at <= Number(time)) waiting.shift()?.done()
    },
    issueQuery: (samples, complete) =>
      new Promise((resolve) => {
        free = Math.max(free, Number(time)) + serviceNs(issued++)
        const done = () => {
          for (const sample of samples) complete(sample)
          resolve()
        }
        waiting.push({ at: free, done })
      }),
  }
  return { clock, system }
}

describe('a system that is asked', () => {
  test('its latencies are true to a few microseconds, also after it stood still', async () => {
    const stalled = (sample: number) => (sample === 300 ? 200e6 : 1e6)
    const { clock, system } = askedSystem(stalled)
    const settings = { scenario: 'Server', serverTargetQps: 500, minDurationMs: 1200 } as const
    const { run } = await runLoadTest(system, library, settings, { clock })
    let free = 0
    const truth = run.record.scheduledNs.map((due, i) => {
      free = Math.max(free, due) + stalled(i)
      return free - due
    })
    const latencies = sampleLatencies(run.record)
    // What begins late because the driver looked a little late is carried on to those who wait behind it.
    latencies.forEach((latency, i) => {
      expect(latency).toBeGreaterThanOrEqual(truth[i])
      expect(latency - truth[i]).toBeLessThan(Math.max(20_000, truth[i] * 0.02))
    })
    expect(latencies.filter((latency) => latency > 100e6).length).toBeGreaterThan(40)
  })

  test('single-stream: the next query waits for the answer', async () => {
    const { clock, system } = askedSystem(() => 2e6)
    const { run, result } = await runLoadTest(
      system,
      library,
      { minDurationMs: 200, minQueryCount: 70 },
      { clock },
    )
    expect(result?.valid).toBe(true)
    for (const latency of sampleLatencies(run.record)) expect(Math.abs(latency - 2e6)).toBeLessThan(20_000)
  })

  test('what its asking throws ends the run', async () => {
    const { clock, system } = askedSystem(() => 1e6)
    const broken = {
      ...system,
      poll() {
        throw new Error('no longer there')
      },
    }
    await expect(runLoadTest(broken, library, { minDurationMs: 0 }, { clock })).rejects.toThrow(
      'no longer there',
    )
  })
})

describe('threads over shared memory', () => {
  const settings = { minDurationMs: 0, minQueryCount: 100 }

  test.each<[{ spin: boolean; workers?: number }]>([
    [{ spin: false }],
    [{ spin: true }],
    [{ spin: false, workers: 3 }],
  ])('answer every sample once: %j', async (options) => {
    const system = await workerSystem({
      name: 'sums',
      module: moduleOf(
        'export default ({ n }) => (i) => { if (!(i < n)) throw new Error("no such sample " + i) }',
      ),
      data: { n: 8 },
      ...options,
    })
    const scenario = options.workers ? 'MultiStream' : 'SingleStream'
    const { run } = await runLoadTest(system, library, { ...settings, scenario })
    await system.close()
    expect(run.record.completedNs.length).toBe(options.workers ? 800 : 100)
    for (const latency of sampleLatencies(run.record)) expect(latency).toBeGreaterThan(0)
  })

  test.each([false, true])('the end of a sample is noted in its thread: spin %s', async (spin) => {
    const began = new BigInt64Array(new SharedArrayBuffer(8 * 8))
    const threads = await workerSystem({
      name: 'notes',
      module: moduleOf(
        'export default (began) => (i) => { Atomics.store(began, i, process.hrtime.bigint()) }',
      ),
      data: began,
      spin,
    })
    const heard: { index: number; at: bigint }[] = []
    const samples = Array.from({ length: 8 }, (_, index) => ({ id: index, index }))
    const issued = process.hrtime.bigint()
    const answered = threads.issueQuery(
      samples,
      ({ index }, _data, _tokens, at) => heard.push({ index, at: at as bigint }),
      () => {},
    )
    // The driver looks away until the thread is at its last sample.
    while (Atomics.load(began, 7) === 0n);
    while (spin && heard.length < 8) threads.poll?.()
    await answered
    await threads.close()
    expect(heard.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    for (const { index, at } of heard) {
      expect(at).toBeGreaterThanOrEqual(began[index])
      // Not when the driver looked: before the thread began with the next.
      expect(at).toBeLessThanOrEqual(began[index + 1] ?? process.hrtime.bigint())
    }
    expect(heard[0].at).toBeGreaterThan(issued)
  })

  test.each([
    { spin: false, workers: 1 },
    { spin: true, workers: 1 },
    { spin: false, workers: 3 },
  ])('begin with the queries of Server when they are due: %j', async (options) => {
    const threads = await workerSystem({
      name: 'empty',
      module: moduleOf('export default () => () => {}'),
      ...options,
    })
    const settings = { scenario: 'Server', serverTargetQps: 1000, minDurationMs: 300 } as const
    const { run } = await runLoadTest(threads, library, { ...settings, minQueryCount: 1 })
    await threads.close()
    const { scheduledNs, issuedNs, completedNs } = run.record
    expect(scheduledNs.length).toBeGreaterThan(200)
    scheduledNs.forEach((due, i) => {
      expect(issuedNs[i]).toBeGreaterThanOrEqual(due)
      expect(completedNs[i]).toBeGreaterThan(issuedNs[i])
    })
  })

  test('a time that the driver refuses ends the run', async () => {
    const threads = await workerSystem({
      name: 'threads',
      module: moduleOf('export default () => () => {}'),
    })
    // A clock of its own, which is not the one that the threads have.
    let time = 0n
    const clock: Clock = { ...monotonicClock, now: () => ++time }
    const run = runLoadTest(threads, library, settings, { clock })
    await expect(run).rejects.toThrow('threads says that sample 0 was answered')
    await threads.close()
  })

  test('a thread that ends by itself ends the run', async () => {
    const threads = await workerSystem({
      name: 'leaves',
      module: moduleOf('export default () => (i) => { if (i === 5) process.exit(3) }'),
    })
    await expect(runLoadTest(threads, library, settings)).rejects.toThrow('leaves: a thread ended')
    await threads.close()
  })

  test('a thread that fails: at the start, and at a sample', async () => {
    await expect(
      workerSystem({ name: 'none', module: moduleOf('throw new Error("no model")') }),
    ).rejects.toThrow('none: no model')
    const system = await workerSystem({
      name: 'breaks',
      module: moduleOf(
        'export default async () => async (i) => { if (i === 5) throw new Error("sample 5") }',
      ),
    })
    await expect(runLoadTest(system, library, settings)).rejects.toThrow('breaks: sample 5')
    await system.close()
  })

  test('is told when it is over', async () => {
    const code = `import { parentPort } from 'node:worker_threads'
      export default () => Object.assign(() => {}, { close() { parentPort.postMessage({ error: 'closed' }) } })`
    const system = await workerSystem({ name: 'closes', module: moduleOf(code) })
    await system.close()
    await expect(
      system.issueQuery(
        [{ id: 0, index: 0 }],
        () => {},
        () => {},
      ),
    ).rejects.toThrow('closes: closed')
  })
})
