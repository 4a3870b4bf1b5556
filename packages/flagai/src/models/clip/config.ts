import { FlagError } from '@flag/core-tensor'
import * as z from 'zod'
import { activationNames } from '../../layers/index.ts'

export const count = z.number().int().positive()
export const tokenId = z.number().int().nonnegative()
export const activation = z.enum(activationNames)
export const epsilon = z.number().positive()
export const std = z.number().positive()

/** A square size, written as one number or as two equal ones. */
const side = z
  .union([count, z.tuple([count, count])])
  .transform((size) => (typeof size === 'number' ? [size, size] : size))
  .refine(([height, width]) => height === width, 'only square sizes are supported')
  .transform(([size]) => size)

export const divisible = <T extends { hidden_size: number; num_attention_heads: number }>(config: T) =>
  config.hidden_size % config.num_attention_heads === 0
export const notDivisible = { path: ['num_attention_heads'], message: 'must divide hidden_size' }

// Defaults are those of transformers' CLIPTextConfig, CLIPVisionConfig and CLIPConfig: published files leave out what
// equals them.
const text = z
  .object({
    vocab_size: count.default(49408),
    hidden_size: count.default(512),
    intermediate_size: count.default(2048),
    num_hidden_layers: count.default(12),
    num_attention_heads: count.default(8),
    max_position_embeddings: count.default(77),
    hidden_act: activation.default('quick_gelu'),
    layer_norm_eps: epsilon.default(1e-5),
    eos_token_id: tokenId.default(49407),
    initializer_range: std.default(0.02),
  })
  .refine(divisible, notDivisible)
  .transform((c) => ({
    vocabSize: c.vocab_size,
    width: c.hidden_size,
    mlpWidth: c.intermediate_size,
    layers: c.num_hidden_layers,
    heads: c.num_attention_heads,
    /** Rows of the position table: the longest text in tokens. */
    positions: c.max_position_embeddings,
    activation: c.hidden_act,
    epsilon: c.layer_norm_eps,
    /** The token whose state is the text's. Files from before 2023 say 2, which no tokenizer gives, and mean the last id. */
    endId: c.eos_token_id === 2 ? c.vocab_size - 1 : c.eos_token_id,
    initializerRange: c.initializer_range,
  }))

export const vision = z
  .object({
    hidden_size: count.default(768),
    intermediate_size: count.default(3072),
    num_hidden_layers: count.default(12),
    num_attention_heads: count.default(12),
    num_channels: count.default(3),
    image_size: side.default(224),
    patch_size: side.default(32),
    hidden_act: activation.default('quick_gelu'),
    layer_norm_eps: epsilon.default(1e-5),
    initializer_range: std.default(0.02),
  })
  .refine(divisible, notDivisible)
  .refine((c) => c.patch_size <= c.image_size, { path: ['patch_size'], message: 'is larger than image_size' })
  .transform((c) => ({
    width: c.hidden_size,
    mlpWidth: c.intermediate_size,
    layers: c.num_hidden_layers,
    heads: c.num_attention_heads,
    channels: c.num_channels,
    imageSize: c.image_size,
    patchSize: c.patch_size,
    /** Patches along one side of the picture. */
    grid: Math.floor(c.image_size / c.patch_size),
    activation: c.hidden_act,
    epsilon: c.layer_norm_eps,
    initializerRange: c.initializer_range,
  }))

const schema = z
  .object({
    text_config: text,
    vision_config: vision,
    projection_dim: count.default(512),
    logit_scale_init_value: z.number().default(2.6592),
  })
  .transform((c) => ({
    text: c.text_config,
    vision: c.vision_config,
    /** Width of the embedding that texts and pictures share. */
    embedWidth: c.projection_dim,
    /** Natural logarithm of the initial logit scale. */
    logitScale: c.logit_scale_init_value,
  }))

export type CLIPConfig = z.output<typeof schema>
export type CLIPTextConfig = CLIPConfig['text']
export type VisionConfig = CLIPConfig['vision']

type Json = Record<string, unknown>

/** The fields of a dual encoder's `config.json`, in which those of the towers may have an older name. */
export interface TowerFields {
  readonly fields: Json
  readonly text: Json
  readonly vision: Json
}

/**
 * Takes a dual encoder's `config.json` apart. Entries that are null count as absent: older versions of transformers
 * wrote them out. `text_config_dict` and `vision_config_dict`, where old files have them, win over the newer names.
 */
export function towerFields(json: unknown, file: string): TowerFields {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) {
    throw new FlagError('invalid-argument', `${file}: expected a JSON object`)
  }
  const fields = withoutNulls(json)
  return {
    fields,
    text: withoutNulls(fields.text_config_dict ?? fields.text_config),
    vision: withoutNulls(fields.vision_config_dict ?? fields.vision_config),
  }
}

const withoutNulls = (json: unknown): Json =>
  Object.fromEntries(Object.entries((json ?? {}) as Json).filter(([, value]) => value !== null))

/** What the schema makes of the fields. Throws `invalid-argument` saying which field is wrong and why. */
export function parseFields<T>(schema: z.ZodType<T>, json: unknown, file: string, className: string): T {
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new FlagError('invalid-argument', `${file}: ${issue.path.join('.') || 'content'}: ${issue.message}`, {
    hint: `expected the fields of ${className} as transformers saves them`,
  })
}

/**
 * Reads a published `config.json` of CLIP, or one that transformers saved. `file` is named in messages. Throws
 * `invalid-argument` saying which field is wrong and why, `unsupported` when the file describes another kind of model.
 */
export function parseCLIPConfig(json: unknown, file = 'config.json'): CLIPConfig {
  const { fields, text, vision } = towerFields(json, file)
  if (fields.model_type !== undefined && fields.model_type !== 'clip') {
    throw new FlagError('unsupported', `${file}: model_type is ${JSON.stringify(fields.model_type)}`, {
      hint: 'CLIP opens models whose model_type is "clip"',
    })
  }
  return parseFields(schema, { ...fields, text_config: text, vision_config: vision }, file, 'CLIPConfig')
}
