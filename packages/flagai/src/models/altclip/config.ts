import { FlagError } from '@flag/core-tensor'
import * as z from 'zod'
import {
  activation,
  count,
  divisible,
  epsilon,
  notDivisible,
  parseFields,
  std,
  tokenId,
  towerFields,
  vision,
} from '../clip/config.ts'

// Defaults are those of transformers' AltCLIPTextConfig and AltCLIPConfig (the vision tower's are CLIP's): published files
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
    pad_token_id: tokenId.default(1),
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

/** FlagAI's own class is a CLIP configuration whose text tower is an XLM-R, with other defaults. */
const flagAIDefaults = { projection_dim: 512, text: { project_dim: 512 } }

/**
 * Reads a published `config.json` of AltCLIP, AltCLIP-m9 or AltCLIP-m18, or one that FlagAI or transformers saved.
 * `file` is named in messages. Throws `invalid-argument` saying which field is wrong and why, `unsupported` when the
 * file describes another kind of model.
 */
export function parseAltCLIPConfig(json: unknown, file = 'config.json'): AltCLIPConfig {
  const { fields, text: textFields, vision: visionFields } = towerFields(json, file)
  const fromFlagAI = fields.model_type === 'clip' && textFields.model_type === 'xlm-roberta'
  if (fields.model_type !== undefined && fields.model_type !== 'altclip' && !fromFlagAI) {
    throw new FlagError('unsupported', `${file}: model_type is ${JSON.stringify(fields.model_type)}`, {
      hint: 'AltCLIP opens models whose model_type is "altclip", or "clip" with an "xlm-roberta" text tower',
    })
  }
  const defaults = fromFlagAI ? flagAIDefaults : undefined
  return parseFields(
    schema,
    {
      ...defaults,
      ...fields,
      text_config: { ...defaults?.text, ...textFields },
      vision_config: visionFields,
    },
    file,
    'AltCLIPConfig',
  )
}
