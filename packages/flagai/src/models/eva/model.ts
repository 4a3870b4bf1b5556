import { FlagError, ops, type Scope, type Value } from '@flag/core-tensor'
import {
  gridRotation,
  layerNorm,
  linear,
  mlp,
  packedSwiglu,
  parameter,
  patchEmbedding,
  project,
  resizePositions,
  rmsNorm,
  swiglu,
} from '../../layers/index.ts'
import { encoder, firstToken, type Layer, withoutTokenAxis } from '../towers.ts'
import type { EVABody, EVAConfig } from './config.ts'

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

const patchTokens = (x: Value): Value => ops.slice(x, [1], [undefined], [1]) // [B, N - 1, D]

const norm = (scope: Scope, config: EVABody, x: Value): Value =>
  (config.norm === 'rms' ? rmsNorm : layerNorm)(scope, x, config.epsilon)

/** The states after the embedding and after each block, `[B, N, D]` each, for `pixels` [B, 3, H, W], preprocessed. */
export function trunk(
  scope: Scope,
  config: EVABody,
  pixels: Value,
  { mask, classTokenOnly }: TrunkOptions = {},
): Value[] {
  const grid = gridOf(config, pixels)
  const rotation = config.rotaryGrid
    ? gridRotation(...grid, config.width / config.heads, config.rotaryGrid)
    : undefined
  return encoder(
    scope.at('blocks'),
    embedding(scope, config, pixels, mask),
    config.layers,
    block(config, rotation),
    {
      read: firstToken,
      hiddenStates: !classTokenOnly,
    },
  )
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
  if (mask) patches = ops.where(ops.unsqueeze(mask, -1), parameter(scope, 'mask_token'), patches) // [B, N - 1, D]
  const token = ops.reshape(parameter(scope, 'cls_token'), [1, 1, width])
  const tokens = ops.concat([ops.expand(token, [pixels.shape[0], 1, width]), patches], 1) // [B, N, D]
  const table = ops.reshape(parameter(scope, 'pos_embed'), [1 + config.grid ** 2, width])
  return ops.add(tokens, resizePositions(table, rows, columns)) // [B, N, D]
}

const block =
  (config: EVABody, rotation: ops.Rotation | undefined): Layer =>
  (scope, x, rows) => {
    const before = (name: string, h: Value) => (config.postNorm ? h : norm(scope.at(name), config, h))
    const after = (name: string, h: Value) => (config.postNorm ? norm(scope.at(name), config, h) : h)
    const h = before('norm1', x)
    const mixed = attention(scope.at('attn'), config, rows(h), h, rotation)
    const y = ops.add(rows(x), after('norm1', mixed)) // [B, N, D]
    const fed = feedForward(scope.at('mlp'), config, before('norm2', y))
    return ops.add(y, after('norm2', fed)) // [B, N, D]
  }

function attention(
  scope: Scope,
  config: EVABody,
  queries: Value,
  states: Value,
  rotation: ops.Rotation | undefined,
): Value {
  const scopes =
    config.attention === 'fused'
      ? { fused: scope.at('qkv') }
      : { query: scope.at('q_proj'), key: scope.at('k_proj'), value: scope.at('v_proj') }
  const [q, k, v] = project(scopes, queries, states)
  // Keys have no bias: it would add the same to all scores of a query.
  const biased = (h: Value, name: string) =>
    config.attentionBias === 'qv' ? ops.add(h, parameter(scope, name)) : h
  const heads = [biased(q, 'q_bias'), k, biased(v, 'v_bias')].map((h) => ops.splitHeads(h, config.heads)) // [B, heads, N, D / heads]
  const turn = (h: Value) => (rotation ? ops.rotary(h, rotation, 'interleaved') : h)
  // A query less than there are states is that of the class token, which is not turned.
  const turned = queries === states ? turn(heads[0]) : heads[0]
  const mixed = ops.mergeHeads(ops.attention(turned, turn(heads[1]), heads[2])) // [B, N, D]
  const normed = config.attentionNorm ? norm(scope.at('inner_attn_ln'), config, mixed) : mixed
  return linear(scope.at('proj'), normed) // [B, N, D]
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
  return norm(scope.at('norm'), config, withoutTokenAxis(firstToken(state))) // [B, D]
}

/** One vector for a picture, whatever the model's head: the mean of its patches, normalised before or after. `[B, D]` */
export function bodyFeatures(scope: Scope, config: EVAConfig, state: Value): Value {
  const { head } = config
  if (head.kind === 'classes' || (head.kind === 'features' && head.norm === 'fc_norm')) {
    return meanFeatures(scope, config, state)
  }
  return ops.reduceMean(patchTokens(norm(scope.at('norm'), config, state)), 1) // [B, D]
}
