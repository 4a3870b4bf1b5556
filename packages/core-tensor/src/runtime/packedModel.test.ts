import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inPlaceFiles } from '../checkpoint/inPlace.ts'
import { openCheckpoint } from '../checkpoint/open.ts'
import { writeSafetensors } from '../checkpoint/safetensors.ts'
import { currentGraph } from '../graph/graph.ts'
import { spec, trace } from '../graph/trace.ts'
import { encodeModel } from '../onnx/encode.ts'
import * as ops from '../ops/index.ts'
import { Generator } from '../tensor/generator.ts'
import { openTraced } from './compile.ts'
import { packedModel } from './packedModel.ts'
import { createSession } from './session.ts'

let root: string
let weights: string
const place = () => mkdtempSync(join(root, 'packed-'))
const x = new Generator(2).randn([5, 64])

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'flag-pack-'))
  weights = join(root, 'weights.safetensors')
  await writeSafetensors(weights, { w: new Generator(1).randn([96, 64]) })
})
afterAll(() => rmSync(root, { recursive: true }))

async function product() {
  const checkpoint = await openCheckpoint(weights)
  const stored = checkpoint.info('w')
  await checkpoint.close()
  return trace((x) => ops.linear(x, currentGraph().stored(stored)), [spec('float32', ['rows', 64])] as const)
}

async function packing(folder: string) {
  const traced = await product()
  const { location, folder: weightsFolder } = inPlaceFiles([weights])
  const model = encodeModel(traced.graph, traced.outputs, { locationOf: location })
  return { model, options: { folder, files: [weights], bytes: 96 * 64 * 4, weightsFolder } }
}

describe('packedModel', () => {
  it('computes the same, without the checkpoint, and is made once', async () => {
    const { model, options } = await packing(place())
    const direct = await createSession(model, { weightsFolder: options.weightsFolder, threads: 1 })
    const file = await packedModel(model, options)
    const written = statSync(file).mtimeMs
    const packed = await createSession(file, { optimization: 'disabled', threads: 1 })
    const feeds = { 'in.0': x }
    const [a, b] = [(await direct.run(feeds)).out, (await packed.run(feeds)).out]
    expect(b.shape).toEqual([5, 96])
    expect(Math.max(...a.toNumbers().map((value, i) => Math.abs(value - b.toNumbers()[i])))).toBeLessThan(
      1e-5,
    )
    expect(await packedModel(model, options)).toBe(file)
    expect(statSync(file).mtimeMs).toBe(written)
    await direct.dispose()
    await packed.dispose()
  })

  it('is made anew for weights that have changed', async () => {
    const { model, options } = await packing(place())
    const before = await packedModel(model, options)
    utimesSync(weights, 1, 1)
    expect(await packedModel(model, options)).not.toBe(before)
  })

  it('may be made by several at once', async () => {
    const { model, options } = await packing(place())
    const files = await Promise.all([1, 2, 3].map(() => packedModel(model, options)))
    expect(new Set(files).size).toBe(1)
    expect(readdirSync(options.folder).length).toBe(1)
  })

  it('leaves nothing behind when the disk has no room, the model is wrong, or it is ended', async () => {
    const { model, options } = await packing(place())
    await expect(packedModel(model, { ...options, bytes: 2 ** 52 })).rejects.toMatchObject({
      code: 'io',
      message: expect.stringMatching(/packed weights take \d+ MB, \d+ MB are free$/),
    })
    await expect(packedModel(new Uint8Array([1, 2, 3]), options)).rejects.toMatchObject({ code: 'runtime' })
    const abort = new AbortController()
    const ended = packedModel(model, { ...options, signal: abort.signal })
    abort.abort()
    await expect(ended).rejects.toThrow()
    expect(readdirSync(options.folder)).toEqual([])
  })
})

it('a session with a folder for packed weights gives the same before and after they are used', async () => {
  const packedFolder = place()
  const session = await openTraced(await product(), { packedFolder, packWeights: true, threads: 1 })
  const first = (await session.run({ 'in.0': x })).out.toNumbers()
  while (readdirSync(packedFolder).every((name) => name.endsWith('.tmp'))) {
    const { out } = await session.run({ 'in.0': x })
    expect(Math.max(...out.toNumbers().map((value, i) => Math.abs(value - first[i])))).toBeLessThan(1e-5)
  }
  const { out } = await session.run({ 'in.0': x })
  expect(Math.max(...out.toNumbers().map((value, i) => Math.abs(value - first[i])))).toBeLessThan(1e-5)
  await session.dispose()
})
