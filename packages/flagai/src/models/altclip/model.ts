import { constant, FlagError, ops, type Scope, type Value } from '@flag/core-tensor'
import {
  attention,
  embedding,
  layerNorm,
  linear,
  mlp,
  paddingBias,
  parameter,
  patchEmbedding,
  resizePositions,
} from '../../layers/index.ts'
import type { AltCLIPConfig, TextConfig, VisionConfig } from './config.ts'

// AltCLIP (Chen et al. 2022, arXiv 2211.06679): the image tower of CLIP, and XLM-RoBERTa as a text tower that has
// learned to give a CLIP text tower's embedding. Shapes: B batch, T tokens, N patches + 1, D width of a tower,
// P width of the teacher, E width of the shared embedding.

export interface TowerOptions {
  /** Compute every token's state in every layer. By default the last layer is computed only where it is read. */
  hiddenStates?: boolean
  /**
   * Vision tower: indices [K] (int64) of the patches to look at; all of them by default. Leaving out a random half
   * while training nearly halves the cost (FLIP, Li et al. 2023).
   */
  patches?: Value
}

export interface TowerOutput {
  /** One vector per text or picture, before the projection to the shared embedding. */
  pooled: Value
  /** With `hiddenStates`: the states after the embedding and after each layer, [B, T, D] each. */
  hiddenStates: Value[]
}

/** `x[:, :1]`, the token that stands for the whole sequence. */
const firstToken = (x: Value): Value => ops.slice(x, [0], [1], [1]) // [B, 1, D]

const withoutTokenAxis = (x: Value): Value => ops.reshape(x, [x.shape[0], x.shape[2]]) // [B, D]

type Layer = (scope: Scope, x: Value, rows: (x: Value) => Value) => Value

/** Runs the layers, the last one only for the first token unless all states are wanted. */
function encoder(scope: Scope, x: Value, layers: number, layer: Layer, options: TowerOptions): Value[] {
  const states = [x]
  for (let i = 0; i < layers; i++) {
    const all = options.hiddenStates || i < layers - 1
    states.push(layer(scope.at(i), states[i], all ? (h) => h : firstToken))
  }
  return states
}

/**
 * XLM-RoBERTa (post-norm) over `ids` [B, T], int64, padded on the right. `mask` [B, T] is true where there is a token;
 * by default wherever the id is not that of padding. The scope is that of the whole model.
 */
export function textTower(
  scope: Scope,
  config: TextConfig,
  { ids, mask = ops.logicalNot(ops.equal(ids, config.padId)) }: { ids: Value; mask?: Value },
  options: TowerOptions = {},
): TowerOutput {
  const model = scope.at('text_model')
  const roberta = model.at('roberta')
  const bias = paddingBias(mask) // [B, 1, 1, T]
  const embedded = textEmbedding(roberta.at('embeddings'), config, ids) // [B, T, D]
  const layer: Layer = (at, x, rows) => postNormLayer(at, config, x, rows, bias)
  const states = encoder(roberta.at('encoder.layer'), embedded, config.layers, layer, options)
  const first = withoutTokenAxis(firstToken(states[config.layers])) // [B, D]
  return { pooled: teacherSpace(model, config, first), hiddenStates: states } // [B, P]
}

/** Any states of the text tower [..., D] in the teacher's space [..., P]. */
const teacherSpace = (model: Scope, config: TextConfig, x: Value): Value =>
  linear(model.at('transformation'), layerNorm(model.at('pre_LN'), x, config.epsilon))

/** `last_hidden_state` of transformers' AltCLIPTextModel: all tokens of the last layer in the teacher's space. */
export function textTokens(scope: Scope, config: TextConfig, lastState: Value): Value {
  return teacherSpace(scope.at('text_model'), config, lastState) // [B, T, P]
}

