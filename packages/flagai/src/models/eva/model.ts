import { FlagError, ops, type Scope, type Value } from '@flag/core-tensor'
import {
  gridRotation,
  layerNorm,
  linear,
  mlp,
  packedSwiglu,
  parameter,
  patchEmbedding,
  resizePositions,
  rmsNorm,
  swiglu,
} from '../../layers/index.ts'
import type { EVABody } from './config.ts'

// EVA (Fang et al. 2022, arXiv 2211.07636) and EVA-02 (Fang et al. 2023, arXiv 2303.11331): plain vision transformers.
// EVA-02 adds rotary positions, SwiGLU and a normalisation inside the feed-forward layer; the image towers of EVA-CLIP
// (Sun et al. 2023, 2024) add one inside attention, or normalise after a block, or by root mean square.
// Names are those of the original checkpoints. Shapes: B batch, N patches + 1, D width, F width of the feed-forward layer.

export interface TrunkOptions {
  /** Patches [B, N - 1] (bool) that are hidden behind the mask token. */
  mask?: Value
  /** Compute the last block only for the class token, where nothing else is read. */
  classTokenOnly?: boolean
}

const firstToken = (x: Value): Value => ops.slice(x, [0], [1], [1]) // [B, 1, D]
const patchTokens = (x: Value): Value => ops.slice(x, [1], [undefined], [1]) // [B, N - 1, D]

const norm = (scope: Scope, config: EVABody, x: Value): Value =>
  (config.norm === 'rms' ? rmsNorm : layerNorm)(scope, x, config.epsilon)

/** The states after the embedding and after each block, `[B, N, D]` each, for `pixels` [B, 3, H, W], preprocessed. */
export function trunk(scope: Scope, config: EVABody, pixels: Value, options: TrunkOptions = {}): Value[] {
  const [rows, columns] = gridOf(config, pixels)
  const rotation =
    config.rotaryGrid === undefined
      ? undefined
      : gridRotation(rows, columns, config.width / config.heads, config.rotaryGrid)
  const states = [embedding(scope, config, pixels, options.mask)]
  for (let i = 0; i < config.layers; i++) {
    const firstOnly = options.classTokenOnly === true && i === config.layers - 1
    states.push(block(scope.at('blocks').at(i), config, states[i], rotation, firstOnly))
  }
  return states
}

function gridOf(config: EVABody, pixels: Value): [number, number] {
  const [, channels, height, width] = pixels.shape
  if (channels !== 3 || typeof height !== 'number' || typeof width !== 'number') {
    throw new FlagError(
      'shape-mismatch',
      `EVA reads pixels [batch, 3, height, width] of known height and width, got ${pixels}`,
    )
  }
  return [Math.floor(height / config.patchSize), Math.floor(width / config.patchSize)]
}

function embedding(scope: Scope, config: EVABody, pixels: Value, mask?: Value): Value {
  const [rows, columns] = gridOf(config, pixels)
  const { width } = config
  let patches = patchEmbedding(scope.at('patch_embed.proj'), pixels, config.patchSize) // [B, N - 1, D]
  if (mask) {
    const token = ops.reshape(parameter(scope, 'mask_token'), [1, 1, width])
    patches = ops.where(ops.unsqueeze(mask, -1), token, patches) // [B, N - 1, D]
  }
  const token = ops.reshape(parameter(scope, 'cls_token'), [1, 1, width])
  const tokens = ops.concat([ops.expand(token, [pixels.shape[0], 1, width]), patches], 1) // [B, N, D]
  const table = ops.reshape(parameter(scope, 'pos_embed'), [-1, width]) // [1 + grid * grid, D]
  return ops.add(tokens, resizePositions(table, rows, columns)) // [B, N, D]
}

