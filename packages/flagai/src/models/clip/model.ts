import { ops, type Scope, type Value } from '@flag/core-tensor'
import { linear, parameter } from '../../layers/index.ts'
import { filled, normal, type ParameterTable } from '../parameters.ts'
import type { TowerOptions } from '../towers.ts'
import type { CLIPConfig, VisionConfig } from './config.ts'
import { textParameters, textTower } from './text.ts'
import { visionParameters, visionTower } from './vision.ts'

// CLIP (Radford et al. 2021, arXiv 2103.00020). Shapes: B batch, T tokens, E width of the shared embedding.

/** Texts [B, T] in the shared embedding, not normalised. */
export const textEmbeds = (scope: Scope, config: CLIPConfig, ids: Value): Value =>
  linear(scope.at('text_projection'), textTower(scope, config.text, ids).pooled) // [B, E]

/** Pictures [B, 3, H, W] in the shared embedding, not normalised. */
export const imageEmbeds = (
  scope: Scope,
  config: { readonly vision: VisionConfig },
  pixels: Value,
  options: TowerOptions = {},
): Value => linear(scope.at('visual_projection'), visionTower(scope, config.vision, pixels, options).pooled) // [B, E]

/** `exp(logit_scale) * images @ textsᵀ` of normalised embeddings: one row per picture. */
export function imageLogits(scope: Scope, images: Value, texts: Value): Value {
  const scale = ops.exp(parameter(scope, 'logit_scale')) // []
  return ops.mul(ops.matmul(images, ops.transpose(texts)), scale) // [images, texts]
}

/** The parameters that the towers of a dual encoder share an embedding by. `widths` are those of the pooled states. */
export const projections = (
  embedWidth: number,
  widths: { text: number; vision: number },
): ParameterTable => ({
  'visual_projection.weight': normal([embedWidth, widths.vision], widths.vision ** -0.5),
  'text_projection.weight': normal([embedWidth, widths.text], widths.text ** -0.5),
})

/** Every parameter of a CLIP model, by its state-dict name, in the order of transformers' CLIPModel. */
export function clipParameters(config: CLIPConfig): ParameterTable {
  const { text, vision, embedWidth } = config
  return {
    logit_scale: filled([], config.logitScale),
    ...textParameters('text_model', text),
    ...visionParameters('vision_model', vision),
    ...projections(embedWidth, { text: text.width, vision: vision.width }),
  }
}

export { textTower } from './text.ts'
export { visionTower } from './vision.ts'
