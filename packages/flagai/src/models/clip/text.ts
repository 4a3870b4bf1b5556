import { ops, type Scope, type Value } from '@flag/core-tensor'
import { embedding, layerNorm } from '../../layers/index.ts'
import { layered, norm, normal, type ParameterTable } from '../parameters.ts'
import { encoder, type Rows, type TowerOptions, type TowerOutput, withoutTokenAxis } from '../towers.ts'
import type { CLIPTextConfig } from './config.ts'
import { preNormLayer, preNormParameters } from './layer.ts'

// The text tower of CLIP (Radford et al. 2021, section 2.4): a causal transformer whose state at the end token stands
// for the text. Shapes: B batch, T tokens, D width.

/** What is added to scores where a token may not look. */
const HIDDEN = -1e9

/**
 * The tower over `ids` [B, T], int64, each row with the end token, padded on the right with anything: what follows
 * the end token is not seen from there. The scope is that of the whole model.
 */
export function textTower(
  scope: Scope,
  config: CLIPTextConfig,
  ids: Value,
  { hiddenStates }: Pick<TowerOptions, 'hiddenStates'> = {},
): TowerOutput {
  const model = scope.at('text_model')
  const embeddings = model.at('embeddings')
  const places = ops.iota(ids.shape[1]) // [T]
  const words = embedding(embeddings.at('token_embedding'), ids) // [B, T, D]
  const x = ops.add(words, embedding(embeddings.at('position_embedding'), places)) // [B, T, D]

  const end = ops.argMax(ops.cast(ops.equal(ids, config.endId), 'int32'), 1, true) // [B, 1]
  const future = ops.greater(places, ops.unsqueeze(places, 1)) // [T, T]
  const afterEnd = ops.greater(places, end) // [B, T]
  const bias = {
    all: ops.where(future, HIDDEN, 0, 'float32'), // [T, T]
    read: ops.unsqueeze(ops.where(afterEnd, HIDDEN, 0, 'float32'), [1, 2]), // [B, 1, 1, T]
  }
  const atEnd: Rows = (states) =>
    ops.gatherElements(states, ops.expand(ops.unsqueeze(end, 2), [ids.shape[0], 1, config.width]), 1) // [B, 1, D]

  const states = encoder(model.at('encoder.layers'), x, config.layers, preNormLayer(config, bias), {
    read: atEnd,
    hiddenStates,
  })
  const last = states[config.layers]
  const read = withoutTokenAxis(hiddenStates ? atEnd(last) : last) // [B, D]
  return { pooled: layerNorm(model.at('final_layer_norm'), read, config.epsilon), hiddenStates: states } // [B, D]
}

/** The tower's parameters. Initial values are those of transformers: 0.02 for the tables, scaled layers. */
export function textParameters(prefix: string, config: CLIPTextConfig): ParameterTable {
  const { width, vocabSize, positions, initializerRange } = config
  return {
    [`${prefix}.embeddings.token_embedding.weight`]: normal([vocabSize, width], initializerRange),
    [`${prefix}.embeddings.position_embedding.weight`]: normal([positions, width], initializerRange),
    ...layered(config.layers, (i) => preNormParameters(`${prefix}.encoder.layers.${i}`, config)),
    ...norm(`${prefix}.final_layer_norm`, width),
  }
}
