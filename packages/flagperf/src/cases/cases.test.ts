import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { constant, Generator, ops, saveOnnx, spec, trace } from '@flag/core-tensor'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { modelNumbers } from '../results/derive.ts'
import { environment } from '../results/environment.ts'
import { toMarkdown } from '../results/markdown.ts'
import { type CaseRow, type ModelRaw, parseResult } from '../results/schema.ts'
import { verify } from '../results/verify.ts'
import { runCase } from './runCase.ts'
import type { ModelSpec } from './spec.ts'

const limits = { timeLimitMs: 100_000, memoryLimitBytes: 2 ** 40 }

let folder: string
let model: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flagperf-cases-'))
  model = join(folder, 'mlp.onnx')
  const random = new Generator(0)
  const traced = trace(
    (x) =>
      ops.softmax(
        ops.matmul(ops.relu(ops.matmul(x, constant(random.rand([32, 64])))), constant(random.rand([64, 10]))),
        -1,
      ),
    [spec('float32', ['batch', 32])],
  )
  await saveOnnx(model, traced)
})
afterAll(() => rm(folder, { recursive: true }))

const modelSpec = (): ModelSpec => ({
  kind: 'model',
  model,
  provider: 'cpu',
  threads: 1,
  sizes: { batch: 4 },
  fill: {},
  settings: { scenario: 'SingleStream', minQueryCount: 70, minDurationMs: 1 },
  profiledRuns: 3,
})

describe('a case in a process of its own', () => {
  test('a model: samples, verdict, nodes, and a result that verifies', async () => {
    const row = await runCase('mlp', modelSpec(), limits)
    expect([row.status, row.message]).toEqual(['ok', undefined])
    const { load, attribution } = modelNumbers(row.raw as ModelRaw)
    expect(load).toMatchObject({ minQueriesMet: true, minDurationMet: true })
    expect(load.sampleCount).toBeGreaterThanOrEqual(70)
    const products = attribution.nodes.filter(({ work }) => work.macs > 0)
    expect(products.map(({ work }) => work.macs)).toEqual([4 * 32 * 64, 4 * 64 * 10])
    expect(attribution.fallbacks).toEqual([])

    const result = {
      schema: 'flagperf/1' as const,
      createdAt: '2026-01-01T00:00:00Z',
      environment: environment(),
      cases: [row],
    }
    const read = parseResult(JSON.stringify(result), 'result.json')
    expect(verify(read)).toEqual([])
    const markdown = toMarkdown(read)
    expect(markdown).toContain('All nodes ran on cpu.')
    expect(markdown).toContain('| mlp | SingleStream | VALID |')
    expect(markdown).toMatch(/Outputs beside those of the CPU without graph optimisation: .* cosine 1\.0/)
    expect(markdown).toMatch(/Event loop of the driver late by \d/)
    expect((row.raw as ModelRaw).agreement).toMatchObject([{ elements: 40 }])

    // A number that was touched up does not follow from the samples.
    const forged = structuredClone(read)
    const derived = forged.cases[0].derived as { load: { samplesPerSecond: number } }
    derived.load.samplesPerSecond *= 1.01
    expect(verify(forged).map(({ where }) => where)).toEqual(['mlp.load.samplesPerSecond'])
    const faster = structuredClone(read)
    const raw = faster.cases[0].raw as ModelRaw
    raw.record.completedNs = raw.record.completedNs.map((ns, i) => ns - (ns - raw.record.scheduledNs[i]) / 2)
    expect(verify(faster).length).toBeGreaterThan(5)
    const other = structuredClone(read)
    other.environment.processor = 'a faster one'
    expect(verify(other).map(({ where }) => where)).toEqual(['environment.fingerprint'])
  })

  test.each([
    ['abort', 'crashed', /^its process ended with signal SIGABRT/],
    ['exit', 'crashed', /^its process ended with exit code 3/],
    ['throw', 'failed', /^no such luck$/],
  ] as const)('%s: the row says so', async (fault, status, message) => {
    const row = await runCase(fault, { kind: 'fault', fault }, limits)
    expect(row.status).toBe(status)
    expect(row.message).toMatch(message)
    expect(row.raw).toBeUndefined()
  })

  test('a case that never ends is stopped, though a process that it started lives on', async () => {
    const row = await runCase('hang', { kind: 'fault', fault: 'hang' }, { ...limits, timeLimitMs: 3000 })
    expect(row).toMatchObject({
      status: 'timed-out',
      message: 'it did not end within 3 s, so its process was stopped',
    })
  })

  test('a case that eats memory is stopped', async () => {
    const row = await runCase(
      'memory',
      { kind: 'fault', fault: 'memory' },
      { ...limits, memoryLimitBytes: 600 * 2 ** 20 },
    )
    expect(row.status).toBe('out-of-memory')
    expect(row.message).toMatch(/^it took \d+ MB, more than the limit of 600 MB$/)
  })

  test('a file that is no model, and a provider that is not here', async () => {
    const broken = await runCase(
      'broken',
      { ...modelSpec(), model: new URL(import.meta.url).pathname },
      limits,
    )
    expect(broken.status).toBe('failed')
    expect(broken.message).not.toBe('')
    const elsewhere = process.platform === 'darwin' ? 'dml' : 'coreml'
    const missing = await runCase('missing', { ...modelSpec(), provider: elsewhere }, limits)
    expect(missing.status).toBe('failed')
    expect(missing.message).toContain(elsewhere)
  })
})

test('rows of the report that could not be measured', () => {
  const row: CaseRow = {
    name: 'net',
    status: 'crashed',
    message: 'signal SIGSEGV | core\ndumped',
    options: {},
  }
  const markdown = toMarkdown({
    schema: 'flagperf/1',
    createdAt: '',
    environment: environment(),
    cases: [row],
  })
  expect(markdown).toContain('| net | crashed | signal SIGSEGV \\| core dumped |')
})