function block(
  scope: Scope,
  config: EVABody,
  x: Value,
  rotation: ops.Rotation | undefined,
  firstOnly: boolean,
): Value {
  const kept = firstOnly ? firstToken(x) : x
  const before = (name: string, h: Value) => (config.postNorm ? h : norm(scope.at(name), config, h))
  const after = (name: string, h: Value) => (config.postNorm ? norm(scope.at(name), config, h) : h)
  const mixed = attention(scope.at('attn'), config, before('norm1', x), rotation, firstOnly)
  const y = ops.add(kept, after('norm1', mixed)) // [B, N, D]
  const fed = feedForward(scope.at('mlp'), config, before('norm2', y))
  return ops.add(y, after('norm2', fed)) // [B, N, D]
}

function attention(
  scope: Scope,
  config: EVABody,
  x: Value,
  rotation: ops.Rotation | undefined,
  firstOnly: boolean,
): Value {
  const [q, k, v] = projections(scope, config, x, firstOnly).map((h) => ops.splitHeads(h, config.heads)) // [B, heads, N, D / heads]
  const turn = (h: Value) => (rotation ? ops.rotary(h, rotation, 'interleaved') : h)
  // The class token, which is the only query of the shortened last block, is not turned.
  const mixed = ops.mergeHeads(ops.attention(firstOnly ? q : turn(q), turn(k), v)) // [B, N, D]
  const normed = config.attentionNorm ? norm(scope.at('inner_attn_ln'), config, mixed) : mixed
  return linear(scope.at('proj'), normed) // [B, N, D]
}

/** Queries, keys and values [B, N, D]. There is a bias for queries and values, and in EVA-L and no other for keys. */
function projections(scope: Scope, config: EVABody, x: Value, firstOnly: boolean): Value[] {
  const queries = (h: Value) => (firstOnly ? firstToken(h) : h)
  const { width } = config
  const [q, k, v] =
    config.attention === 'split'
      ? [
          linear(scope.at('q_proj'), queries(x)),
          linear(scope.at('k_proj'), x),
          linear(scope.at('v_proj'), x),
        ]
      : ops.split(linear(scope.at('qkv'), x), [width, width, width], 2).map((h, i) => (i === 0 ? queries(h) : h))
  if (config.attentionBias !== 'qv') return [q, k, v]
  return [ops.add(q, parameter(scope, 'q_bias')), k, ops.add(v, parameter(scope, 'v_bias'))]
}

function feedForward(scope: Scope, config: EVABody, x: Value): Value {
  if (config.mlp === 'gelu') return mlp(scope.at('fc1'), scope.at('fc2'), x, 'gelu')
  const hidden =
    config.mlp === 'swiglu' ? swiglu(scope.at('w1'), scope.at('w2'), x) : packedSwiglu(scope.at('w12'), x) // [B, N, F]
  const normed = config.mlpNorm ? norm(scope.at('ffn_ln'), config, hidden) : hidden
  return linear(scope.at('w3'), normed) // [B, N, D]
}

/** What stands for a picture in EVA's classifiers: the mean of its patches, normalised. `[B, D]` */
export function meanFeatures(scope: Scope, config: EVABody, state: Value): Value {
  return norm(scope.at('fc_norm'), config, ops.reduceMean(patchTokens(state), 1)) // [B, D]
}

/** Logits of the classes of a fine-tuned model. `[B, classes]` */
export const classLogits = (scope: Scope, features: Value): Value => linear(scope.at('head'), features)

/**
 * For every patch the features of the teacher (a CLIP image tower) that masked image modelling asks for, from the last
 * state. `[B, N - 1, width of the teacher]`
 */
export function patchFeatures(scope: Scope, config: EVABody, state: Value): Value {
  return linear(scope.at('lm_head'), patchTokens(norm(scope.at('norm'), config, state)))
}

/** The class token, normalised: what the image towers of EVA-CLIP read. `[B, D]` */
export function classTokenFeatures(scope: Scope, config: EVABody, state: Value): Value {
  const first = ops.reshape(firstToken(state), [state.shape[0], config.width])
  return norm(scope.at('norm'), config, first) // [B, D]
}

/** All tokens of a model without a head, normalised. `[B, N, D]` */
export const tokenFeatures = (scope: Scope, config: EVABody, state: Value): Value =>
  norm(scope.at('norm'), config, state)
