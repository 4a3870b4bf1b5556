// What the load generator adds to the latency that it measures.
// `npm run bench:perf-overhead -- [--seconds N] [--rounds N] [--write] [--json FILE]`
//
// The system is a thread that does nothing for exactly one millisecond a sample, at 500 queries a second by a Poisson
// schedule. What is true follows from the schedule and from the times that the system itself noted: a query waits for those
// before it, and then takes a millisecond, or longer where the operating system interrupted the thread. All else is ours:
// that the driver hands a query over after it was due, and that the thread, though free, begins later than that.
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
    const { scheduledNs, issuedNs, completedNs } = run.record
    const began = completedNs.map((end, i) => end - took[i])
    return {
      measured: sampleLatencies(run.record),
      truth: trueLatencies(run.record, took),
      issuedLate: issuedNs.map((issued, i) => issued - scheduledNs[i]),
      begunLate: began.map((begin, i) => begin - Math.max(issuedNs[i], completedNs[i - 1] ?? 0)),
    }
  } finally {
    await system.close()
  }
}

const ofNs = (values: number[]) => latencyStatistics(values.map(Math.round), 0.9)

function row(what: string, { measured, truth, issuedLate, begunLate }: Awaited<ReturnType<typeof measure>>) {
  const inMs = (values: number[]) => {
    const { mean, percentiles: at } = ofNs(values)
    return { mean: mean / 1e6, p50: at[0] / 1e6, p90: at[1] / 1e6, p99: at[4] / 1e6 }
  }
  const inUs = (values: number[]) => {
    const { percentiles: at } = ofNs(values)
    return { p50: at[0] / 1e3, p90: at[1] / 1e3, p99: at[4] / 1e3 }
  }
  return {
    what,
    queries: measured.length,
    measured: inMs(measured),
    truth: inMs(truth),
    addedUs: inUs(measured.map((ns, i) => ns - truth[i])),
    issuedLateUs: inUs(issuedLate),
    begunLateUs: inUs(begunLate),
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
const us = ({ p50, p90, p99 }: (typeof stalled)['addedUs']) =>
  [p50, p90, p99].map((value) => value.toFixed(1)).join(', ')
const error = ({ measured, truth }: typeof stalled) => measured.p50 / truth.p50 - 1
const table = markdownTable(
  [
    'threads',
    'queries',
    'p50 ms: measured, true',
    'error',
    'p90',
    'p99',
    'mean',
    'added µs: p50, p90, p99',
    'handed over late µs',
    'begun late µs',
  ],
  rows.map((row) => {
    const { what, queries, measured, truth } = row
    const both = (key: 'p50' | 'p90' | 'p99' | 'mean') => `${ms(measured[key])}, ${ms(truth[key])}`
    return [
      what,
      String(queries),
      both('p50'),
      `${(100 * error(row)).toFixed(1)} %`,
      both('p90'),
      both('p99'),
      both('mean'),
      us(row.addedUs),
      us(row.issuedLateUs),
      us(row.begunLateUs),
    ]
  }),
)
console.log(table)
const errors = rows.filter(({ what }) => what.startsWith('spinning, round')).map(error)
const sorted = [...errors].sort((a, b) => a - b)
const middle = sorted[Math.floor(sorted.length / 2)]
if (options.write)
  await writeSection(
    new URL('../../../docs/benchmarks.md', import.meta.url),
    'perf-overhead',
    `\`npm run bench:perf-overhead\`, ${environment.date}, Node ${environment.node}, ${environment.processor}, ` +
      `${environment.cores} cores. ${QPS} queries a second, Poisson, a system of ${SERVICE_MS} ms. Error of the median with ` +
      `threads that spin: ${(100 * middle).toFixed(1)} % (goal: within 2 %).\n\n${table}`,
  )
await writeResult(options.json, {
  name: 'perf-overhead',
  value: middle,
  unit: 'error of the median latency of a 1 ms system at 500 queries a second, as a share',
  goal: 'within 0.02 of 0',
  spread: [sorted[0], sorted[sorted.length - 1]],
  rows,
})
