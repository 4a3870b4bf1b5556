import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FlagError, openCheckpoint, tensor, writeSafetensors, zeros } from '@flag/core-tensor'
import { describe, expect, it } from 'vitest'
import { goldenConfig, goldens } from './goldens.ts'
import { altCLIPParameters, parseAltCLIPConfig } from './index.ts'
import { findWeights } from './weights.ts'

const config = goldenConfig('altclip')

describe('findWeights', () => {
  it('leaves buffers and unused layers of old files alone', async () => {
    const checkpoint = await openCheckpoint(`${goldens}layouts/bin`)
    const { unused } = await findWeights(checkpoint, config, 'bin')
    expect([...unused].sort()).toEqual([
      'text_model.roberta.embeddings.position_ids',
      'text_model.roberta.pooler.dense.bias',
      'text_model.roberta.pooler.dense.weight',
      'vision_model.embeddings.position_ids',
    ])
    await checkpoint.close()
  })

  it('leaves the layer for image generation of m18 alone', async () => {
    const checkpoint = await openCheckpoint(`${goldens}altclip-m18`)
    const { unused } = await findWeights(checkpoint, goldenConfig('altclip-m18'), 'm18')
    expect(unused).toEqual(['text_model.transformation_pre.bias', 'text_model.transformation_pre.weight'])
    await checkpoint.close()
  })

  const parameters = Object.fromEntries(
    Object.entries(altCLIPParameters(config)).map(([name, { shape }]) => [name, zeros(shape)]),
  )

  async function errorOf(
    tensors: Record<string, Parameters<typeof writeSafetensors>[1][string]>,
    json = config,
  ) {
    const file = join(mkdtempSync(join(tmpdir(), 'weights-')), 'model.safetensors')
    await writeSafetensors(file, tensors)
    const checkpoint = await openCheckpoint(file)
    try {
      return await findWeights(checkpoint, json, 'model.safetensors').then(
        () => undefined,
        (error: FlagError) => error,
      )
    } finally {
      await checkpoint.close()
    }
  }

  it('says which tensors are missing, and which are there instead', async () => {
    const { 'text_model.pre_LN.weight': moved, ...rest } = parameters
    const error = await errorOf({ ...rest, 'text_model.pre_ln.weight': moved })
    expect(error).toMatchObject({ code: 'not-found' })
    expect(error?.message).toBe(
      'model.safetensors: the tensors are not those of the configuration; ' +
        '1 missing: text_model.pre_LN.weight; 1 unexpected: text_model.pre_ln.weight',
    )
  })

  it('says that a file is of something else', async () => {
    const error = await errorOf({ 'bert.embeddings.weight': zeros([2]), 'bert.pooler': zeros([2]) })
    expect(error?.message).toMatch(
      /\d+ missing: logit_scale.* and \d+ more; 2 unexpected: bert\.embeddings\.weight, bert\.pooler$/,
    )
    expect(error?.hint).toMatch(/are these its weights/)
  })

  it('says which tensor has another shape than config.json demands', async () => {
    const wide = parseAltCLIPConfig({
      text_config: {
        vocab_size: 152,
        hidden_size: 24,
        num_attention_heads: 3,
        intermediate_size: 48,
        num_hidden_layers: 2,
        max_position_embeddings: 34,
        project_dim: 20,
      },
      vision_config: {
        hidden_size: 32,
        num_attention_heads: 4,
        intermediate_size: 64,
        num_hidden_layers: 2,
        image_size: 28,
        patch_size: 14,
      },
      projection_dim: 20,
    })
    const error = await errorOf(parameters, wide)
    expect(error).toMatchObject({ code: 'shape-mismatch' })
    expect(error?.message).toMatch(/patch_embedding\.weight \[32, 3, 7, 7\] \(expected \[32, 3, 14, 14\]\)/)
  })

  it('says that quantised weights are not supported', async () => {
    const name = 'visual_projection.weight'
    const error = await errorOf({ ...parameters, [name]: zeros(parameters[name].shape, 'int8') })
    expect(error).toMatchObject({ code: 'dtype-mismatch' })
    expect(error?.message).toMatch(/visual_projection\.weight is int8/)
  })

  it('finds names under a prefix beside tensors of an optimiser', async () => {
    const prefixed = Object.entries(parameters).map(([name, value]) => [`ema.model.${name}`, value] as const)
    const state = { 'optimizer.state.0.step': tensor([1]) }
    expect(await errorOf({ ...Object.fromEntries(prefixed), ...state })).toBeUndefined()
  })
})
