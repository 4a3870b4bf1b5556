import { FlagError } from '@flag/core-tensor'
import * as z from 'zod'
import type { CLIPTextConfig } from '../clip/config.ts'
import { bodyOf, bodyOfArchitecture, type DesignName, designs, type EVABody } from '../eva/config.ts'

export interface EVACLIPConfig {
  readonly vision: EVABody
  readonly text: CLIPTextConfig
  /** Width of the embedding that texts and pictures share. */
  readonly embedWidth: number
  /** Whether the image tower's projection has a bias. */
  readonly visionBias: boolean
  /**
   * Whose layout the file has: `original` (also open_clip's) with one layer for the text tower's queries, keys and
   * values and its projection `[width, embedding]`, or `transformers` with three and `[embedding, width]`.
   */
  readonly layout: 'original' | 'transformers'
}

/** Natural logarithm of the logit scale that training starts with: 1 / 0.07. */
export const LOGIT_SCALE = Math.log(1 / 0.07)

/** CLIP's text tower with the exact GELU, with heads of 64 unless told otherwise. */
export const textConfig = (width: number, layers: number, heads = width / 64): CLIPTextConfig => ({
  vocabSize: 49408,
  width,
  mlpWidth: 4 * width,
  layers,
  heads,
  positions: 77,
  activation: 'gelu',
  epsilon: 1e-5,
  endId: 49407,
  initializerRange: 0.02,
})

/** A published model's configuration. */
export function evaCLIPConfig(
  design: DesignName,
  text: { width: number; layers: number },
  embedWidth: number,
  { patchSize = 14, imageSize = 224 } = {},
): EVACLIPConfig {
  const vision = bodyOf(designs[design], patchSize, imageSize)
  return {
    vision,
    text: textConfig(text.width, text.layers),
    embedWidth,
    visionBias: vision.attentionBias !== 'none',
    layout: 'original',
  }
}

const count = z.number().int().positive()
const originalText = z.object({
  context_length: count.default(77),
  vocab_size: count.default(49408),
  width: count.default(512),
  heads: count.default(8),
  layers: count.default(12),
})
const originalVision = z.object({
  image_size: count.default(224),
  layers: count.default(12),
  width: count.default(768),
  head_width: count.default(64),
  patch_size: count.default(16),
  mlp_ratio: z.number().positive().default(4),
  qkv_bias: z.boolean().default(true),
  postnorm: z.boolean().default(false),
  rope: z.boolean().default(false),
  pt_hw_seq_len: count.default(16),
  naiveswiglu: z.boolean().default(false),
  subln: z.boolean().default(false),
  use_rms_norm: z.boolean().default(false),
  timm_model_name: z.string().optional(),
})
const original = z.object({ embed_dim: count, vision_cfg: originalVision, text_cfg: originalText })

const flag = z.boolean().nullish()
const transformers = z.object({
  projection_dim: count,
  vision_config: z.object({
    hidden_size: count,
    intermediate_size: count,
    num_hidden_layers: count,
    num_attention_heads: count,
    image_size: count.default(224),
    patch_size: count.default(14),
    layer_norm_eps: z.number().positive().default(1e-6),
    q_bias: flag,
    v_bias: flag,
    post_layernorm: flag,
    use_rms_norm: flag,
    use_swiglu_mlp: flag,
    use_sub_ln: flag,
    use_rope: flag,
    pretrained_seq_len: count.nullish(),
  }),
  text_config: z.object({
    hidden_size: count,
    intermediate_size: count,
    num_hidden_layers: count,
    num_attention_heads: count,
    max_position_embeddings: count.default(77),
    vocab_size: count.default(49408),
    layer_norm_eps: z.number().positive().default(1e-5),
  }),
})

/** Whether a parsed `config.json` describes EVA-CLIP in one of the forms that `parseEVACLIPConfig` reads. */
const formOf = (json: unknown): 'open_clip' | 'original' | 'transformers' | undefined => {
  if (typeof json !== 'object' || json === null) return undefined
  if ('model_cfg' in json) return 'open_clip'
  if ('vision_cfg' in json) return 'original'
  return 'vision_config' in json ? 'transformers' : undefined
}

