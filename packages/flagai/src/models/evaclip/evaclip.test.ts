import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openCheckpoint, type Tensor, writeSafetensors, zeros } from '@flag/core-tensor'
import { afterAll, describe, expect, it } from 'vitest'
import { ImageProcessor } from '../../preprocess/index.ts'
import { CheckpointMismatchError } from '../bind.ts'
import { designs } from '../eva/config.ts'
import { goldens } from '../eva/goldens.ts'
import { parseEVACLIPConfig } from './config.ts'
import { EVACLIP } from './evaclip.ts'
import { goldenConfig, weightsFile } from './goldens.ts'
import { inferEVACLIPConfig } from './infer.ts'
import { evaCLIPParameters, evaCLIPSpellings } from './parameters.ts'
import { evaCLIPModels } from './published.ts'
import { findWeights } from './weights.ts'

const folder = mkdtempSync(join(tmpdir(), 'flag-evaclip-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A tokenizer of 24 ids in which the letter number i is token i. */
function writeTokenizer(place: string): void {
  const letter = (id: number) => `${String.fromCharCode(96 + id)}</w>`
  const letters = Array.from({ length: 21 }, (_, i) => [letter(i + 1), i + 1] as const)
  const ids = { ...Object.fromEntries(letters), '<|startoftext|>': 22, '<|endoftext|>': 23 }
  writeFileSync(join(place, 'vocab.json'), JSON.stringify(ids))
  writeFileSync(join(place, 'merges.txt'), '#version: 0.2\na b\n')
}

const greatest = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((x, i) => Math.abs(x - b[i])))

describe('EVACLIP', () => {
  const home = join(folder, 'clip-b')
  cpSync(`${goldens}clip-b`, home, { recursive: true, filter: (name) => !/expected|larger/.test(name) })
  writeTokenizer(home)

  it('gives the pixels and vectors of the original code for texts and picture files', async () => {
    const model = await EVACLIP.fromPretrained(join(home, 'clip-b.pt'))
    const golden = await openCheckpoint(`${goldens}clip-b/expected.safetensors`)
    const ids = (await golden.read('in.ids')) as Tensor<'int64'>
    const texts = Array.from({ length: ids.shape[0] }, (_, i) =>
      ids
        .row(i)
        .toNumbers()
        .filter((id) => id > 0 && id < 22)
        .map((id) => String.fromCharCode(96 + id))
        .join(' '),
    )
    const vectors = await model.encodeText(texts, { batchSize: 2 })
    const expected = await golden.read('text.embeds')
    expect(greatest(vectors.toNumbers(), expected.toNumbers())).toBeLessThan(1e-5)

    const { pictures, embeds, pixels } = JSON.parse(readFileSync(`${goldens}clip-b/pictures.json`, 'utf8'))
    const files = (pictures as string[]).map((name) =>
      fileURLToPath(new URL(`../../../goldens/preprocess/pictures/${name}`, import.meta.url)),
    )
    const images = await model.encodeImage(files, { batchSize: 3 })
    const config = { size: 12, crop_size: 12 }
    const processor = ImageProcessor.fromConfig(config, { cropConvention: 'torchvision', keepMode: true })
    for (const [i, name] of pictures.entries()) {
      const { data } = await processor.process(files[i])
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      expect(createHash('sha256').update(bytes).digest('hex'), name).toBe(pixels[i])
      expect(greatest(images.row(i).toNumbers(), embeds[i]), name).toBeLessThan(1e-5)
    }
    const scores = await model.zeroShot(files[0], ['a b', 'c', 'd e f'], { templates: ['{}', 'g {}'] })
    expect(scores.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5)
    expect(model.similarity(images, vectors).shape).toEqual([pictures.length, 3])
    await Promise.all([model.dispose(), golden.close()])
    await expect(model.encodeText('a')).rejects.toThrow(/disposed/)
  })

  it('opens a folder by its only file of weights, and larger pictures', async () => {
    const model = await EVACLIP.fromPretrained(home, { imageSize: 20, threads: 1 })
    const image = { width: 40, height: 30, data: new Uint8Array(3600).map((_, i) => i % 251) }
    expect((await model.encodeImage(image)).shape).toEqual([1, 12])
    await model.dispose()
  })

  it('says what is missing', async () => {
    await expect(EVACLIP.fromPretrained('EVA02-CLIP-B-16', { offline: true })).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('QuanSun/EVA-CLIP'),
    })
    await expect(EVACLIP.fromPretrained(join(folder, 'none.pt'))).rejects.toMatchObject({ code: 'not-found' })
    await expect(EVACLIP.fromPretrained(home, { config: 'EVA02-CLIP-X' })).rejects.toThrow(
      /no published EVA-CLIP/,
    )
    const config = { ...goldenConfig('clip-b'), embedWidth: 13 }
    const error = await EVACLIP.fromPretrained(home, { config }).catch((reason) => reason)
    expect(error).toBeInstanceOf(CheckpointMismatchError)
    expect(error.mismatched.map(({ name }: { name: string }) => name)).toEqual([
      'visual.head.weight',
      'visual.head.bias',
      'text.text_projection',
    ])
  })

  it("refuses a tokenizer with more ids than the model, as CLIP's is for a small one", async () => {
    await expect(EVACLIP.fromPretrained(weightsFile('clip-g'))).rejects.toThrow(
      /49408 ids, the model only 24/,
    )
  })
})

