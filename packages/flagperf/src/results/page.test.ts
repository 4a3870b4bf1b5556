import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { constant, Generator, ops, saveOnnx, spec, trace } from '@flag/core-tensor'
import { quantileInterval, sorted } from '@flag/core-tensor/statistics'
import { reportSchema, type SectionKind, type SectionOf, writeReport } from '@flag/report'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasBrowser, startBrowser } from '../../../../tools/repo/browser.ts'
import { runCase } from '../cases/runCase.ts'
import { queryLatencies } from '../loadgen/record.ts'
import { modelNumbers } from './derive.ts'
import { environment } from './environment.ts'
import { toReport } from './page.ts'
import { type CaseRow, type ModelRaw, parseResult, type ResultFile } from './schema.ts'

let folder: string
let model: ResultFile
let machine: ResultFile

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
    for (const results of [[model], [machine], [model, machine]])
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
  } finally {
    await browser.close()
  }
})
