import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { constant, Generator, ops, saveOnnx, spec, trace } from '@flag/core-tensor'
import { quantileInterval, sorted } from '@flag/core-tensor/statistics'
import { reportSchema, type SectionKind, type SectionOf, writeReport } from '@flag/report'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasBrowser, startBrowser } from '../../../../../tools/repo/browser.ts'
import { runCase } from '../../cases/runCase.ts'
import { comparisonNumbers } from '../../compare/judge.ts'
import type { ComparisonRaw } from '../../compare/schema.ts'
import { madeUpBlocks, madeUpComparison } from '../../compare/testing/machine.ts'
import { queryLatencies } from '../../loadgen/record.ts'
import { modelNumbers } from '../derive.ts'
import { environment } from '../environment.ts'
import { toReport } from '../page.ts'
import { type CaseRow, type ModelRaw, parseResult, type ResultFile } from '../schema.ts'

let folder: string
let model: ResultFile
let machine: ResultFile
let others: ResultFile

const resultOf = (...cases: unknown[]): ResultFile =>
  parseResult(
    JSON.stringify({
      schema: 'flagperf/1',
      createdAt: '2026-01-01T00:00:00Z',
      environment: environment(),
      cases,
    }),
    'test',
  )

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flagperf-page-'))
  const file = join(folder, 'net.onnx')
  const weights = new Generator(0).rand([32, 64])
  await saveOnnx(
    file,
    trace((x) => ops.softmax(ops.matmul(x, constant(weights)), -1), [spec('float32', ['batch', 32])]),
  )
  const common = { provider: 'cpu', threads: 1 } as const
  const settings = { scenario: 'SingleStream', minQueryCount: 90, minDurationMs: 1 } as const
  const net = {
    ...common,
    kind: 'model',
    model: file,
    sizes: { batch: 4 },
    fill: {},
    settings,
    profiledRuns: 3,
  } as const
  const single = await runCase('net single-stream', net, { timeLimitMs: 100_000, memoryLimitBytes: 2 ** 40 })
  model = resultOf(single, offlineOf(single))
  others = resultOf(...otherCases(single))
  const probe = (probe: string, workPerRun: number) => {
    const raw = { kind: 'base', probe, workPerRun, timesNs: [20, 40, 30], referenceNs: [] }
    return { name: probe, status: 'ok', options: common, raw, derived: { best: workPerRun / 20 } }
  }
  machine = resultOf(probe('gemm', 2000), probe('memory', 600), {
    name: 'broken',
    status: 'failed',
    message: 'why',
    options: {},
  })
})
/** A comparison, a sweep of three settings, and one case of every kind that has a course, with what monitors read. */
function otherCases(single: CaseRow): CaseRow[] {
  const quiet = { processes: 0.006, unlucky: 0, rounds: 0.02, samples: 0.01, interrupted: 0.02 }
  const slower = madeUpComparison(madeUpBlocks(quiet, 4, 1.1, new Generator(0)))
  const swept = (batch: number, slowdown: number): CaseRow => {
    const copy = structuredClone(single)
    const raw = copy.raw as ModelRaw
    raw.record.completedNs = raw.record.completedNs.map(
      (ns, i) => raw.record.scheduledNs[i] + slowdown * (ns - raw.record.scheduledNs[i]),
    )
    const sweep = { model: 'net.onnx', provider: 'cpu', threads: 1, batch, rung: 3, rungs: 3 }
    return { ...copy, name: `batch ${batch}`, options: { sweep } }
  }
  const monitor: CaseRow['monitor'] = {
    intervalMs: 250,
    units: { 'processor.busy': 'share', 'memory.available': 'B', 'power.processor': 'W' },
    atMs: [0, 250, 500, 750],
    values: {
      'processor.busy': [0.5, null, 1, 0.75],
      'memory.available': [4e9, 3e9, 3e9, 2e9],
      'power.processor': [],
    },
    unavailable: { nvidia: 'no nvidia-smi' },
  }
  const readings = Array.from({ length: 40 }, (_, i) => ({
    atMs: 100 * i,
    runs: 10 * i,
    residentBytes: 1e8 + 1e6 * i,
    heapBytes: 1e7,
  }))
  const requests = Array.from({ length: 5 }, (_, i) => ({
    dueNs: 1e6 * i,
    sentNs: 1e6 * i,
    pieceNs: [2e6 + 1e6 * i, 4e6 + 1e6 * i],
    endNs: 4e6 + 1e6 * i,
    tokens: 2,
  }))
  const row = (name: string, raw: CaseRow['raw']): CaseRow => ({
    name,
    status: 'ok',
    options: {},
    monitor,
    raw,
  })
  return [
    row('old and new', slower),
    swept(1, 1),
    swept(4, 3),
    swept(8, 1000),
    row('soak', { kind: 'soak', provider: 'cpu', readings }),
    row('train', {
      kind: 'train',
      task: 'clusters',
      batchSize: 4,
      startNs: 1,
      stepNs: [3e6, 1e6, 1e6],
      losses: [2, null, 1],
      evaluations: [{ step: 2, atNs: 5e6, quality: 0.9 }],
      target: { metric: 'accuracy', value: 0.8, higherIsBetter: true },
    }),
    row('generate', { kind: 'generate', target: 'dummy', limits: {}, requests }),
  ]
}

