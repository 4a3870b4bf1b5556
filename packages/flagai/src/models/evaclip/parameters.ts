import { textParameters } from '../clip/text.ts'
import { bodyParameters, evaSpellings, renamed } from '../eva/parameters.ts'
import { filled, norm, normal, type ParameterTable } from '../parameters.ts'
import { type EVACLIPConfig, LOGIT_SCALE } from './config.ts'

/**
 * Every parameter of a model: those of the image tower by the names of the original code, those of the text tower by
 * CLIP's in transformers, whose graph it is.
 */
export function evaCLIPParameters(config: EVACLIPConfig): ParameterTable {
  const { vision, text, embedWidth, layout } = config
  const transposed = layout === 'transformers'
  const std = text.width ** -0.5
  return {
    logit_scale: filled([], LOGIT_SCALE),
    ...bodyParameters(vision, 'visual.', transposed),
    ...(vision.norm === 'rms'
      ? { 'visual.norm.weight': filled([vision.width], 1) }
      : norm('visual.norm', vision.width)),
    'visual.head.weight': normal([embedWidth, vision.width], 0.02),
    ...(config.visionBias ? { 'visual.head.bias': filled([embedWidth], 0) } : {}),
    ...(transposed
      ? textParameters('text_model', text)
      : withFusedProjections(textParameters('text_model', text))),
    ...(transposed
      ? { 'text_projection.weight': normal([embedWidth, text.width], std) }
      : { text_projection: normal([text.width, embedWidth], std) }),
  }
}

/** The table with one projection `qkv` in place of the three of each layer. */
function withFusedProjections(table: ParameterTable): ParameterTable {
  const entries = Object.entries(table).flatMap(([name, spec]): [string, typeof spec][] => {
    if (/self_attn\.[kv]_proj\./.test(name)) return []
    if (!name.includes('self_attn.q_proj.')) return [[name, spec]]
    const [out, ...rest] = spec.shape
    return [[name.replace('q_proj', 'qkv'), { ...spec, shape: [3 * out, ...rest] }]]
  })
  return Object.fromEntries(entries)
}

type Renamings = readonly (readonly [string, string])[]

/** The text tower in the original code and in open_clip. */
const originalText: Renamings = [
  ['text_model.embeddings.token_embedding.', 'text.token_embedding.'],
  ['text_model.embeddings.position_embedding.weight', 'text.positional_embedding'],
  ['text_model.encoder.layers.', 'text.transformer.resblocks.'],
  ['.self_attn.qkv.', '.attn.in_proj_'],
  ['.self_attn.out_proj.', '.attn.out_proj.'],
  ['.layer_norm1.', '.ln_1.'],
  ['.layer_norm2.', '.ln_2.'],
  ['.mlp.fc1.', '.mlp.c_fc.'],
  ['.mlp.fc2.', '.mlp.c_proj.'],
  ['text_model.final_layer_norm.', 'text.ln_final.'],
]

/** The image tower in the modelling code of BAAI/EVA-CLIP-8B. */
const transformersVision: Renamings = [
  ['visual.cls_token', 'vision_model.embeddings.class_embedding'],
  ['visual.pos_embed', 'vision_model.embeddings.position_embedding.weight'],
  ['visual.patch_embed.proj.', 'vision_model.embeddings.patch_embedding.'],
  ['visual.blocks.', 'vision_model.encoder.layers.'],
  ['visual.norm.', 'vision_model.post_layernorm.'],
  ['visual.head.', 'visual_projection.'],
  ['.norm1.', '.layer_norm1.'],
  ['.norm2.', '.layer_norm2.'],
  ['.attn.q_bias', '.self_attn.q_proj.bias'],
  ['.attn.v_bias', '.self_attn.v_proj.bias'],
  ['.attn.proj.', '.self_attn.out_proj.'],
  ['.attn.', '.self_attn.'],
  ['.mlp.w1.', '.mlp.fc1.'],
  ['.mlp.w2.', '.mlp.fc2.'],
  ['.mlp.w3.', '.mlp.fc3.'],
]

/**
 * The names under which a parameter may be stored: those of the original code, of its older form without `text.`, of
 * timm in open_clip, and of transformers.
 */
export function evaCLIPSpellings(name: string): string[] {
  if (name.startsWith('visual.')) {
    const own = evaSpellings(name)
    const inOpenCLIP = own.map((spelt) => spelt.replace('visual.', 'visual.trunk.'))
    return [...own, ...inOpenCLIP, renamed(name, transformersVision)]
  }
  if (name === 'text_projection') return ['text.text_projection', 'text_projection']
  if (!name.startsWith('text_model.')) return [name]
  const original = renamed(name, originalText)
  return [original, original.replace(/^text\./, ''), name]
}
