import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ops, saveOnnx, spec, trace } from '@flag/core-tensor'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { runCase } from '../cases/runCase.ts'
import type { ModelSpec } from '../cases/spec.ts'
import { derive } from '../results/derive.ts'
import type { CaseRow, ModelRaw } from '../results/schema.ts'
import { sweepTable } from './markdown.ts'
import { clearlyDominates, dominates, type Objectives, paretoFront } from './pareto.ts'
import { settingsOf, sweep } from './sweep.ts'

describe('the Pareto front', () => {
  const objectives = fc.record({
    latencyMs: fc.integer({ min: 1, max: 5 }),
    samplesPerSecond: fc.integer({ min: 1, max: 5 }),
    memoryBytes: fc.integer({ min: 1, max: 3 }),
  })

  test('holds those that no other dominates, and every other is dominated by one of them', () => {
    fc.assert(
      fc.property(fc.array(fc.option(objectives, { nil: undefined }), { maxLength: 12 }), (all) => {
        const front = paretoFront(all)
        const isRight = all.map((each, i) => {
          const isDominated = front.some((j) => each && dominates(all[j] as Objectives, each))
          return front.includes(i) === (each !== undefined && !isDominated)
        })
        expect(isRight).not.toContain(false)
      }),
    )
  })

  test('being as good is not dominating, and a little better is not clearly', () => {
    const x = { latencyMs: 1, samplesPerSecond: 100, memoryBytes: 50 }
    expect(dominates(x, x)).toBe(false)
    const y = { latencyMs: 1.1, samplesPerSecond: 91, memoryBytes: 50 }
    expect(dominates(x, y)).toBe(true)
    expect(clearlyDominates(x, y, 0.2)).toBe(false)
    expect(clearlyDominates(x, { ...y, latencyMs: 1.5, samplesPerSecond: 60 }, 0.2)).toBe(true)
    expect(
      clearlyDominates({ ...x, memoryBytes: 60 }, { ...y, latencyMs: 9, samplesPerSecond: 9 }, 0.2),
    ).toBe(false)
  })
})

test('settings are all combinations', () => {
  const axes = { models: ['a', 'b'], providers: ['cpu'], threads: [1, 2], batches: [1, 8, 32] } as const
  const settings = settingsOf(axes)
  expect(settings.length).toBe(12)
  expect(new Set(settings.map((each) => JSON.stringify(each))).size).toBe(12)
})

/** A row whose runs all take so long, as if the case had been run. */
function rowOf(name: string, latencyMs: number, memoryBytes: number): CaseRow {
  const count = 10
  const times = (offset: number) => Array.from({ length: count }, (_, i) => (i + offset) * latencyMs * 1e6)
  const zeros = Array.from({ length: count }, () => 0)
  const raw: ModelRaw = {
    kind: 'model',
    settings: { scenario: 'SingleStream', minQueryCount: 1, minDurationMs: 0 },
    samples: { total: 1, performance: 1 },
    record: {
      queryCount: count,
      query: zeros.map((_, i) => i),
      sample: zeros,
      scheduledNs: times(0),
      issuedNs: times(0),
      completedNs: times(1),
      errors: [],
    },
    openNs: 1,
    firstRunNs: 1,
    provider: 'cpu',
    profile: [],
  }
  const noise = {
    involuntaryContextSwitches: 0,
    stealShare: null,
    loadAverage: null,
    maxMemoryBytes: memoryBytes,
  }
  return { name, status: 'ok', options: {}, noise, raw, derived: derive(raw) }
}

