import { openCheckpoint } from '@flag/core-tensor'
import { describe, expect, it } from 'vitest'
import { parameterCount } from '../parameters.ts'
import { parseCLIPConfig } from './config.ts'
import { cases, goldenConfig, goldenFolder } from './goldens.ts'
import { clipParameters } from './model.ts'

describe("every hidden state and output is that of transformers' CLIPModel", () => {
  it.each(cases.map((golden) => [golden.title, golden] as const))('%s', async (_, golden) => {
    const found = Object.entries(await golden.differences())
    const { text, vision } = goldenConfig(golden.title.includes('ViT-L') ? 'l14' : 'b32')
    expect(found.length).toBe(text.layers + vision.layers + 2 + 9)
    for (const [name, difference] of found) expect(difference, name).toBeLessThan(2e-5)
  })
})

it('names and shapes are those of the published state dict', async () => {
  const checkpoint = await openCheckpoint(`${goldenFolder('b32')}/model.safetensors`)
  const stored = checkpoint.names.map((name) => [name, checkpoint.info(name).shape])
  const table = Object.entries(clipParameters(goldenConfig('b32'))).map(([name, { shape }]) => [name, shape])
  expect(Object.fromEntries(table)).toEqual(Object.fromEntries(stored))
  await checkpoint.close()
})

const towers = (text: object, vision: object, projection_dim: number) =>
  parseCLIPConfig({ text_config: text, vision_config: vision, projection_dim })

// Counts of the published checkpoints, from their files' sizes in float32.
it.each([
  ['ViT-B/32', towers({}, {}, 512), 151_277_313],
  ['ViT-B/16', towers({}, { patch_size: 16 }, 512), 149_620_737],
  [
    'ViT-L/14',
    towers(
      { hidden_size: 768, intermediate_size: 3072, num_attention_heads: 12 },
      {
        hidden_size: 1024,
        intermediate_size: 4096,
        num_hidden_layers: 24,
        num_attention_heads: 16,
        patch_size: 14,
      },
      768,
    ),
    427_616_513,
  ],
])('%s has as many parameters as the published model', (_, config, count) => {
  expect(parameterCount(clipParameters(config))).toBe(count)
})

describe('parseCLIPConfig', () => {
  it('takes the end token 2 of old files for the last id', () => {
    expect(goldenConfig('b16').text.endId).toBe(59)
    expect(goldenConfig('b32').text.endId).toBe(59)
    expect(parseCLIPConfig({}).text.endId).toBe(49407)
  })

  it('refuses other models and wrong fields, naming the file', () => {
    expect(() => parseCLIPConfig({ model_type: 'siglip' }, 'a/config.json')).toThrow(
      'a/config.json: model_type is "siglip"',
    )
    expect(() => parseCLIPConfig({ text_config: { hidden_size: 10, num_attention_heads: 3 } })).toThrow(
      'config.json: text_config.num_attention_heads: must divide hidden_size',
    )
    expect(() => parseCLIPConfig([])).toThrow('expected a JSON object')
  })
})
