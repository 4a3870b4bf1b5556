import { constant, FlagError, ops, type Scope, type Value } from '@flag/core-tensor'
import { layerNorm, parameter, patchEmbedding, resizePositions } from '../../layers/index.ts'
import { layered, norm, normal, type ParameterTable } from '../parameters.ts'
import { encoder, firstToken, type TowerOptions, type TowerOutput, withoutTokenAxis } from '../towers.ts'
import type { VisionConfig } from './config.ts'
import { preNormLayer, preNormParameters } from './layer.ts'

// The image tower of CLIP (Radford et al. 2021, arXiv 2103.00020): a vision transformer with a class token and one
// more layer norm before the first layer. Shapes: B batch, N patches + 1, D width.

/**
 * The tower over `pixels` [B, 3, H, W], preprocessed. A size other than the model's own interpolates the learned
 * positions. The scope is that of the whole model.
 */
export function visionTower(
  scope: Scope,
  config: VisionConfig,
  pixels: Value,
  { patches, hiddenStates }: TowerOptions = {},
): TowerOutput {
  const model = scope.at('vision_model')
  const embedded = visionEmbedding(model.at('embeddings'), config, pixels, patches) // [B, N, D]
  const x = layerNorm(model.at('pre_layrnorm'), embedded, config.epsilon) // the name is spelled so
  const states = encoder(model.at('encoder.layers'), x, config.layers, preNormLayer(config), {
    read: firstToken,
    hiddenStates,
  })
  const first = withoutTokenAxis(firstToken(states[config.layers])) // [B, D]
  return { pooled: layerNorm(model.at('post_layernorm'), first, config.epsilon), hiddenStates: states } // [B, D]
}

function visionEmbedding(scope: Scope, config: VisionConfig, pixels: Value, kept?: Value): Value {
  const [batch, channels, height, width] = pixels.shape
  if (channels !== config.channels || typeof height !== 'number' || typeof width !== 'number') {
    throw new FlagError(
      'shape-mismatch',
      `the vision tower reads pixels [batch, ${config.channels}, height, width] of known height and width, got ${pixels}`,
    )
  }
  const patches = patchEmbedding(scope.at('patch_embedding'), pixels, config.patchSize) // [B, N - 1, D]
  const token = ops.reshape(parameter(scope, 'class_embedding'), [1, 1, config.width])
  const tokens = ops.concat([ops.expand(token, [batch, 1, config.width]), patches], 1) // [B, N, D]
  const table = parameter(scope.at('position_embedding'), 'weight') // [1 + grid * grid, D]
  const side = (pixelCount: number) => Math.floor(pixelCount / config.patchSize)
  const all = ops.add(tokens, resizePositions(table, side(height), side(width))) // [B, N, D]
  if (!kept) return all
  const withClass = ops.concat([constant([0], 'int64'), ops.add(kept, 1)], 0) // [K + 1]
  return ops.gather(all, withClass, 1) // [B, K + 1, D]
}

/** The tower's parameters. Initial values are those of transformers: scaled by width and depth. */
export function visionParameters(prefix: string, config: VisionConfig): ParameterTable {
  const { width, channels, patchSize, grid, initializerRange } = config
  const embeddings = `${prefix}.embeddings`
  return {
    [`${embeddings}.class_embedding`]: normal([width], width ** -0.5),
    [`${embeddings}.patch_embedding.weight`]: normal(
      [width, channels, patchSize, patchSize],
      initializerRange,
    ),
    [`${embeddings}.position_embedding.weight`]: normal([grid ** 2 + 1, width], initializerRange),
    ...norm(`${prefix}.pre_layrnorm`, width),
    ...layered(config.layers, (i) => preNormParameters(`${prefix}.encoder.layers.${i}`, config)),
    ...norm(`${prefix}.post_layernorm`, width),
  }
}
