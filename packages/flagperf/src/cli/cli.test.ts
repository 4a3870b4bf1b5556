import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ops, saveOnnx, spec, trace } from '@flag/core-tensor'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BaseRaw } from '../results/base.ts'
import { derive } from '../results/derive.ts'
import { environment } from '../results/environment.ts'
import type { CaseRow, ResultFile } from '../results/schema.ts'
import { doctor } from './doctor.ts'
import { captured as flagperf } from './testing/captured.ts'

let folder: string
let result: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flagperf-cli-'))
  result = join(folder, 'machine.json')
  const raw: BaseRaw = {
    kind: 'base',
    probe: 'gemm',
    dtype: 'float32',
    workPerRun: 2000,
    timesNs: [20, 40],
    referenceNs: [],
  }
  const row: CaseRow = { name: 'gemm', status: 'ok', options: {}, raw, derived: derive(raw) }
  await writeFile(result, JSON.stringify(resultOf(row)))
})
afterAll(() => rm(folder, { recursive: true }))

const resultOf = (...cases: CaseRow[]): ResultFile => ({
  schema: 'flagperf/1',
  createdAt: '2026-01-01T00:00:00Z',
  environment: environment(),
  cases,
})

test.each([
  [[]],
  [['model']],
  [['base']],
  [['verify']],
  [['report']],
  [['doctor']],
  [['compare']],
  [['sweep']],
  [['serve-load']],
  [['run']],
])('%j --help has examples', async (command) => {
  const { code, out } = await flagperf(...command, '--help')
  expect(code).toBe(0)
  expect(out).toMatch(/Examples?:\n {2}flagperf /)
})

test('run: what the cases of a configuration of FlagPerf mean here', async () => {
  const config = join(folder, 'host.yaml')
  await writeFile(config, 'CASES:\n  "mm:FP32:312:nativetorch:A100": image\n  "computation-FP64": image\n')
  const { code, out } = await flagperf('run', config, '--list', '--tier', 'quick')
  expect(code).toBe(0)
  expect(out).toMatch(/^mm:FP32:312:nativetorch:A100 +op +mm float32 256\ncomputation-FP64 +– +products are/)
  const missing = await flagperf('run', join(folder, 'none.yaml'))
  expect(missing).toMatchObject({ code: 1, err: expect.stringMatching(/none.yaml: cannot be read/) })
})

test('a page of FlagPerf puts published rows under those of a result', async () => {
  const page = join(folder, 'README.md')
  const header = '| 评测项 | FP32算力测试值(8卡平均) | FP32算力标定值(8卡平均) | 测试标定比例(8卡平均) |'
  await writeFile(page, `${header}\n| - | - | - | - |\n| A100 | 19.2TFLOPS | 19.5TFLOPS | 98.5% |\n`)
  const { code, out } = await flagperf('report', result, '--format', 'flagperf', '--beside', `gemm=${page}`)
  expect(code).toBe(0)
  // The median of the two runs: 2000 operations in 30 ns.
  expect(out).toContain('| 评测结果 | 0.06667TFLOPS | / | / |\n| A100 | 19.2TFLOPS | 19.5TFLOPS | 98.5% |')
})

test('a command that fails at once ends, with the process that watches the machine', async () => {
  const net = join(folder, 'open.onnx')
  await saveOnnx(
    net,
    trace((x) => ops.neg(x), [spec('float32', ['batch', 4])]),
  )
  const main = fileURLToPath(new URL('./main.ts', import.meta.url))
  const args = ['--import', 'tsx', main, 'soak', net, '--size', 'wrong=3', '--seconds', '1']
  const failure = await promisify(execFile)(process.execPath, args).catch((error) => error)
  expect(failure).toMatchObject({ code: 1, signal: null })
  expect(failure.stderr).toMatch(/failed: the model leaves no axis "wrong" open: only batch/)
})

test('verify says that a result follows from its samples, and when it does not', async () => {
  expect(await flagperf('verify', result)).toMatchObject({ code: 0, err: '' })
  const forged = join(folder, 'forged.json')
  await writeFile(forged, (await readFile(result, 'utf8')).replace('"best":100', '"best":120'))
  const { code, out } = await flagperf('verify', forged)
  expect(code).toBe(1)
  expect(out).toBe(`${forged}: gemm.best is 120, the samples give 100\n`)
  expect(JSON.parse((await flagperf('verify', forged, '--json')).out)).toMatchObject({
    cases: 1,
    discrepancies: [{ where: 'gemm.best', stated: 120, computed: 100 }],
  })
})

test('report writes Markdown, to the terminal or to a file', async () => {
  const { out } = await flagperf('report', result)
  expect(out).toContain('| gemm | 100.0 | 66.67 | GFLOP/s | 2 |')
  const file = join(folder, 'machine.md')
  await flagperf('report', result, '--output', file)
  expect(await readFile(file, 'utf8')).toBe(out)
})

