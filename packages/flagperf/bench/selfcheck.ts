// How often `flagperf compare` sees a difference where there is none, and how often it finds one that was put there.
// `npm run bench:perf-selfcheck -- [--comparisons N] [--injected N] [--busy N] [--state FILE] [--fresh] [--write] [--json FILE]`
//
// The subject is a chain of 100 matrix products in one thread, about half a millisecond. The slower one has more
// products: real work, 2, 5 or 10 % of it. `--busy` says how many of each are made while another process keeps the second
// core busy. Comparisons of all kinds are made in random order; each is written to the
// state file when it is done, and a run that was stopped goes on from there.
import { type ChildProcess, fork } from 'node:child_process'
import { appendFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Generator } from '@flag/core-tensor'
import { quantile, sorted, wilsonInterval } from '@flag/core-tensor/statistics'
import { environment, writeResult } from '../../../tools/repo/result.ts'
import { markdownTable, writeSection } from '../../../tools/repo/section.ts'
import { compareSubjects } from '../src/compare/compare.ts'
import type { ComparisonNumbers } from '../src/compare/judge.ts'
import { comparisonPlans } from '../src/compare/plans.ts'
import { saveChain } from '../src/compare/testing/chain.ts'

const { values: options } = parseArgs({
  options: {
    comparisons: { type: 'string', default: '200' },
    injected: { type: 'string', default: '40' },
    busy: { type: 'string', default: '15' },
    state: { type: 'string', default: 'out/perf-selfcheck.jsonl' },
    fresh: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
})
const count = (name: 'comparisons' | 'injected' | 'busy') => {
  const value = Number(options[name])
  if (Number.isSafeInteger(value) && value >= 0) return value
  console.error(`--${name} ${options[name]}: expected a whole number from 0`)
  process.exit(2)
}
const PRODUCTS = 100
const INJECTED = [0, 2, 5, 10]

interface Done
  extends Pick<ComparisonNumbers, 'verdict' | 'ratio' | 'low' | 'high' | 'noiseFloor' | 'clock'> {
  /** Per cent of work that the second subject has more. */
  readonly percent: number
  /** Whether another process kept the second core busy meanwhile. */
  readonly busy: boolean
  readonly seed: number
  readonly waitingShare: number
  readonly milliseconds: number
}

/** What is to be done, in random order, so that no kind has the machine's quiet minutes to itself. */
function planned(): Pick<Done, 'percent' | 'busy' | 'seed'>[] {
  const [same, injected, busy] = [count('comparisons'), count('injected'), count('busy')]
  const kinds = INJECTED.flatMap((percent) => [
    { percent, busy: false, of: percent === 0 ? same : injected },
    { percent, busy: true, of: busy },
  ])
  const all = kinds.flatMap(({ of, ...kind }) => Array.from({ length: of }, (_, seed) => ({ ...kind, seed })))
  const random = new Generator(1)
  return all
    .map((each) => ({ each, key: random.uint32() }))
    .sort((a, b) => a.key - b.key)
    .map(({ each }) => each)
}

const keyOf = ({ percent, busy, seed }: Pick<Done, 'percent' | 'busy' | 'seed'>) =>
  `${percent} ${busy} ${seed}`

async function readState(file: string): Promise<Done[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line))
}

