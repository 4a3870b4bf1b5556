import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { StoredTensor } from '../checkpoint/checkpoint.ts'
import { constant } from '../graph/graph.ts'
import { scopeOfCheckpoint } from '../graph/scope.ts'
import { spec, trace } from '../graph/trace.ts'
import * as ops from '../ops/index.ts'
import { createSessionCore } from '../runtime/session-core.mjs'
import { Generator } from '../tensor/generator.ts'
import { type Tensor, tensor } from '../tensor/tensor.ts'
import { loadOnnx, saveOnnx } from './file.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'flag-onnx-'))
})
afterEach(() => rm(folder, { recursive: true }))

const weight = new Generator(3).randn([40, 16])
const x = new Generator(4).randn([2, 40])

/** `x @ weight + bias`, the weight in a file of raw bytes at an odd place. */
async function tracedModel() {
  const file = path.join(folder, 'weights.bin')
  await writeFile(file, Buffer.concat([Buffer.alloc(7), weight.bytes]))
  const stored: StoredTensor = {
    name: 'weight',
    dtype: 'float32',
    shape: weight.shape,
    source: { path: file, offset: 7, byteLength: weight.bytes.length },
  }
  const scope = scopeOfCheckpoint({
    names: ['weight'],
    has: () => true,
    info: () => stored,
    read: async () => weight,
    close: async () => {},
  })
  const model = (value: Parameters<typeof ops.matmul>[0]) =>
    ops.add(ops.matmul(value, scope.param('weight')), constant(tensor([1.5])))
  return trace(model, [spec('float32', ['batch', 40])])
}

async function run(file: string): Promise<Float32Array> {
  const session = createSessionCore()
  await session.open({ model: file, options: { intraOpNumThreads: 1 } })
  const { out } = await session.run({ feeds: { 'in.0': x } })
  await session.close({})
  return out.data as Float32Array
}

function expected(): number[] {
  const rows = (t: Tensor) => Array.from({ length: t.shape[0] }, (_, i) => t.row(i).toNumbers())
  const columns = rows(weight)
  return rows(x).flatMap((row) =>
    Array.from({ length: 16 }, (_, j) => row.reduce((sum, value, i) => sum + value * columns[i][j], 1.5)),
  )
}

const close = (data: Float32Array) =>
  data.forEach((value, i) => {
    expect(value).toBeCloseTo(expected()[i], 4)
  })

describe('saveOnnx and loadOnnx', () => {
  test('one file that needs no checkpoint', async () => {
    const file = path.join(folder, 'model.onnx')
    await saveOnnx(file, await tracedModel(), { graphName: 'linear', metadata: { licence: 'free' } })
    await rm(path.join(folder, 'weights.bin'))
    expect(await readdir(folder)).toEqual(['model.onnx'])
    close(await run(file))
    const model = await loadOnnx(file)
    expect(model).toMatchObject({ name: 'linear', producer: 'flag', metadata: { licence: 'free' } })
    expect(model.outputs[0].value.shape).toEqual(['batch', 16])
    expect(model.graph.storedTensors).toEqual([])
  })

  test('weights in a second file, which loading leaves where they are', async () => {
    const file = path.join(folder, 'model.onnx')
    await saveOnnx(file, await tracedModel(), { externalData: true })
    await rm(path.join(folder, 'weights.bin'))
    expect((await readdir(folder)).sort()).toEqual(['model.onnx', 'model.onnx.data'])
    expect((await stat(file)).size).toBeLessThan(1000)
    close(await run(file))
    const model = await loadOnnx(file)
    expect(model.graph.storedTensors).toMatchObject([{ dtype: 'float32', shape: [40, 16] }])
    // And back into one file.
    const whole = path.join(folder, 'whole.onnx')
    await saveOnnx(whole, model)
    await rm(`${file}.data`)
    close(await run(whole))
  })

  test('names a weights file that is missing or too short', async () => {
    const file = path.join(folder, 'model.onnx')
    await saveOnnx(file, await tracedModel(), { externalData: true })
    await truncate(`${file}.data`, 100)
    await expect(loadOnnx(file)).rejects.toThrow(/model\.onnx\.data.* needs 2560 bytes of it, it has 100/)
    await rm(`${file}.data`)
    await expect(loadOnnx(file)).rejects.toThrow(/model\.onnx\.data, which is not there/)
    await expect(loadOnnx(path.join(folder, 'none.onnx'))).rejects.toMatchObject({ code: 'not-found' })
  })

  test('leaves an old file as it was when writing fails', async () => {
    const file = path.join(folder, 'model.onnx')
    const traced = await tracedModel()
    await saveOnnx(file, traced)
    const before = await readFile(file)
    await rm(path.join(folder, 'weights.bin'))
    await expect(saveOnnx(file, traced)).rejects.toMatchObject({ code: 'not-found' })
    expect(await readFile(file)).toEqual(before)
    expect(await readdir(folder)).toEqual(['model.onnx'])
  })
})
