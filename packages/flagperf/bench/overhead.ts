// What the load generator adds to the latency that it measures.
// `npm run bench:perf-overhead -- [--seconds N] [--rounds N] [--write] [--json FILE]`
//
// The system is a thread that does nothing for exactly one millisecond a sample, at 500 queries a second by a Poisson
// schedule. What is true follows from the schedule and from the times that the system itself noted: a query waits for those
// before it, and then takes a millisecond, or longer where the operating system interrupted the thread.
import { parseArgs } from 'node:util'
import { environment, writeResult } from '../../../tools/repo/result.ts'
import { markdownTable, writeSection } from '../../../tools/repo/section.ts'
import { runLoadTest } from '../src/loadgen/loadTest.ts'
import { type RunRecord, sampleLatencies } from '../src/loadgen/record.ts'
import { latencyStatistics } from '../src/loadgen/result.ts'
import { workerSystem } from '../src/loadgen/workerSystem.ts'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '3' },
    write: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
})
const [seconds, rounds] = [Number(options.seconds), Number(options.rounds)]
if (!(seconds >= 1 && Number.isSafeInteger(rounds) && rounds >= 1)) {
  console.error('--seconds and --rounds: expected numbers from 1')
  process.exit(2)
}
const SERVICE_MS = 1
const QPS = 500
const STALL_MS = 200

/** The latencies of a server to which every query comes when it is due: first come, first served. */
function trueLatencies({ scheduledNs }: RunRecord, tookNs: Float64Array): number[] {
  let free = 0
  return scheduledNs.map((due, i) => {
    free = Math.max(free, due) + tookNs[i]
    return free - due
  })
}

async function measure(spin: boolean, stall?: { sample: number; milliseconds: number }) {
  const took = new Float64Array(new SharedArrayBuffer(8 * 4 * QPS * (seconds + 10)))
  const system = await workerSystem({
    name: 'busy wait',
    module: new URL('./busyWait.mjs', import.meta.url).href,
    data: { milliseconds: SERVICE_MS, stall, took: took.buffer },
    spin,
  })
  try {
    const { run } = await runLoadTest(
      system,
      { name: 'numbers', total: 64, performance: 64 },
      { scenario: 'Server', serverTargetQps: QPS, minDurationMs: seconds * 1000, minQueryCount: 1 },
    )
    const measured = sampleLatencies(run.record)
    return { measured, truth: trueLatencies(run.record, took) }
  } finally {
    await system.close()
  }
}

function row(what: string, { measured, truth }: Awaited<ReturnType<typeof measure>>) {
  const of = (values: number[]) => {
    const { mean, percentiles: at } = latencyStatistics(values.map(Math.round), 0.9)
    return { mean: mean / 1e6, p50: at[0] / 1e6, p90: at[1] / 1e6, p99: at[4] / 1e6 }
  }
  const added = latencyStatistics(
    measured.map((ns, i) => Math.round(ns - truth[i])),
    0.9,
  )
  return {
    what,
    queries: measured.length,
    measured: of(measured),
    truth: of(truth),
    addedMedianUs: added.percentiles[0] / 1e3,
    added99Us: added.percentiles[4] / 1e3,
  }
}

const rows: ReturnType<typeof row>[] = []
for (let round = 1; round <= rounds; round++) {
  rows.push(row(`spinning, round ${round}`, await measure(true)))
  rows.push(row(`woken, round ${round}`, await measure(false)))
}
const stalled = row(
  `spinning, one query of ${STALL_MS} ms`,
  await measure(true, { sample: QPS / 2, milliseconds: STALL_MS }),
)
rows.push(stalled)

const ms = (value: number) => value.toFixed(3)
const table = markdownTable(
  ['threads', 'queries', 'p50 ms: measured, true', 'p90', 'p99', 'mean', 'added µs: median, p99'],
  rows.map(({ what, queries, measured, truth, addedMedianUs, added99Us }) => [
    what,
    String(queries),
    `${ms(measured.p50)}, ${ms(truth.p50)}`,
    `${ms(measured.p90)}, ${ms(truth.p90)}`,
    `${ms(measured.p99)}, ${ms(truth.p99)}`,
    `${ms(measured.mean)}, ${ms(truth.mean)}`,
    `${addedMedianUs.toFixed(1)}, ${added99Us.toFixed(1)}`,
  ]),
)
console.log(table)
const errors = rows
  .filter(({ what }) => what.startsWith('spinning, round'))
  .map(({ measured, truth }) => measured.p50 / truth.p50 - 1)
const sorted = [...errors].sort((a, b) => a - b)
const middle = sorted[Math.floor(sorted.length / 2)]
if (options.write)
  await writeSection(
    new URL('../../../docs/benchmarks.md', import.meta.url),
    'perf-overhead',
    `\`npm run bench:perf-overhead\`, ${environment.date}, Node ${environment.node}, ${environment.processor}, ` +
      `${environment.cores} cores. ${QPS} queries a second, Poisson, a system of ${SERVICE_MS} ms.\n\n${table}`,
  )
await writeResult(options.json, {
  name: 'perf-overhead',
  value: middle,
  unit: 'error of the median latency of a 1 ms system at 500 queries a second, as a share',
  goal: 'within 0.02 of 0',
  spread: [sorted[0], sorted[sorted.length - 1]],
  rows,
})
