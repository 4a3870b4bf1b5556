import { type CaseRow, type LoadTest, runCase, runLoadTest, type SystemUnderTest } from '@flag/perf'

// A system under load.
const system: SystemUnderTest = {
  name: 'at once',
  async issueQuery(samples, complete) {
    for (const sample of samples) complete(sample)
  },
}
const settings = { minDurationMs: 0, minQueryCount: 64 } as const
const test: LoadTest = await runLoadTest(system, { name: 'numbers', total: 8, performance: 8 }, settings)
if (test.result?.queryCount !== 64) throw new Error(`64 queries were asked for: ${test.result?.queryCount}`)

// A case in a process of its own, which starts a file that lies beside the bundle.
const spec = { kind: 'base', probe: 'gemm', provider: 'cpu', threads: 1, size: 64, runs: 3 } as const
const row: CaseRow = await runCase('gemm', spec, { timeLimitMs: 60_000, memoryLimitBytes: 2 ** 40 })
if (row.status !== 'ok') throw new Error(`gemm: ${row.status}: ${row.message}`)
console.log('@flag/perf drives a load and measures in a process of its own')
