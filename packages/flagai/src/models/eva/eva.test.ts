import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openCheckpoint } from '@flag/core-tensor'
import { afterAll, describe, expect, it } from 'vitest'
import { CheckpointMismatchError } from '../bind.ts'
import { parseEVAConfig } from './config.ts'
import { EVA } from './eva.ts'
import { goldenConfig, goldens } from './goldens.ts'
import { inferEVAConfig } from './infer.ts'
import { evaParameters } from './parameters.ts'
import { evaModels } from './published.ts'

const folder = mkdtempSync(join(tmpdir(), 'flag-eva-'))
afterAll(() => rmSync(folder, { recursive: true }))
const pictures = [0, 1, 2].map((seed) => ({
  width: 12,
  height: 12,
  data: new Uint8Array(432).map((_, i) => (i * (7 + seed) + seed * 50) % 256),
}))

describe('EVA', () => {
  it('names the likeliest classes, which are those of its features', async () => {
    const labels = Array.from({ length: 11 }, (_, i) => `class ${i}`)
    writeFileSync(join(folder, 'labels.txt'), `${labels.join('\n')}\n`)
    const file = `${goldens}b-1k/b-1k.pt`
    const model = await EVA.fromPretrained(file, { labels: join(folder, 'labels.txt'), threads: 1 })
    const found = await model.classify(pictures, { topK: 11, batchSize: 2 })
    expect(found.length).toBe(3)
    for (const classes of found) {
      expect(classes.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5)
      expect(classes.map(({ probability }) => probability)).toEqual(
        classes.map(({ probability }) => probability).sort((a, b) => b - a),
      )
      expect(classes.every(({ index, label }) => label === `class ${index}`)).toBe(true)
    }
    const features = await model.features(pictures)
    const checkpoint = await openCheckpoint(file)
    const [weight, bias] = [await checkpoint.read('head.weight'), await checkpoint.read('head.bias')].map(
      (x) => x.toNumbers(),
    )
    const row = features.row(1).toNumbers()
    const logits = bias.map((b, c) => b + row.reduce((sum, x, k) => sum + x * weight[c * row.length + k], 0))
    expect(found[1][0].index).toBe(logits.indexOf(Math.max(...logits)))
    await expect(model.reconstruct(pictures)).rejects.toThrow(/no head for masked patches/)
    await Promise.all([model.dispose(), checkpoint.close()])
  })

  it('gives features of patches, which depend on those that are masked', async () => {
    const model = await EVA.fromPretrained(`${goldens}s-mim/s-mim.pt`, { threads: 1 })
    const masks = pictures.map((_, i) => Array.from({ length: 9 }, (_, patch) => i === 1 && patch === 4))
    const seen = await model.reconstruct(pictures)
    const hidden = await model.reconstruct(pictures, { masked: masks, batchSize: 2 })
    expect(hidden.shape).toEqual([3, 9, 10])
    const difference = (i: number) =>
      Math.max(
        ...seen
          .row(i)
          .toNumbers()
          .map((x, k) => Math.abs(x - hidden.row(i).toNumbers()[k])),
      )
    expect(difference(0)).toBeLessThan(1e-5)
    expect(difference(1)).toBeGreaterThan(0.01)
    expect((await model.features(pictures)).shape).toEqual([3, 16])
    await expect(model.reconstruct(pictures, { masked: [[true]] })).rejects.toThrow(/3 lists of 9 patches/)
    await expect(model.classify(pictures)).rejects.toThrow(/no classes/)
    await model.dispose()
  })

  it('says what does not fit', async () => {
    const place = join(folder, 'eva02_Ti_pt_in21k_ft_in1k_p14.pt')
    cpSync(`${goldens}ti-1k/ti-1k.pt`, place)
    // The file's name says which configuration it has; its tensors are those of a smaller model.
    const error = await EVA.fromPretrained(place).catch((reason) => reason)
    expect(error).toBeInstanceOf(CheckpointMismatchError)
    expect(error.missing.length).toBeGreaterThan(100)
    await expect(EVA.fromPretrained(`${goldens}ti-1k/ti-1k.pt`, { labels: ['a'] })).rejects.toThrow(
      /1 names for a model of 8/,
    )
    await expect(EVA.fromPretrained(`${goldens}ti-1k/ti-1k.pt`, { labels: 'none.txt' })).rejects.toThrow(
      /none\.txt/,
    )
    await expect(EVA.fromPretrained(place, { config: 'eva03' })).rejects.toThrow(/no published EVA is called/)
  })
})

describe('configurations', () => {
  it('are read as timm writes them', () => {
    expect(parseEVAConfig({ architecture: 'eva02_large_patch14_448', num_classes: 21841 })).toEqual(
      evaModels.eva02_L_pt_m38m_medft_in21k_p14.config,
    )
    expect(parseEVAConfig({ architecture: 'eva_giant_patch14_336', num_classes: 1000 })).toEqual(
      evaModels.eva_21k_1k_336px_psz14_ema_89p6.config,
    )
    const bare = parseEVAConfig({
      architecture: 'eva02_tiny_patch14_224',
      num_classes: 0,
      global_pool: 'avg',
    })
    expect(bare.head).toEqual({ kind: 'features', norm: 'fc_norm' })
    expect(() => parseEVAConfig({ architecture: 'resnet50' }, 'c.json')).toThrow(
      /c\.json: architecture is "resnet50"/,
    )
    expect(() => parseEVAConfig({}, 'c.json')).toThrow(/c\.json: architecture/)
  })

  it.each(Object.keys(evaModels))('of %s is told from its tensors', (name) => {
    const { config } = evaModels[name]
    const shapes = new Map(Object.entries(evaParameters(config)).map(([own, { shape }]) => [own, shape]))
    const checkpoint = {
      names: [...shapes.keys()],
      has: (tensor: string) => shapes.has(tensor),
      info: (tensor: string) => ({ name: tensor, dtype: 'float16', shape: shapes.get(tensor) ?? [] }),
    } as unknown as Parameters<typeof inferEVAConfig>[0]
    expect(inferEVAConfig(checkpoint, name)).toEqual(config)
  })

  it('that no published model has must be given', async () => {
    const file = join(folder, 'other.pt')
    cpSync(`${goldens}g-1k/g-1k.pt`, file)
    await expect(EVA.fromPretrained(file)).rejects.toThrow(/no published EVA is 16 wide/)
    const model = await EVA.fromPretrained(file, { config: goldenConfig('g-1k') })
    await model.dispose()
    expect(JSON.parse(readFileSync(`${goldens}g-1k/config.json`, 'utf8')).architecture).toBe('eva_g_patch14')
  })
})
