import { ops, type Scope, type Value } from '@flag/core-tensor'
import { linear, parameter } from '../../layers/index.ts'
import { textTower } from '../clip/text.ts'
import { classTokenFeatures, trunk } from '../eva/model.ts'
import type { EVACLIPConfig } from './config.ts'

// EVA-CLIP (Sun et al. 2023, arXiv 2303.15389; 2024, arXiv 2402.04252): an EVA as image tower, and CLIP's text tower
// with the exact GELU. Shapes: B batch, T tokens, E width of the shared embedding.

export interface EVACLIPOutput {
  /** In the shared embedding, not normalised: [B, E]. */
  embeds: Value
  /** After the embedding and after each layer; the last has only what is read unless all are wanted. */
  hiddenStates: Value[]
}

/** Texts [B, T]: int64 ids with the end token in each row, padded on the right with anything. */
export function encodeText(
  scope: Scope,
  config: EVACLIPConfig,
  ids: Value,
  options: { hiddenStates?: boolean } = {},
): EVACLIPOutput {
  const { pooled, hiddenStates } = textTower(scope, config.text, ids, options)
  const embeds =
    config.layout === 'transformers'
      ? linear(scope.at('text_projection'), pooled)
      : ops.matmul(pooled, parameter(scope, 'text_projection'))
  return { embeds, hiddenStates }
}

/** Pictures [B, 3, H, W], preprocessed. A size other than the model's own interpolates the learned positions. */
export function encodeImage(
  scope: Scope,
  config: EVACLIPConfig,
  pixels: Value,
  options: { hiddenStates?: boolean } = {},
): EVACLIPOutput {
  const visual = scope.at('visual')
  const hiddenStates = trunk(visual, config.vision, pixels, { classTokenOnly: !options.hiddenStates })
  const pooled = classTokenFeatures(visual, config.vision, hiddenStates[config.vision.layers])
  return { embeds: linear(visual.at('head'), pooled), hiddenStates }
}