test('report writes MLLOG lines', async () => {
  const { out } = await flagperf('report', result, '--format', 'mllog')
  expect(out).toMatch(/^:::MLLOG \{"key": "test_datetime"/)
  expect(out).toContain('"key": "result_best", "value": 100')
})

test('serve-load says what it needs', async () => {
  expect((await flagperf('serve-load', result)).code).toBe(2)
  expect((await flagperf('serve-load', result, '--qps', '10', '--percentile', '100')).err).toMatch(
    /less than 100/,
  )
  expect((await flagperf('serve-load', 'none.onnx', '--qps', '10')).err).toMatch(/none.onnx: no such file/)
})

test.each([
  ['{"schema":"flagperf/1"', /not a result of flagperf/],
  ['{"schema":"flagperf/2"}', /at schema/],
  ['{"schema":"flagperf/1","createdAt":"","environment":{},"cases":[]}', /at environment/],
])('a damaged result: %s', async (text, message) => {
  const file = join(folder, 'damaged.json')
  await writeFile(file, text)
  const { code, err } = await flagperf('verify', file)
  expect(code).toBe(1)
  expect(err).toMatch(message)
  expect(err.trimEnd().split('\n').length).toBe(1)
})

test('wrong usage is 2, a file that is not there 1', async () => {
  expect((await flagperf('model', 'x.onnx', '--tier', 'slow')).code).toBe(2)
  expect((await flagperf('model', 'x.onnx', '--size', 'batch')).code).toBe(2)
  expect((await flagperf('base', '--threads', '0')).code).toBe(2)
  expect((await flagperf('report', join(folder, 'none.json'))).err).toMatch(/none.json: cannot be read/)
  const { code, err } = await flagperf('model', join(folder, 'none.onnx'))
  expect(code).toBe(1)
  expect(err).toMatch(/^flagperf: .*none.onnx: no such file \(flagperf model takes/)
})

test('a model that is none gives a row, and the exit code says so', async () => {
  const file = join(folder, 'text.onnx')
  await writeFile(file, 'not a model')
  const output = join(folder, 'text.json')
  const { code, out } = await flagperf(
    'model',
    file,
    '--scenario',
    'offline',
    '--tier',
    'quick',
    '--threads',
    '1',
    '--output',
    output,
    '--json',
  )
  expect(code).toBe(1)
  const written = JSON.parse(await readFile(output, 'utf8'))
  expect(written).toEqual(JSON.parse(out))
  expect(written.cases).toMatchObject([{ name: 'text.onnx offline cpu 1 threads', status: 'failed' }])
})

test('sweep: a row for every setting, and a table', async () => {
  const model = join(folder, 'swept.onnx')
  await saveOnnx(
    model,
    trace((x) => ops.neg(x), [spec('float32', ['batch', 4])]),
  )
  const elsewhere = process.platform === 'darwin' ? 'dml' : 'coreml'
  const { code, out } = await flagperf(
    'sweep',
    model,
    '--provider',
    elsewhere,
    '--state',
    join(folder, 'state'),
  )
  expect(code).toBe(1)
  expect(out).toContain(
    '| model | provider | threads | batch | p50 ms | samples/s | MB | measured | verdict |',
  )
  expect(out).toMatch(new RegExp(`\\| swept.onnx \\| ${elsewhere} \\| 1 \\| 1 \\| – .*failed: `))
  expect((await flagperf('sweep', model, '--batch', '1,x')).code).toBe(2)
  expect((await flagperf('sweep', model, '--provider', 'gpu')).code).toBe(2)
})

test('doctor tries every provider', async () => {
  let out = ''
  const terminal = {
    out: (text: string) => {
      out += text
    },
    err: () => {},
    isInteractive: false,
  }
  await doctor(terminal, {}, async (provider) =>
    provider === 'cpu'
      ? { usable: true }
      : { usable: false, reason: `/src/core/gpu.cc:136 Gpu::Start() a == b was false. no ${provider} here` },
  )
  expect(out).toMatch(/provider cpu +works/)
  expect(out).toMatch(/provider webgpu +does not work: no webgpu here/)
  expect(out).toMatch(/onnxruntime +1\.30\.0/)
})

test('report writes a page, beside Markdown or instead of it', async () => {
  const [html, markdown] = ['page.html', 'page.md'].map((name) => join(folder, name))
  expect(await flagperf('report', result, result, '--html', html)).toEqual({ code: 0, out: '', err: '' })
  expect(await readFile(html, 'utf8')).toContain('What the machine reaches')
  expect(await flagperf('report', result, '--html', html, '--output', markdown)).toMatchObject({ code: 0 })
  expect(await readFile(markdown, 'utf8')).toContain('## Machine')
  const nowhere = await flagperf('report', result, '--html', join(folder, 'no/page.html'))
  expect([nowhere.code, nowhere.err]).toEqual([1, expect.stringContaining('cannot be written')])
})