/** The same samples as one query that was due at the start. */
function offlineOf(row: CaseRow): CaseRow {
  const copy = structuredClone(row)
  const raw = copy.raw as ModelRaw
  raw.settings.scenario = 'Offline'
  raw.record.queryCount = 1
  raw.record.query.fill(0)
  raw.record.scheduledNs.fill(0)
  return { ...copy, name: 'net offline' }
}

afterAll(() => rm(folder, { recursive: true }))

const sectionOf = <K extends SectionKind>(kind: K, ...results: ResultFile[]) =>
  toReport(results).sections.filter((it): it is SectionOf<K> => it.kind === kind)

describe('a report of results', () => {
  test('is what the contract asks for, with and without ceilings', () => {
    for (const results of [[model], [machine], [others], [model, machine, others]])
      expect(reportSchema.safeParse(toReport(results)).error).toBeUndefined()
  })

  test('has the latencies of queries with percentiles that order statistics enclose', () => {
    const [{ series }] = sectionOf('distribution', model)
    expect(series.map(({ name }) => name)).toEqual(['net single-stream'])
    const raw = model.cases[0].raw as ModelRaw
    const values = queryLatencies(raw.record).map((ns) => ns / 1e6)
    expect(series[0].values).toEqual(values)
    const { low, high } = quantileInterval(sorted(values), 0.5)
    const value = modelNumbers(raw).load.sampleLatency.percentiles[0] / 1e6
    expect(series[0].marks?.[0]).toEqual({ name: 'p50', value, low, high })
    // Of 90 queries, none bounds the 99th percentile from above.
    expect(series[0].marks?.[2]).not.toHaveProperty('high')
  })

  test('draws the roofline under the ceilings of the same threads alone', () => {
    expect(sectionOf('roofline', model)).toEqual([])
    const [{ compute, bandwidth, points }] = sectionOf('roofline', model, machine)
    const [gemm, memory] = machine.cases.map(({ derived }) => derived?.best)
    expect([compute, bandwidth]).toEqual([
      [{ name: 'gemm', value: gemm }],
      [{ name: 'memory', value: memory }],
    ])
    const product = points.find(({ group }) => group?.includes('MatMul'))
    // 2·4·32·64 operations on 4·32 + 32·64 + 4·64 numbers of four bytes.
    expect(product?.intensity).toBeCloseTo((2 * 4 * 32 * 64) / (4 * (4 * 32 + 32 * 64 + 4 * 64)), 12)
    const other = structuredClone(machine)
    for (const row of other.cases) row.options.threads = 2
    expect(sectionOf('roofline', model, other)).toEqual([])
  })

  test('has a comparison with its interval beside the noise floor', () => {
    const [{ estimates, noise, reference }] = sectionOf('comparison', others)
    const { ratio, low, high, noiseFloor } = comparisonNumbers(others.cases[0].raw as ComparisonRaw)
    expect(estimates).toMatchObject([
      { name: 'old and new', value: ratio, low, high, verdict: { tone: 'bad', label: 'slower' } },
    ])
    expect([reference, noise?.high]).toEqual([1, 1 + noiseFloor])
    const times = sectionOf('distribution', others).find(({ title }) => title === 'old and new')
    // Four blocks of two processes of each, with eight bursts.
    expect(times?.series.map(({ values }) => values?.length)).toEqual([64, 64])
  })

  test('has the settings of a sweep and the front of those that no other dominates', () => {
    const [{ points, front }] = sectionOf('scatter', others)
    expect(points.map(({ group }) => group)).toEqual(['Pareto front', 'Pareto front', 'dominated'])
    expect(front).toEqual(points.slice(0, 2).map(({ x, y }) => [x, y]))
    // They are not among the models under load too.
    expect(toReport([others]).sections.map(({ title }) => title)).not.toContain('Models under load')
  })

  test('has what monitors read, without what they could not', () => {
    const [first] = sectionOf('timeline', others).filter(({ group }) => group === 'The machine meanwhile')
    expect(first.description).toBe('Not read: nvidia: no nvidia-smi.')
    expect(first.series.map(({ name, points }) => [name, points.length])).toEqual([
      ['processor.busy', 3],
      ['memory.available', 4],
    ])
    expect(first.series[0].points[1]).toEqual([0.5, 1])
  })

  test('has memory over runs, the course of a training, and the latencies of a generator', () => {
    const titled = (kind: SectionKind, title: string) =>
      toReport([others]).sections.filter(
        (it) => it.kind === kind && it.title === title && it.group !== 'The machine meanwhile',
      )
    expect(titled('timeline', 'soak')).toMatchObject([{ series: [{ format: 'bytes' }, { format: 'bytes' }] }])
    const [training] = titled('timeline', 'train') as SectionOf<'timeline'>[]
    expect(training.series.map(({ name, points }) => [name, points])).toEqual([
      [
        'loss',
        [
          [1, 2],
          [3, 1],
        ],
      ],
      ['accuracy', [[2, 0.9]]],
      [
        'time of a step',
        [
          [1, 3],
          [2, 1],
          [3, 1],
        ],
      ],
    ])
    const [generation] = titled('distribution', 'generate') as SectionOf<'distribution'>[]
    expect(generation.series.map(({ values }) => values)).toEqual([Array(5).fill(2), Array(5).fill(4)])
    const [table] = titled('table', 'Training') as SectionOf<'table'>[]
    expect(table.rows[0].slice(0, 3)).toEqual(['train', 3, 1])
  })

  test('warns of what was not measured and of results of other machines', () => {
    const elsewhere = structuredClone(machine)
    elsewhere.environment.fingerprint = 'another'
    const warnings = toReport([model, elsewhere]).warnings?.join('\n')
    expect(warnings).toMatch(/broken: failed: why/)
    expect(warnings).toMatch(/2 machines or versions: [0-9a-f]{16}, another/)
  })
})