/**
 * Reads a configuration in the form of the original repository (`embed_dim`, `vision_cfg`, `text_cfg`), of open_clip
 * (`open_clip_config.json`, whose image tower is an architecture of timm), or of the modelling code beside
 * BAAI/EVA-CLIP-8B (`vision_config`, `text_config`). Throws `invalid-argument` saying which field is wrong.
 */
export function parseEVACLIPConfig(json: unknown, file = 'config.json'): EVACLIPConfig {
  const form = formOf(json)
  if (form === 'transformers') return fromTransformers(parse(transformers, json, file))
  if (form === undefined) {
    throw new FlagError('invalid-argument', `${file}: not the configuration of an EVA-CLIP model`, {
      hint: 'expected vision_cfg and text_cfg, model_cfg, or vision_config and text_config',
    })
  }
  const fields = form === 'open_clip' ? (json as { model_cfg: unknown }).model_cfg : json
  return fromOriginal(parse(original, fields, file), file)
}

function parse<T>(schema: z.ZodType<T>, json: unknown, file: string): T {
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new FlagError('invalid-argument', `${file}: ${issue.path.join('.') || 'content'}: ${issue.message}`, {
    hint: 'use the configuration that was published with these weights',
  })
}

function fromOriginal(
  { embed_dim, vision_cfg: v, text_cfg: t }: z.output<typeof original>,
  file: string,
): EVACLIPConfig {
  const named = v.timm_model_name === undefined ? undefined : bodyOfArchitecture(v.timm_model_name)
  if (v.timm_model_name !== undefined && named === undefined) {
    throw new FlagError('unsupported', `${file}: the image tower is ${v.timm_model_name}, which is no EVA`)
  }
  const vision: EVABody = named
    ? bodyOf(named, named.patchSize, v.image_size)
    : bodyOf(
        {
          width: v.width,
          layers: v.layers,
          heads: Math.floor(v.width / v.head_width),
          mlpWidth: Math.trunc(v.width * v.mlp_ratio),
          attention: v.subln ? 'split' : 'fused',
          attentionBias: v.qkv_bias ? 'qv' : 'none',
          attentionNorm: v.subln,
          mlp: v.naiveswiglu ? 'swiglu' : 'gelu',
          mlpNorm: v.subln,
          norm: v.use_rms_norm ? 'rms' : 'layer',
          postNorm: v.postnorm,
          rotaryGrid: v.rope ? v.pt_hw_seq_len : undefined,
          epsilon: 1e-6,
        },
        v.patch_size,
        v.image_size,
      )
  return {
    vision,
    text: {
      ...textConfig(t.width, t.layers, t.heads),
      vocabSize: t.vocab_size,
      positions: t.context_length,
      endId: t.vocab_size - 1,
    },
    embedWidth: embed_dim,
    visionBias: v.qkv_bias,
    layout: 'original',
  }
}

function fromTransformers({
  projection_dim,
  vision_config: v,
  text_config: t,
}: z.output<typeof transformers>): EVACLIPConfig {
  const normed = v.use_sub_ln === true
  const biased = v.q_bias === true && v.v_bias === true
  const vision = bodyOf(
    {
      width: v.hidden_size,
      layers: v.num_hidden_layers,
      heads: v.num_attention_heads,
      mlpWidth: v.intermediate_size,
      attention: 'split',
      attentionBias: biased ? 'qv' : 'none',
      attentionNorm: normed,
      mlp: v.use_swiglu_mlp === true ? 'swiglu' : 'gelu',
      mlpNorm: normed,
      norm: v.use_rms_norm === true ? 'rms' : 'layer',
      postNorm: v.post_layernorm === true,
      rotaryGrid: v.use_rope === true ? (v.pretrained_seq_len ?? 16) : undefined,
      epsilon: v.layer_norm_eps,
    },
    v.patch_size,
    v.image_size,
  )
  const text: CLIPTextConfig = {
    ...textConfig(t.hidden_size, t.num_hidden_layers, t.num_attention_heads),
    mlpWidth: t.intermediate_size,
    vocabSize: t.vocab_size,
    positions: t.max_position_embeddings,
    epsilon: t.layer_norm_eps,
    endId: t.vocab_size - 1,
  }
  return { vision, text, embedWidth: projection_dim, visionBias: biased, layout: 'transformers' }
}
