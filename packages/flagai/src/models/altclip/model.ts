import { ops, type Scope, type Value } from '@flag/core-tensor'
import { attention, embedding, layerNorm, linear, mlp, paddingBias, parameter } from '../../layers/index.ts'
import {
  encoder,
  firstToken,
  type Layer,
  type Rows,
  type TowerOptions,
  type TowerOutput,
  withoutTokenAxis,
} from '../towers.ts'
import type { AltCLIPConfig, TextConfig } from './config.ts'

// AltCLIP (Chen et al. 2022, arXiv 2211.06679): the image tower of CLIP (see ../clip), and XLM-RoBERTa as a text tower
// that has learned to give a CLIP text tower's embedding. Shapes: B batch, T tokens, D width of the tower, P width of
// the teacher, E width of the shared embedding.

/**
 * XLM-RoBERTa (post-norm) over `ids` [B, T], int64, padded on the right. `mask` [B, T] is true where there is a token;
 * by default wherever the id is not that of padding. The scope is that of the whole model.
 */
export function textTower(
  scope: Scope,
  config: TextConfig,
  { ids, mask = ops.logicalNot(ops.equal(ids, config.padId)) }: { ids: Value; mask?: Value },
  { hiddenStates }: Pick<TowerOptions, 'hiddenStates'> = {},
): TowerOutput {
  const model = scope.at('text_model')
  const roberta = model.at('roberta')
  const bias = paddingBias(mask) // [B, 1, 1, T]
  const embedded = textEmbedding(roberta.at('embeddings'), config, ids) // [B, T, D]
  const layer: Layer = (at, x, rows) => postNormLayer(at, config, x, rows, bias)
  const states = encoder(roberta.at('encoder.layer'), embedded, config.layers, layer, {
    read: firstToken,
    hiddenStates,
  })
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

function postNormLayer(scope: Scope, config: TextConfig, x: Value, rows: Rows, bias: Value): Value {
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

/** Texts in the shared embedding, not normalised. */
export function textEmbeds(scope: Scope, config: AltCLIPConfig, inputs: { ids: Value; mask?: Value }): Value {
  return linear(scope.at('text_projection'), textTower(scope, config.text, inputs).pooled) // [B, E]
}

export { imageEmbeds, imageLogits } from '../clip/model.ts'
export { visionTower } from '../clip/vision.ts'