describe('a sweep', () => {
  let folder: string
  let model: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flagperf-sweep-'))
    model = join(folder, 'net.onnx')
    await saveOnnx(
      model,
      trace((x) => ops.neg(x), [spec('float32', ['batch', 4])]),
    )
  })
  afterAll(() => rm(folder, { recursive: true }))

  const options = (state: string) => ({
    sizes: {},
    fill: {},
    queries: 160,
    seconds: 16,
    limits: { timeLimitMs: 60_000, memoryLimitBytes: 2 ** 40 },
    state: join(folder, state),
  })
  const axes = { models: () => [model], providers: ['cpu'], threads: [1, 2, 4], batches: [1, 8] } as const
  const all = () => ({ ...axes, models: axes.models() })

  /** Two threads are best, four are far worse in everything; a batch of eight takes four times as long. */
  function machine() {
    const asked: ModelSpec[] = []
    const measure: typeof runCase = async (name, spec) => {
      const model = spec as ModelSpec
      asked.push(model)
      const base = { 1: 4, 2: 3.6, 4: 9 }[model.threads] as number
      if (model.threads === 4 && model.sizes.batch === 8)
        return { name, status: 'crashed', message: 'signal SIGSEGV', options: {} }
      return rowOf(name, base * (model.sizes.batch === 8 ? 4 : 1), 100)
    }
    return { asked, measure }
  }

  test('measures longer and longer what is not clearly worse', async () => {
    const { asked, measure } = machine()
    const rows = await sweep(all(), options('halving'), measure)
    const counts = (threads: number, batch: number) =>
      asked
        .filter((each) => each.threads === threads && each.sizes.batch === batch)
        .map(({ settings }) => [settings.minQueryCount, settings.minDurationMs])
    const everything = [
      [10, 1000],
      [40, 4000],
      [160, 16000],
    ]
    expect(counts(1, 1)).toEqual(everything)
    expect(counts(2, 8)).toEqual(everything)
    expect(counts(4, 1)).toEqual(everything.slice(0, 1))
    expect(counts(4, 8)).toEqual(everything.slice(0, 1))
    const dropped = rows.find(({ name }) => name === 'net.onnx cpu 4 threads batch 1')
    expect(dropped?.options.sweep).toMatchObject({ rung: 1, droppedFor: 'net.onnx cpu 1 threads batch 1' })
    expect(rows.map(({ status }) => status)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok', 'crashed'])

    const { body } = sweepTable(rows)
    expect(body.map((cells) => cells.at(-1))).toEqual([
      'Pareto front',
      'Pareto front',
      'dominated',
      'dropped for net.onnx cpu 1 threads batch 1',
      'dominated',
      'crashed: signal SIGSEGV',
    ])
    expect(body[1]).toEqual(['net.onnx', 'cpu', '2', '8', '14.40', '555.6', '0', '3 of 3', 'Pareto front'])
  })

  test('goes on from its files, and measures everything to the end when told to', async () => {
    const first = machine()
    let left = 4
    const stopped: typeof runCase = (...args) =>
      left-- > 0 ? first.measure(...args) : Promise.reject(new Error('stopped'))
    await expect(sweep(all(), options('resumed'), stopped)).rejects.toThrow('stopped')
    expect((await readdir(join(folder, 'resumed'))).length).toBe(4)
    const second = machine()
    const rows = await sweep(all(), options('resumed'), second.measure)
    expect(first.asked.length + second.asked.length).toBe(6 + 4 + 4)
    const third = machine()
    expect(await sweep(all(), options('resumed'), third.measure)).toEqual(rows)
    expect(third.asked).toEqual([])
    const full = machine()
    await sweep(all(), { ...options('full'), full: true }, full.measure)
    expect(full.asked.map(({ settings }) => settings.minQueryCount)).toEqual(Array(6).fill(160))
    // Another model under the same name is measured again.
    const changed = machine()
    await saveOnnx(
      model,
      trace((x) => ops.abs(x), [spec('float32', ['batch', 4])]),
    )
    await sweep(all(), options('resumed'), changed.measure)
    expect(changed.asked.length).toBe(14)
  })

  test('asks for what can be asked for', async () => {
    const fixed = join(folder, 'fixed.onnx')
    await saveOnnx(
      fixed,
      trace((x) => ops.neg(x), [spec('float32', [4])]),
    )
    const { measure } = machine()
    await expect(sweep({ ...all(), models: [fixed] }, options('fixed'), measure)).rejects.toThrow(
      /fixed.onnx: its inputs leave no axis open for a batch/,
    )
    await expect(sweep({ ...all(), models: ['none.onnx'] }, options('none'), measure)).rejects.toThrow(
      /none.onnx: cannot be read/,
    )
  })
})
