import { expect, test } from 'vitest'
import { derive } from './derive.ts'
import { environment } from './environment.ts'
import { toMllog } from './mllog.ts'
import type { BaseRaw, ModelRaw } from './schema.ts'

const model: ModelRaw = {
  kind: 'model',
  settings: {
    scenario: 'SingleStream',
    minQueryCount: 2,
    minDurationMs: 0,
    qslRngSeed: '2085463073848966840',
  },
  samples: { total: 4, performance: 4 },
  record: {
    queryCount: 2,
    query: [0, 1],
    sample: [3, 1],
    scheduledNs: [0, 2e6],
    issuedNs: [0, 2e6],
    completedNs: [2e6, 5e6],
    errors: [],
  },
  openNs: 1,
  firstRunNs: 1,
  provider: 'cpu',
  profile: [],
}
const gemm: BaseRaw = { kind: 'base', probe: 'gemm', workPerRun: 2000, timesNs: [20, 40], referenceNs: [] }

test('every line is an entry of MLLOG, with LoadGen’s keys for load tests', () => {
  const text = toMllog({
    schema: 'flagperf/1',
    createdAt: '2026-01-02T03:04:05.678Z',
    environment: environment(),
    cases: [
      { name: 'net "x"\n', status: 'ok', options: {}, raw: model, derived: derive(model) },
      { name: 'gemm', status: 'ok', options: {}, raw: gemm, derived: derive(gemm) },
      { name: 'gone', status: 'crashed', message: 'signal SIGSEGV', options: {} },
    ],
  })
  const lines = text.trimEnd().split('\n')
  const parsed = lines.map((line) => {
    expect(line.startsWith(':::MLLOG ')).toBe(true)
    return JSON.parse(line.slice(':::MLLOG '.length))
  })
  for (const { time_ms, namespace, event_type } of parsed)
    expect([time_ms, namespace, event_type]).toEqual([
      Date.parse('2026-01-02T03:04:05.678Z'),
      'mlperf::logging',
      'POINT_IN_TIME',
    ])
  const of = (key: string) => parsed.filter((each) => each.key === key).map(({ value }) => value)
  expect(of('case_name')).toEqual(['net "x"\n', 'gemm', 'gone'])
  expect(of('case_status')).toEqual(['ok', 'ok', 'crashed'])
  expect(of('result_validity')).toEqual(['INVALID'])
  expect(of('result_max_latency_ns')).toEqual([3e6])
  expect(of('effective_min_query_count')).toEqual([2])
  expect(of('result_best')).toEqual([100])
  expect(of('environment_onnxruntime')).toEqual(['1.30.0'])
  expect(lines.some((line) => line.includes('2085463073848966840'))).toBe(true)
})