describe('configurations', () => {
  const read = (name: string) => JSON.parse(readFileSync(`${goldens}${name}/config.json`, 'utf8'))

  it('are told from the tensors of a file that has none beside it', async () => {
    // One layer of the real width: as wide as a published model, but small enough for a test.
    const design = { ...evaCLIPModels['EVA02-CLIP-B-16'].config }
    const config = {
      ...design,
      vision: { ...design.vision, layers: 1 },
      text: { ...design.text, layers: 1, vocabSize: 100, endId: 99 },
    }
    const tensors = Object.fromEntries(
      Object.entries(evaCLIPParameters(config)).map(([name, { shape }]) => [
        evaCLIPSpellings(name)[0],
        zeros(shape, 'float16'),
      ]),
    )
    const file = join(folder, 'renamed.safetensors')
    await writeSafetensors(file, tensors)
    const checkpoint = await openCheckpoint(file)
    expect(inferEVACLIPConfig(checkpoint, file)).toEqual(config)
    await findWeights(checkpoint, inferEVACLIPConfig(checkpoint, file), file)
    await checkpoint.close()
  })

  it('tell every published model from the shapes of its parameters', () => {
    for (const [name, { config }] of Object.entries(evaCLIPModels)) {
      const table = evaCLIPParameters(config)
      const shapes = Object.entries(table).map(
        ([own, { shape }]) => [evaCLIPSpellings(own)[0], shape] as const,
      )
      const stored = new Map(shapes)
      const checkpoint = {
        names: [...stored.keys()],
        has: (tensor: string) => stored.has(tensor),
        info: (tensor: string) => ({ name: tensor, dtype: 'float16', shape: stored.get(tensor) ?? [] }),
      } as unknown as Parameters<typeof inferEVACLIPConfig>[0]
      expect(inferEVACLIPConfig(checkpoint, name), name).toEqual(config)
    }
  })

  it('of open_clip name an architecture of timm', () => {
    const model_cfg = {
      embed_dim: 768,
      vision_cfg: { image_size: 336, timm_model_name: 'eva02_large_patch14_clip_336', timm_pool: 'token' },
      text_cfg: { context_length: 77, vocab_size: 49408, width: 768, heads: 12, layers: 12 },
    }
    expect(parseEVACLIPConfig({ model_cfg })).toEqual(evaCLIPModels['EVA02-CLIP-L-14-336'].config)
    const unknown = { ...model_cfg, vision_cfg: { timm_model_name: 'vit_base_patch16_224' } }
    expect(() => parseEVACLIPConfig(unknown, 'x.json')).toThrow(/x\.json: the image tower is vit_base/)
  })

  it("of the modelling code differ from the original's only in layout", () => {
    const original = goldenConfig('clip-18b')
    expect(parseEVACLIPConfig(read('clip-18b-transformers'))).toEqual({
      ...original,
      vision: { ...original.vision, attention: 'split' },
      layout: 'transformers',
    })
  })

  it('say which field is wrong', () => {
    expect(() => parseEVACLIPConfig({})).toThrow(/not the configuration of an EVA-CLIP model/)
    const { vision_cfg, ...rest } = read('clip-b')
    expect(() =>
      parseEVACLIPConfig({ ...rest, vision_cfg: { ...vision_cfg, layers: 'two' } }, 'c.json'),
    ).toThrow(/c\.json: vision_cfg\.layers/)
    expect(Object.keys(designs)).toContain('EVA-CLIP-18B')
  })
})