function textEmbedding(scope: Scope, config: TextConfig, ids: Value): Value {
  const words = embedding(scope.at('word_embeddings'), ids) // [B, T, D]
  const type = ops.slice(parameter(scope.at('token_type_embeddings'), 'weight'), [0], [1], [0]) // [1, D]
  const places = embedding(scope.at('position_embeddings'), positionIds(ids, config.padId)) // [B, T, D]
  return layerNorm(scope.at('LayerNorm'), ops.add(ops.add(words, type), places), config.epsilon)
}

/** Places count from `padId + 1` over what is not padding; padding has place `padId`, as in fairseq. */
function positionIds(ids: Value, padId: number): Value {
  const present = ops.cast(ops.logicalNot(ops.equal(ids, padId)), 'int64') // [B, T]
  return ops.add(ops.mul(ops.cumSum(present, 1), present), padId) // [B, T]
}

function postNormLayer(
  scope: Scope,
  config: TextConfig,
  x: Value,
  rows: (x: Value) => Value,
  bias: Value,
): Value {
  const self = scope.at('attention.self')
  const scopes = {
    query: self.at('query'),
    key: self.at('key'),
    value: self.at('value'),
    output: scope.at('attention.output.dense'),
  }
  const mixed = attention(scopes, rows(x), x, { heads: config.heads, bias }) // [B, T, D]
  const y = layerNorm(scope.at('attention.output.LayerNorm'), ops.add(mixed, rows(x)), config.epsilon)
  const fed = mlp(scope.at('intermediate.dense'), scope.at('output.dense'), y, config.activation) // [B, T, D]
  return layerNorm(scope.at('output.LayerNorm'), ops.add(fed, y), config.epsilon)
}

/**
 * CLIP's vision transformer (pre-norm) over `pixels` [B, 3, H, W], preprocessed. A size other than the model's own
 * interpolates the learned positions. The scope is that of the whole model.
 */
export function visionTower(
  scope: Scope,
  config: VisionConfig,
  pixels: Value,
  options: TowerOptions = {},
): TowerOutput {
  const model = scope.at('vision_model')
  const embedded = visionEmbedding(model.at('embeddings'), config, pixels, options.patches) // [B, N, D]
  const x = layerNorm(model.at('pre_layrnorm'), embedded, config.epsilon) // the name is spelled so
  const layer: Layer = (at, h, rows) => preNormLayer(at, config, h, rows)
  const states = encoder(model.at('encoder.layers'), x, config.layers, layer, options)
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

function preNormLayer(scope: Scope, config: VisionConfig, x: Value, rows: (x: Value) => Value): Value {
  const self = scope.at('self_attn')
  const scopes = {
    query: self.at('q_proj'),
    key: self.at('k_proj'),
    value: self.at('v_proj'),
    output: self.at('out_proj'),
  }
  const h = layerNorm(scope.at('layer_norm1'), x, config.epsilon) // [B, N, D]
  const y = ops.add(rows(x), attention(scopes, rows(h), h, { heads: config.heads })) // [B, N, D]
  const normed = layerNorm(scope.at('layer_norm2'), y, config.epsilon)
  return ops.add(y, mlp(scope.at('mlp.fc1'), scope.at('mlp.fc2'), normed, config.activation))
}

/** Texts in the shared embedding, not normalised. */
export function textEmbeds(scope: Scope, config: AltCLIPConfig, inputs: { ids: Value; mask?: Value }): Value {
  return linear(scope.at('text_projection'), textTower(scope, config.text, inputs).pooled) // [B, E]
}

/** Pictures in the shared embedding, not normalised. */
export function imageEmbeds(
  scope: Scope,
  config: AltCLIPConfig,
  pixels: Value,
  options: TowerOptions = {},
): Value {
  return linear(scope.at('visual_projection'), visionTower(scope, config.vision, pixels, options).pooled) // [B, E]
}

/** `exp(logit_scale) * images @ textsᵀ` of normalised embeddings: one row per picture. */
export function imageLogits(scope: Scope, images: Value, texts: Value): Value {
  const scale = ops.exp(parameter(scope, 'logit_scale')) // []
  return ops.mul(ops.matmul(images, ops.transpose(texts)), scale) // [images, texts]
}
