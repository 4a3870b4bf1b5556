import { ops, type Scope, type Value } from '@flag/core-tensor'
import { type Activation, attention, layerNorm, mlp } from '../../layers/index.ts'
import { dense, norm, type ParameterTable } from '../parameters.ts'
import type { Layer } from '../towers.ts'

export interface LayerConfig {
  readonly width: number
  readonly mlpWidth: number
  readonly layers: number
  readonly heads: number
  readonly activation: Activation
  readonly epsilon: number
}

/**
 * The pre-norm transformer layer of both of CLIP's towers. `bias` says what is added to the attention scores when
 * all tokens are computed, and when only those that are read are.
 */
export function preNormLayer(config: LayerConfig, bias?: { all: Value; read: Value }): Layer {
  return (scope: Scope, x, rows) => {
    const self = scope.at('self_attn')
    const output = self.at('out_proj')
    const scopes = self.has('qkv.weight')
      ? { fused: self.at('qkv'), output }
      : { query: self.at('q_proj'), key: self.at('k_proj'), value: self.at('v_proj'), output }
    const h = layerNorm(scope.at('layer_norm1'), x, config.epsilon) // [B, T, D]
    const wanted = rows(h)
    const added = wanted === h ? bias?.all : bias?.read
    const y = ops.add(rows(x), attention(scopes, wanted, h, { heads: config.heads, bias: added })) // [B, Q, D]
    const normed = layerNorm(scope.at('layer_norm2'), y, config.epsilon)
    return ops.add(y, mlp(scope.at('mlp.fc1'), scope.at('mlp.fc2'), normed, config.activation)) // [B, Q, D]
  }
}

/** The layer's parameters. Initial values are those of transformers' CLIP. */
export function preNormParameters(prefix: string, { width, mlpWidth, layers }: LayerConfig): ParameterTable {
  const out = width ** -0.5
  const into = out * (2 * layers) ** -0.5
  return {
    ...dense(`${prefix}.self_attn.k_proj`, width, width, into),
    ...dense(`${prefix}.self_attn.v_proj`, width, width, into),
    ...dense(`${prefix}.self_attn.q_proj`, width, width, into),
    ...dense(`${prefix}.self_attn.out_proj`, width, width, out),
    ...norm(`${prefix}.layer_norm1`, width),
    ...dense(`${prefix}.mlp.fc1`, mlpWidth, width, (2 * width) ** -0.5),
    ...dense(`${prefix}.mlp.fc2`, width, mlpWidth, into),
    ...norm(`${prefix}.layer_norm2`, width),
  }
}
