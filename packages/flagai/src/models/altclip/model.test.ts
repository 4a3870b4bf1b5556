import {
  type Checkpoint,
  compile,
  openCheckpoint,
  ops,
  scopeOfValues,
  spec,
  type Tensor,
  tensor,
  type Value,
  valueAndGrad,
} from '@flag/core-tensor'
import { describe, expect, it } from 'vitest'
import { imageEmbeds, imageLogits } from '../clip/model.ts'
import { visionTower } from '../clip/vision.ts'
import { cases, differencesOf, goldenConfig, goldens } from './goldens.ts'
import { altCLIPParameters } from './index.ts'
import { textEmbeds } from './model.ts'

describe("every hidden state and output is that of transformers' AltCLIPModel", () => {
  it.each(cases.map((golden) => [golden.title, golden] as const))('%s', async (_, golden) => {
    const config = goldenConfig(golden.model)
    const found = await differencesOf(golden)
    const reduced = golden.expected.startsWith('layouts/')
    const states = reduced ? 0 : config.text.layers + config.vision.layers + 2
    expect(Object.keys(found).length).toBe(states + 10)
    for (const [name, difference] of Object.entries(found)) expect(difference, name).toBeLessThan(2e-5)
  })
})

async function read(checkpoint: Checkpoint, names: readonly string[]): Promise<Record<string, Tensor>> {
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await checkpoint.read(name)] as const)),
  )
}

describe('gradients of the contrastive loss', () => {
  const config = goldenConfig('altclip')
  const names = Object.keys(altCLIPParameters(config))

  function loss(parameters: Record<string, Value>, ids: Value, pixels: Value): Value {
    const scope = scopeOfValues(parameters)
    const images = ops.normalize(imageEmbeds(scope, config, pixels))
    const logits = imageLogits(scope, images, ops.normalize(textEmbeds(scope, config, { ids })))
    const rows = ops.logSoftmax(logits, 1)
    const columns = ops.logSoftmax(logits, 0)
    const pairs = ops.iota(logits.shape[0])
    const own = (x: Value) => ops.gatherElements(x, ops.unsqueeze(pairs, 1), 1)
    return ops.mul(ops.reduceMean(ops.add(own(rows), own(columns))), -0.5)
  }

  it.each([
    ['known sizes', 3, 12],
    ['symbolic sizes', 'batch', 'length'],
  ])('are those of torch for every parameter, %s', async (_, batch, length) => {
    const model = await openCheckpoint(`${goldens}altclip/model.safetensors`)
    const golden = await openCheckpoint(`${goldens}altclip/gradients.safetensors`)
    const parameters = await read(model, names)
    const expected = await read(golden, names)
    const specs = Object.fromEntries(names.map((name) => [name, spec('float32', parameters[name].shape)]))
    const step = await compile(
      (p, ids, pixels) => valueAndGrad(loss)(p, ids, pixels),
      [specs, spec('int64', [batch, length]), spec('float32', [batch, 3, 28, 28])],
      { threads: 1 },
    )
    const inputs = [await golden.read('in.ids'), await golden.read('in.pixels')] as const
    const [value, gradients] = (await step(parameters, ...inputs)) as [Tensor, Record<string, Tensor>]
    expect(value.item()).toBeCloseTo((await golden.read('loss')).item(), 5)
    for (const name of names) {
      const [a, b] = [gradients[name].toNumbers(), expected[name].toNumbers()]
      const size = Math.max(...b.map(Math.abs))
      const difference = Math.max(...a.map((x, i) => Math.abs(x - b[i])))
      expect(gradients[name].shape, name).toEqual(expected[name].shape)
      expect(difference, name).toBeLessThan(1e-5 + 1e-4 * size)
    }
    await Promise.all([step.dispose(), model.close(), golden.close()])
  })
})

it('the vision tower looks at the patches that it is given, whatever their order', async () => {
  const config = goldenConfig('altclip')
  const model = await openCheckpoint(`${goldens}altclip/model.safetensors`)
  const golden = await openCheckpoint(`${goldens}altclip/expected.safetensors`)
  const parameters = await read(model, Object.keys(altCLIPParameters(config)))
  const specs = Object.fromEntries(
    Object.entries(parameters).map(([name, { shape }]) => [name, spec('float32', shape)]),
  )
  const tower = await compile(
    (p, pixels, patches) => visionTower(scopeOfValues(p), config.vision, pixels, { patches }).pooled,
    [specs, spec('float32', ['batch', 3, 28, 28]), spec('int64', ['kept'])],
    { threads: 1 },
  )
  const pixels = await golden.read('in.pixels')
  const expected = (await golden.read('vision.pooled')).toNumbers()
  const distance = async (patches: number[]) => {
    const pooled = (await tower(parameters, pixels, tensor(patches, 'int64'))) as Tensor
    return Math.max(...pooled.toNumbers().map((x, i) => Math.abs(x - expected[i])))
  }
  const all = Array.from({ length: 16 }, (_, i) => 15 - i)
  expect(await distance(all)).toBeLessThan(1e-5)
  expect(await distance(all.slice(0, 8))).toBeGreaterThan(0.1)
  await Promise.all([tower.dispose(), model.close(), golden.close()])
})

it('the vision tower needs pictures of a known size with the right channels', async () => {
  const config = goldenConfig('altclip')
  const run = (shape: (number | string)[]) =>
    compile((x: Value) => visionTower(scopeOfValues({}), config.vision, x).pooled, [spec('float32', shape)])
  await expect(run(['batch', 3, 'height', 'width'])).rejects.toThrow(/known height and width/)
  await expect(run(['batch', 1, 28, 28])).rejects.toThrow(/\[batch, 3, height, width\]/)
})
