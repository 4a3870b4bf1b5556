import { copyFileSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSession, loadOnnx, Tensor, tensor } from '@flag/core-tensor'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTokenizer } from '../tokenizers/index.ts'
import { AltCLIP } from './altclip/index.ts'
import { padRight } from './batches.ts'
import { exportOnnx } from './export.ts'
import { EMBEDDED_MODEL, packageRoot } from './folder.ts'
import { normalizeRows } from './vectors.ts'

let folder: string
let model: AltCLIP
const before = process.env.FLAG_CACHE
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'flag-export-'))
  process.env.FLAG_CACHE = join(folder, 'cache')
  model = await AltCLIP.fromPretrained(EMBEDDED_MODEL, { threads: 1 })
})
afterAll(async () => {
  await model.dispose()
  if (before === undefined) delete process.env.FLAG_CACHE
  else process.env.FLAG_CACHE = before
  rmSync(folder, { recursive: true })
})

const pixels = new Tensor(
  'float32',
  [2, 3, 48, 48],
  Float32Array.from({ length: 2 * 3 * 48 * 48 }, (_, i) => Math.sin(i)),
)
const ids = tensor(
  [
    [0, 5, 9, 100, 2],
    [0, 7, 2, 1, 1],
  ],
  'int64',
)

/** What a file gives, opened by its path as other programs open it. */
async function run(file: string, feeds: Record<string, Tensor>): Promise<Record<string, Tensor>> {
  const session = await createSession(file, { threads: 1, isolation: 'inline' })
  try {
    return await session.run(feeds)
  } finally {
    await session.dispose()
  }
}

const source = join(packageRoot(), 'models', EMBEDDED_MODEL)
const normalized = (embeds: Tensor) => normalizeRows(embeds as Tensor<'float32'>)

async function idsOf(texts: string[]): Promise<Tensor> {
  const tokenizer = await openTokenizer(source)
  return padRight(
    texts.map((text) => tokenizer.encode(text)),
    model.config.text.padId,
  )
}

const difference = (a: Tensor, b: Tensor) => {
  const other = b.toNumbers()
  return a.toNumbers().reduce((most, x, i) => Math.max(most, Math.abs(x - other[i])), 0)
}

describe('a model as ONNX files', () => {
  it('gives the embeddings of the model, for any number and length of texts', async () => {
    const [text, vision] = await exportOnnx(model, join(folder, 'copied'))
    expect([text, vision]).toEqual(
      ['text_model.onnx', 'vision_model.onnx'].map((name) => join(folder, 'copied', name)),
    )
    expect(readdirSync(join(folder, 'copied')).sort()).toEqual(['text_model.onnx', 'vision_model.onnx'])
    const captions = ['cat', 'a much longer caption with a lot of words']
    for (const wanted of [captions, captions.slice(0, 1)]) {
      const { text_embeds: embeds } = await run(text, { input_ids: await idsOf(wanted) })
      expect(difference(normalized(embeds), await model.encodeText(wanted))).toBeLessThan(1e-6)
    }
    const { image_embeds: images } = await run(vision, { pixel_values: pixels })
    expect(images.shape).toEqual([2, model.config.embedWidth])
    const { graph } = await loadOnnx(text)
    expect(graph.inputs[0].shape).toEqual(['batch', 'length'])
    expect(new Set(graph.nodes.map(({ domain }) => domain))).toEqual(new Set(['']))
  })

  it('gives the embeddings of pictures as the model prepares them, in an older operator set, too', async () => {
    const [, vision] = await exportOnnx(model, join(folder, 'picture'), { opset: 20 })
    const flat = { width: 48, height: 48, data: new Uint8Array(48 * 48 * 3).fill(90) }
    const values = new Float32Array(3 * 48 * 48).fill((90 / 255 - 0.5) / 0.27)
    const { image_embeds: images } = await run(vision, {
      pixel_values: new Tensor('float32', [1, 3, 48, 48], values),
    })
    expect(difference(normalized(images), await model.encodeImage(flat))).toBeLessThan(1e-5)
  })

  it('refers to the original file in place, in its own folder or by a second name', async () => {
    const copied = await exportOnnx(model, join(folder, 'first'))
    const own = join(folder, 'own')
    const names = readdirSync(source)
    await exportOnnx(model, own)
    for (const name of names) copyFileSync(join(source, name), join(own, name))
    const inOwn = await AltCLIP.fromPretrained(own, { threads: 1 })
    try {
      const inside = await exportOnnx(inOwn, own, { inPlace: true })
      const linked = await exportOnnx(inOwn, join(folder, 'linked'), { inPlace: true })
      expect(readdirSync(join(folder, 'linked')).sort()).toEqual([
        'model.safetensors',
        'text_model.onnx',
        'vision_model.onnx',
      ])
      expect(statSync(inside[0]).size).toBeLessThan(statSync(copied[0]).size / 20)
      const [a, b, c] = await Promise.all(
        [copied, inside, linked].map(([text]) => run(text, { input_ids: ids })),
      )
      expect(difference(a.text_embeds, b.text_embeds)).toBe(0)
      expect(difference(a.text_embeds, c.text_embeds)).toBe(0)
    } finally {
      await inOwn.dispose()
    }
  })

  it.each(['fp16', 'int8', 'int4'] as const)('in %s is what the model gives in it', async (dtype) => {
    const quantised = await AltCLIP.fromPretrained(EMBEDDED_MODEL, { dtype, threads: 1 })
    try {
      const [text] = await exportOnnx(model, join(folder, dtype), { dtype })
      const { text_embeds: embeds } = await run(text, { input_ids: await idsOf(['cat']) })
      expect(difference(normalized(embeds), await quantised.encodeText('cat'))).toBeLessThan(1e-5)
      const { graph } = await loadOnnx(text)
      expect(graph.opsets.has('com.microsoft')).toBe(dtype !== 'fp16')
    } finally {
      await quantised.dispose()
    }
  })

  it('refuses operator sets that lack operators', async () => {
    await expect(exportOnnx(model, folder, { opset: 17 })).rejects.toMatchObject({
      code: 'invalid-argument',
      message: 'opset 17 cannot be written',
      hint: 'these can: 20, 21',
    })
  })
})