const state = options.state
await mkdir(dirname(state), { recursive: true })
if (options.fresh) await rm(state, { force: true })
const done = new Map((await readState(state)).map((each) => [keyOf(each), each]))
const todo = planned()
const folder = await mkdtemp(join(tmpdir(), 'flagperf-selfcheck-'))
let company: ChildProcess | undefined
try {
  const models = new Map<number, string>()
  for (const percent of INJECTED)
    models.set(percent, await saveChain(folder, (PRODUCTS * (100 + percent)) / 100))
  const subject = (percent: number) => ({ kind: 'model', model: models.get(percent) as string }) as const
  for (const [i, each] of todo.entries()) {
    if (done.has(keyOf(each))) continue
    if (each.busy) company ??= fork(fileURLToPath(new URL('./busy.mjs', import.meta.url)), { execArgv: [] })
    else {
      company?.kill()
      company = undefined
    }
    const start = process.hrtime.bigint()
    const { numbers } = await compareSubjects(subject(0), subject(each.percent), {
      plan: { ...comparisonPlans.quick, seed: 1000 * each.percent + each.seed },
      outputs: false,
    })
    const milliseconds = Number(process.hrtime.bigint() - start) / 1e6
    const { verdict, ratio, low, high, noiseFloor, clock, waitingShare } = numbers
    const record: Done = { ...each, verdict, ratio, low, high, noiseFloor, clock, waitingShare, milliseconds }
    done.set(keyOf(each), record)
    await appendFile(state, `${JSON.stringify(record)}\n`)
    if (process.stderr.isTTY) process.stderr.write(`\r${i + 1} of ${todo.length} `)
  }
} finally {
  company?.kill()
  await rm(folder, { recursive: true })
}
if (process.stderr.isTTY) process.stderr.write('\n')

const percentText = (share: number, digits = 1) => `${(100 * share).toFixed(digits)} %`
const rows = INJECTED.flatMap((percent) =>
  [false, true].flatMap((busy) => {
    const of = todo
      .filter((each) => each.percent === percent && each.busy === busy)
      .map((each) => done.get(keyOf(each)) as Done)
    if (of.length === 0) return []
    const isRight = ({ verdict }: Done) =>
      percent === 0 ? verdict !== 'no difference found' : verdict === 'slower'
    const found = of.filter(isRight).length
    const interval = wilsonInterval(found, of.length)
    const middle = (values: number[]) => quantile(sorted(values), 0.5)
    return [
      {
        percent,
        busy,
        comparisons: of.length,
        found,
        share: found / of.length,
        low: interval.low,
        high: interval.high,
        ratio: middle(of.map(({ ratio }) => ratio)),
        errorP90: quantile(
          sorted(of.map(({ ratio }) => Math.abs(ratio / middle(of.map((x) => x.ratio)) - 1))),
          0.9,
        ),
        noiseFloor: middle(of.map((each) => each.noiseFloor)),
        byProcessorTime: of.filter(({ clock }) => clock === 'cpu').length / of.length,
        seconds: middle(of.map((each) => each.milliseconds)) / 1000,
      },
    ]
  }),
)
const table = markdownTable(
  [
    'the second is slower by',
    'second core',
    'comparisons',
    'called different',
    '95 % interval',
    'median ratio',
    'median noise floor',
    'by processor time',
    's each',
  ],
  rows.map((row) => [
    row.percent === 0 ? '0 (A/A)' : `${row.percent} %`,
    row.busy ? 'busy' : 'as it was',
    String(row.comparisons),
    `${row.found} (${percentText(row.share)})`,
    `${percentText(row.low)} to ${percentText(row.high)}`,
    row.ratio.toFixed(4),
    percentText(row.noiseFloor, 2),
    percentText(row.byProcessorTime, 0),
    row.seconds.toFixed(2),
  ]),
)
console.log(table)
const of = (percent: number) => rows.find((row) => row.percent === percent && !row.busy)
const [same, five] = [of(0), of(5)]
if (options.write)
  await writeSection(
    new URL('../../../docs/benchmarks.md', import.meta.url),
    'perf-selfcheck',
    `\`npm run bench:perf-selfcheck\`, ${environment.date}, Node ${environment.node}, ${environment.processor}, ` +
      `${environment.cores} cores.\n\n${table}`,
  )
await writeResult(options.json, {
  name: 'perf-selfcheck',
  value: five?.share ?? 0,
  unit: 'share of injected slowdowns of 5 % (1 thread) that are found',
  goal: `0.90 or more, with at most 0.05 of A/A comparisons called different (here ${same?.share ?? 'not run'})`,
  spread: five && [five.low, five.high],
  rows,
})
