import { FlagError } from '@flag/core-tensor'
import { z } from 'zod'
import { activationNames } from '../../layers/index.ts'

const count = z.number().int().positive()
const id = z.number().int().nonnegative()
const activation = z.enum(activationNames)
const epsilon = z.number().positive()
const std = z.number().positive()
/** A square size, written as one number or as two equal ones. */
const side = z
  .union([count, z.tuple([count, count])])
  .transform((size) => (typeof size === 'number' ? [size, size] : size))
  .refine(([height, width]) => height === width, 'only square sizes are supported')
  .transform(([size]) => size)

const divisible = <T extends { hidden_size: number; num_attention_heads: number }>(config: T) =>
  config.hidden_size % config.num_attention_heads === 0
const notDivisible = { path: ['num_attention_heads'], message: 'must divide hidden_size' }

// Defaults are those of transformers' AltCLIPTextConfig, AltCLIPVisionConfig and AltCLIPConfig: published files
// leave out what equals them.
const text = z
  .object({
    vocab_size: count.default(250002),
    hidden_size: count.default(1024),
    intermediate_size: count.default(4096),
    num_hidden_layers: count.default(24),
    num_attention_heads: count.default(16),
    max_position_embeddings: count.default(514),
    type_vocab_size: count.default(1),
    hidden_act: activation.default('gelu'),
    layer_norm_eps: epsilon.default(1e-5),
    pad_token_id: id.default(1),
    project_dim: count.default(768),
    initializer_range: std.default(0.02),
  })
  .refine(divisible, notDivisible)
  .transform((c) => ({
    vocabSize: c.vocab_size,
    width: c.hidden_size,
    mlpWidth: c.intermediate_size,
    layers: c.num_hidden_layers,
    heads: c.num_attention_heads,
    /** Rows of the position table; the longest text is `positions - padId - 1` tokens. */
    positions: c.max_position_embeddings,
    tokenTypes: c.type_vocab_size,
    activation: c.hidden_act,
    epsilon: c.layer_norm_eps,
    padId: c.pad_token_id,
    /** Width of the teacher's text embedding, to which `transformation` maps. */
    teacherWidth: c.project_dim,
    initializerRange: c.initializer_range,
  }))

const vision = z
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
    projection_dim: count.default(768),
    logit_scale_init_value: z.number().default(2.6592),
    languages: z.array(z.string()).optional(),
  })
  .transform((c) => ({
    text: c.text_config,
    vision: c.vision_config,
    /** Width of the embedding that texts and pictures share. */
    embedWidth: c.projection_dim,
    /** Natural logarithm of the initial logit scale. */
    logitScale: c.logit_scale_init_value,
    /** BCP 47 codes, where the file says what the model was trained for. */
    languages: c.languages,
  }))

export type AltCLIPConfig = z.output<typeof schema>
export type TextConfig = AltCLIPConfig['text']
export type VisionConfig = AltCLIPConfig['vision']

type Json = Record<string, unknown>

/** Entries that are null count as absent: older versions of transformers wrote them out. */
const withoutNulls = (json: unknown): Json =>
  Object.fromEntries(Object.entries((json ?? {}) as Json).filter(([, value]) => value !== null))

/** FlagAI's own class is a CLIP configuration whose text tower is an XLM-R, with other defaults. */
const flagAIDefaults = { projection_dim: 512, text: { project_dim: 512 } }

/**
 * Reads a published `config.json` of AltCLIP, AltCLIP-m9 or AltCLIP-m18, or one that FlagAI or transformers saved.
 * `file` is named in messages. Throws `invalid-argument` saying which field is wrong and why, `unsupported` when the
 * file describes another kind of model.
 */
export function parseAltCLIPConfig(json: unknown, file = 'config.json'): AltCLIPConfig {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) {
    throw new FlagError('invalid-argument', `${file}: expected a JSON object`)
  }
  const fields = withoutNulls(json)
  // `text_config_dict` and `vision_config_dict`, where old files have them, win over the newer names.
  const textFields = withoutNulls(fields.text_config_dict ?? fields.text_config)
  const visionFields = withoutNulls(fields.vision_config_dict ?? fields.vision_config)
  const fromFlagAI = fields.model_type === 'clip' && textFields.model_type === 'xlm-roberta'
  if (fields.model_type !== undefined && fields.model_type !== 'altclip' && !fromFlagAI) {
    throw new FlagError('unsupported', `${file}: model_type is ${JSON.stringify(fields.model_type)}`, {
      hint: 'AltCLIP opens models whose model_type is "altclip", or "clip" with an "xlm-roberta" text tower',
    })
  }
  const defaults = fromFlagAI ? flagAIDefaults : undefined
  const parsed = schema.safeParse({
    ...defaults,
    ...fields,
    text_config: { ...defaults?.text, ...textFields },
    vision_config: visionFields,
  })
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new FlagError(
      'invalid-argument',
      `${file}: ${issue.path.join('.') || 'content'}: ${issue.message}`,
      {
        hint: 'expected the fields of AltCLIPConfig as transformers saves them',
      },
    )
  }
  return parsed.data
}
