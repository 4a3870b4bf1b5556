import { Generator, openCheckpoint } from '@flag/core-tensor'
import { expect, it } from 'vitest'
import { goldenConfig, goldens } from './goldens.ts'
import { altCLIPParameters, initialParameters } from './index.ts'

const config = goldenConfig('altclip')

it('names and shapes are those of the published state dict', async () => {
  const checkpoint = await openCheckpoint(`${goldens}altclip/model.safetensors`)
  const stored = checkpoint.names.map((name) => [name, checkpoint.info(name).shape])
  const table = Object.entries(altCLIPParameters(config)).map(([name, { shape }]) => [name, shape])
  expect(Object.fromEntries(table)).toEqual(Object.fromEntries(stored))
  await checkpoint.close()
})

it('starts as transformers does', () => {
  const parameters = initialParameters(config, new Generator(5))
  const deviation = (name: string) => {
    const { data } = parameters[name]
    return Math.sqrt(data.reduce((sum, x) => sum + x * x, 0) / data.length)
  }
  const { width } = config.vision
  const near = (name: string, expected: number) => expect(deviation(name) / expected, name).toBeCloseTo(1, 0)
  near('text_model.roberta.embeddings.word_embeddings.weight', 0.02)
  near('text_model.roberta.encoder.layer.1.output.dense.weight', 0.02)
  near('vision_model.embeddings.patch_embedding.weight', 0.02)
  near('vision_model.encoder.layers.0.self_attn.q_proj.weight', width ** -0.5 * (2 * 2) ** -0.5)
  near('vision_model.encoder.layers.0.self_attn.out_proj.weight', width ** -0.5)
  near('vision_model.encoder.layers.0.mlp.fc1.weight', (2 * width) ** -0.5)
  near('text_projection.weight', config.text.teacherWidth ** -0.5)
  expect(parameters.logit_scale.item()).toBeCloseTo(2.6592, 5)
  expect(new Set(parameters['text_model.pre_LN.weight'].data)).toEqual(new Set([1]))
  expect(new Set(parameters['text_model.transformation.bias'].data)).toEqual(new Set([0]))
})

it('the row of the padding token is zero, and the same seed gives the same numbers', () => {
  const parameters = initialParameters(config, new Generator(5))
  const words = parameters['text_model.roberta.embeddings.word_embeddings.weight']
  expect(words.row(config.text.padId).data.every((x) => x === 0)).toBe(true)
  expect(words.row(0).data.some((x) => x === 0)).toBe(false)
  expect(initialParameters(config, new Generator(5))).toEqual(parameters)
})
