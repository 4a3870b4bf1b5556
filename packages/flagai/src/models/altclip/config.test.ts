import { describe, expect, it } from 'vitest'
import { parseAltCLIPConfig } from './index.ts'

describe('parseAltCLIPConfig', () => {
  it('fills what a file leaves out with the values of transformers', () => {
    const { text, vision, embedWidth } = parseAltCLIPConfig({ model_type: 'altclip' })
    expect(text).toMatchObject({ vocabSize: 250002, width: 1024, layers: 24, heads: 16, positions: 514 })
    expect(text).toMatchObject({ padId: 1, teacherWidth: 768, activation: 'gelu', epsilon: 1e-5 })
    expect(vision).toMatchObject({ width: 768, layers: 12, patchSize: 32, grid: 7, activation: 'quick_gelu' })
    expect(embedWidth).toBe(768)
  })

  it('reads AltCLIP as published, with the nulls of old files', () => {
    const config = parseAltCLIPConfig({
      model_type: 'altclip',
      projection_dim: 768,
      text_config: { model_type: 'xlm-roberta', project_dim: 768, bos_token_id: 0, pooler_fn: 'cls' },
      text_config_dict: null,
      vision_config: {
        hidden_size: 1024,
        intermediate_size: 4096,
        num_hidden_layers: 24,
        num_attention_heads: 16,
        patch_size: 14,
      },
      vision_config_dict: null,
    })
    expect(config.vision).toMatchObject({ width: 1024, mlpWidth: 4096, layers: 24, grid: 16 })
  })

  it('reads the pattern of m18', () => {
    const config = parseAltCLIPConfig({
      model_type: 'altclip',
      projection_dim: 1024,
      text_config: { project_dim: 1024 },
      vision_config: {
        hidden_size: 1280,
        hidden_act: 'gelu',
        num_hidden_layers: 32,
        num_attention_heads: 16,
        patch_size: [14, 14],
      },
    })
    expect(config).toMatchObject({ embedWidth: 1024, text: { teacherWidth: 1024 } })
    expect(config.vision).toMatchObject({ width: 1280, activation: 'gelu', patchSize: 14 })
  })

  it('lets the older names text_config_dict and vision_config_dict win, as transformers does', () => {
    const config = parseAltCLIPConfig({
      text_config: { hidden_size: 64 },
      text_config_dict: { hidden_size: 32 },
      vision_config: { hidden_size: 24 },
    })
    expect([config.text.width, config.vision.width]).toEqual([32, 24])
  })

  it("reads FlagAI's own class with its defaults", () => {
    const config = parseAltCLIPConfig({ model_type: 'clip', text_config: { model_type: 'xlm-roberta' } })
    expect([config.embedWidth, config.text.teacherWidth]).toEqual([512, 512])
  })

  it.each([
    [{ text_config: { hidden_size: 30, num_attention_heads: 4 } }, /num_attention_heads: must divide/],
    [{ text_config: { hidden_act: 'mish' } }, /text_config\.hidden_act/],
    [{ vision_config: { image_size: [224, 336] } }, /vision_config\.image_size: only square/],
    [{ vision_config: { image_size: 16, patch_size: 32 } }, /patch_size: is larger/],
    [{ projection_dim: -1 }, /projection_dim/],
    [{ projection_dim: '768' }, /projection_dim/],
    [{ model_type: 'blip' }, /model_type is "blip"/],
    [{ model_type: 'clip', text_config: { model_type: 'clip_text_model' } }, /model_type is "clip"/],
    [[], /expected a JSON object/],
    [null, /expected a JSON object/],
  ])('refuses %j', (json, message) => {
    expect(() => parseAltCLIPConfig(json, 'here/config.json')).toThrow(message)
    expect(() => parseAltCLIPConfig(json, 'here/config.json')).toThrow(/^here\/config\.json: /)
  })
})
