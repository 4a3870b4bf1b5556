import type { Shape } from '@flag/core-tensor'
import { dense, filled, layered, norm, normal, type ParameterTable } from '../parameters.ts'
import type { EVABody, EVAConfig } from './config.ts'

const STD = 0.02

/** A normalisation: a weight and, unless it is by root mean square, a bias. */
const normOf = (config: EVABody, name: string, width: number): ParameterTable =>
  config.norm === 'rms' ? { [`${name}.weight`]: filled([width], 1) } : norm(name, width)

const matrix = (name: string, out: number, width: number): ParameterTable => ({
  [`${name}.weight`]: normal([out, width], STD),
})

/**
 * The parameters of the body under `prefix`, by their names in the original checkpoints. `flat` tables of positions
 * and class tokens have no batch axis, as transformers keeps them.
 */
export function bodyParameters(config: EVABody, prefix = '', flat = false): ParameterTable {
  const { width, patchSize, grid } = config
  const batched = (shape: Shape): Shape => (flat ? shape : [1, ...shape])
  return {
    [`${prefix}cls_token`]: normal(flat ? [width] : [1, 1, width], STD),
    [`${prefix}pos_embed`]: normal(batched([1 + grid ** 2, width]), STD),
    [`${prefix}patch_embed.proj.weight`]: normal([width, 3, patchSize, patchSize], STD),
    [`${prefix}patch_embed.proj.bias`]: filled([width], 0),
    ...layered(config.layers, (i) => blockParameters(config, `${prefix}blocks.${i}`)),
  }
}

function blockParameters(config: EVABody, block: string): ParameterTable {
  const { width, mlpWidth } = config
  const mlp = `${block}.mlp`
  return {
    ...normOf(config, `${block}.norm1`, width),
    ...attentionParameters(config, `${block}.attn`),
    ...normOf(config, `${block}.norm2`, width),
    ...(config.mlp === 'gelu'
      ? { ...dense(`${mlp}.fc1`, mlpWidth, width, STD), ...dense(`${mlp}.fc2`, width, mlpWidth, STD) }
      : {
          ...(config.mlp === 'swiglu'
            ? { ...dense(`${mlp}.w1`, mlpWidth, width, STD), ...dense(`${mlp}.w2`, mlpWidth, width, STD) }
            : dense(`${mlp}.w12`, 2 * mlpWidth, width, STD)),
          ...(config.mlpNorm ? normOf(config, `${mlp}.ffn_ln`, mlpWidth) : {}),
          ...dense(`${mlp}.w3`, width, mlpWidth, STD),
        }),
  }
}

function attentionParameters(config: EVABody, attn: string): ParameterTable {
  const { width } = config
  const fused = config.attention === 'fused'
  const bias = (name: string, length: number) => ({ [`${attn}.${name}`]: filled([length], 0) })
  return {
    ...(config.attentionBias === 'qv' ? { ...bias('q_bias', width), ...bias('v_bias', width) } : {}),
    ...(fused
      ? matrix(`${attn}.qkv`, 3 * width, width)
      : Object.assign({}, ...['q', 'k', 'v'].map((part) => matrix(`${attn}.${part}_proj`, width, width)))),
    ...(config.attentionBias === 'qkv'
      ? fused
        ? bias('qkv.bias', 3 * width)
        : { ...bias('q_proj.bias', width), ...bias('k_proj.bias', width), ...bias('v_proj.bias', width) }
      : {}),
    ...(config.attentionNorm ? normOf(config, `${attn}.inner_attn_ln`, width) : {}),
    ...dense(`${attn}.proj`, width, width, STD),
  }
}

/** Every parameter of a backbone with its head, by its name in the original checkpoints. */
export function evaParameters(config: EVAConfig): ParameterTable {
  const { head, width } = config
  const body = bodyParameters(config)
  if (head.kind === 'classes') {
    return { ...body, ...normOf(config, 'fc_norm', width), ...dense('head', head.classes, width, STD) }
  }
  if (head.kind === 'features') return { ...body, ...normOf(config, head.norm, width) }
  return {
    mask_token: normal([1, 1, width], STD),
    ...body,
    ...normOf(config, 'norm', width),
    ...dense('lm_head', head.width, width, STD),
  }
}

/** What timm calls those parts that it names in its own way. */
const timmNames: readonly (readonly [string, string])[] = [
  ['.attn.q_bias', '.attn.q_proj.bias'],
  ['.attn.v_bias', '.attn.v_proj.bias'],
  ['.attn.inner_attn_ln.', '.attn.norm.'],
  ['.mlp.ffn_ln.', '.mlp.norm.'],
  ['.mlp.w12.', '.mlp.fc1.'],
  ['.mlp.w1.', '.mlp.fc1_g.'],
  ['.mlp.w2.', '.mlp.fc1_x.'],
  ['.mlp.w3.', '.mlp.fc2.'],
]

/** A name with each part replaced that the table names. */
export const renamed = (name: string, table: readonly (readonly [string, string])[]): string =>
  table.reduce((spelt, [from, to]) => spelt.replace(from, to), name)

/** The names under which a parameter of the body may be stored: the original code's, and timm's. */
export const evaSpellings = (name: string): string[] => [name, renamed(name, timmNames)]

/** The rotary tables, which every block of an original checkpoint repeats and which are computed here. */
export const evaBuffers = /(^|\.)rope\.|\.freqs_(cos|sin)$|relative_position_index$/