test.skipIf(!hasBrowser)('the page of a report opens', async () => {
  const html = join(folder, 'out.html')
  await writeReport(html, toReport([model, machine]))
  const browser = await startBrowser()
  try {
    const { page, problems } = await browser.open(html)
    await page.locator('.roofline svg circle').first().waitFor()
    expect(await page.locator('.distribution svg').count()).toBe(4)
    expect(await page.locator('.timeline svg').count()).toBe(3)
    const nodes = page.getByRole('region', { name: 'Nodes' })
    expect(await nodes.locator('tbody tr').count()).toBe(
      modelNumbers(model.cases[0].raw as ModelRaw).attribution.nodes.length,
    )
    expect(problems).toEqual([])
    const rest = join(folder, 'others.html')
    await writeReport(rest, toReport([others]))
    const { page: second, problems: found } = await browser.open(rest)
    await second.locator('.scatter svg circle').first().waitFor()
    for (const [kind, charts] of [
      ['comparison', 1],
      ['distribution', 4],
      ['scatter', 1],
    ] as const)
      expect([kind, await second.locator(`.${kind} svg`).count()]).toEqual([kind, charts])
    expect(await second.locator('.comparison').getByText('slower').count()).toBeGreaterThan(0)
    expect(await second.getByRole('region', { name: 'All settings' }).locator('tbody tr').count()).toBe(3)
    expect(found).toEqual([])
  } finally {
    await browser.close()
  }
})
