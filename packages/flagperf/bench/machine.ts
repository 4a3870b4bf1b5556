// What this machine reaches, and where real models are under its roof.
//   npm run bench:perf-machine -- [--tier quick|normal] [--provider cpu,webgpu] [--result FILE] [--json FILE] [--write]
// `--result` writes the result file with all raw samples, of which `flagperf report` makes a page. `--models FILE` takes a list of
// models (as tools/perf/models.ts gives it) instead of making it; `--operators` also measures FlagPerf's operators; `--seconds` ends early.
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { parseArgs } from 'node:util'
import {
  type BaseSpec,
  type CaseRow,
  type CaseSpec,
  ceilingsOf,
  environment,
  findAdapter,
  type ModelSpec,
  modelNumbers,
  type ResultFile,
  runCase,
  startBackground,
  type Tier,
  toMarkdown,
} from '@flag/perf'
import type { BenchModel } from '../../../tools/perf/models.ts'
import { writeResult, environment as writtenBy } from '../../../tools/repo/result.ts'
import { markdownTable, writeSection } from '../../../tools/repo/section.ts'

const { values: options } = parseArgs({
  options: {
    tier: { type: 'string', default: 'normal' },
    provider: { type: 'string', default: 'cpu' },
    threads: { type: 'string' },
    models: { type: 'string' },
    operators: { type: 'string' },
    seconds: { type: 'string', default: '3600' },
    result: { type: 'string' },
    json: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
})
const tier = options.tier as Tier
const threads = Number(options.threads ?? availableParallelism())
const load = {
  quick: { runs: 10, queries: 64, seconds: 1 },
  normal: { runs: 40, queries: 1000, seconds: 20 },
}[tier as 'quick' | 'normal']
if (!load) throw new Error(`--tier ${tier}: expected quick or normal`)
const end = Date.now() + 1000 * Number(options.seconds)

const folder = await mkdtemp(join(tmpdir(), 'flagperf-bench-'))
const monitors = await startBackground()
const rows: CaseRow[] = []
let left = 0

/** Measures one case, unless the time is up. */
async function run(name: string, spec: CaseSpec): Promise<CaseRow | undefined> {
  const remaining = end - Date.now()
  if (remaining < 2000) {
    left++
    return undefined
  }
  const row = await runCase(name, spec, {
    timeLimitMs: Math.min(600_000, remaining),
    memoryLimitBytes: 2 ** 36,
    monitors,
  })
  rows.push(row)
  console.error(`${name}: ${row.status}${row.message ? `: ${row.message.slice(0, 160)}` : ''}`)
  return row
}

async function models(): Promise<readonly BenchModel[]> {
  if (!options.models) return (await import('../../../tools/perf/models.ts')).benchModels(folder)
  const list = JSON.parse(await readFile(options.models, 'utf8')) as BenchModel[]
  const place = dirname(options.models)
  return list.map((model) => ({
    ...model,
    file: isAbsolute(model.file) ? model.file : join(place, model.file),
  }))
}

try {
  const list = await models()
  for (const name of options.provider.split(',')) {
    const { provider, sessionOptions, ceilings } = await findAdapter(name)
    const where = { provider, providerOptions: sessionOptions({}) }
    const base: CaseRow[] = []
    for (const ceiling of ceilings(tier)) {
      // The cost of a node is that of one thread.
      const own = ceiling.probe === 'launch' ? 1 : threads
      const spec: BaseSpec = { kind: 'base', ...where, ...ceiling, threads: own, runs: load.runs }
      const row = await run(
        `${name} ${ceiling.probe} ${ceiling.dtype ?? ''} ${ceiling.size}`.replace('  ', ' '),
        spec,
      )
      if (row) base.push(row)
    }
    for (const { name: model, file, sizes } of list) {
      const spec: ModelSpec = {
        kind: 'model',
        ...where,
        threads,
        model: file,
        sizes,
        fill: {},
        settings: {
          scenario: 'SingleStream',
          minQueryCount: load.queries,
          minDurationMs: 1000 * load.seconds,
        },
        profiledRuns: load.runs,
        ceilings: ceilingsOf(base),
      }
      await run(`${name} ${model}`, spec)
    }
    for (const operator of options.operators?.split(',') ?? []) {
      const [op, dtype = 'float32', size = '2048'] = operator.split(':')
      const spec = {
        kind: 'op',
        from: 'flagperf',
        operator: op,
        dtype: dtype as 'float32',
        size: Number(size),
        ...where,
        threads,
        runs: load.runs,
      } as const
      await run(`${name} ${op} ${dtype} ${size}`, spec)
    }
    const [heaviest] = list.filter(({ batch }) => batch > 1)
    if (heaviest) {
      const open = { model: heaviest.file, sizes: heaviest.sizes, fill: {}, threads, ...where }
      await run(`${name} energy ${heaviest.name}`, {
        kind: 'energy',
        ...open,
        seconds: 6 * load.seconds,
        idleSeconds: 2 * load.seconds,
      })
    }
  }
} finally {
  monitors.stop()
  await rm(folder, { recursive: true, force: true })
}

const result: ResultFile = {
  schema: 'flagperf/1',
  createdAt: new Date().toISOString(),
  environment: environment(),
  cases: rows,
}
if (options.result) {
  await writeFile(`${options.result}.part`, `${JSON.stringify(result)}\n`)
  await rename(`${options.result}.part`, options.result)
}
console.log(toMarkdown(result))
if (left > 0) console.log(`${left} cases were left out: the time was up.`)

const percent = (share: number | null) => (share === null ? '–' : `${(100 * share).toFixed(1)} %`)
const placed = rows.flatMap(({ name, raw }) => {
  if (raw?.kind !== 'model') return []
  const { load: test, attribution, roofline } = modelNumbers(raw)
  if (!roofline) return []
  const { compute, memory, launch } = roofline.bounds
  const fallen = attribution.fallbacks.length
  return [
    {
      name,
      p50Ms: test.sampleLatency.percentiles[0] / 1e6,
      mfu: roofline.mfu,
      efficiency: roofline.efficiency,
      compute,
      memory,
      launch,
      fallen,
    },
  ]
})

await writeResult(options.json, {
  name: 'perf-machine',
  value: placed[0]?.efficiency ?? 0,
  unit: 'share of what the measured ceilings allow that the first model reaches, by kernel time',
  goal: 'none: a description of the machine',
  rows: placed,
  environment: { ...environment(), threads },
})

if (options.write) {
  const ceilings = rows.flatMap(({ name, raw, derived }) => {
    if (raw?.kind !== 'base' || !derived) return []
    const { best, median, unit } = derived as { best: number | null; median: number | null; unit: string }
    const text = (value: number | null) => (value === null ? '–' : value.toPrecision(4))
    return [[name, text(best), text(median), unit]]
  })
  const lines = [
    `\`npm run bench:perf-machine -- --tier ${tier} --provider ${options.provider}\`, ${writtenBy.date}, Node ${writtenBy.node}, ` +
      `onnxruntime-node ${writtenBy.onnxruntime}, ${writtenBy.processor}, ${threads} threads.`,
    markdownTable(['ceiling', 'best', 'median', 'unit'], ceilings),
    markdownTable(
      [
        'model',
        'p50 ms',
        'MFU of the fp32 ceiling',
        'of the roof',
        'bound by compute',
        'by memory',
        'by launch',
        'nodes elsewhere',
      ],
      placed.map((row) => [
        row.name,
        row.p50Ms.toFixed(3),
        percent(row.mfu),
        percent(row.efficiency),
        percent(row.compute),
        percent(row.memory),
        percent(row.launch),
        String(row.fallen),
      ]),
    ),
  ]
  await writeSection(
    new URL('../../../docs/benchmarks.md', import.meta.url),
    'perf-machine',
    lines.join('\n\n'),
  )
}
