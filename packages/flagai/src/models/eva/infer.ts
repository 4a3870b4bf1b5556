import { type Checkpoint, FlagError, type Shape } from '@flag/core-tensor'
import { bodyOf, designs, type EVABody, type EVAConfig, type EVAHead } from './config.ts'
import { evaSpellings } from './parameters.ts'

/** The shape of a parameter by its original name, undefined when the checkpoint has none. */
export type ShapeOf = (name: string) => Shape | undefined

/** Looks parameters up in a checkpoint, under whatever stands before the name of its patch embedding. */
export function shapesOf(
  checkpoint: Checkpoint,
  spellings = evaSpellings,
  anchor = 'patch_embed.proj.weight',
): ShapeOf {
  const anchors = spellings(anchor)
  const prefixes = checkpoint.names.flatMap((name) =>
    anchors
      .filter((end) => name === end || name.endsWith(`.${end}`))
      .map((end) => name.slice(0, name.length - end.length)),
  )
  return (name) => {
    for (const prefix of prefixes) {
      const spelt = spellings(name).find((other) => checkpoint.has(prefix + other))
      if (spelt !== undefined) return checkpoint.info(prefix + spelt).shape
    }
    return undefined
  }
}

/** How many layers there are: the first number of which `has` is false. */
export function countLayers(has: (layer: number) => boolean): number {
  let layers = 0
  while (has(layers)) layers++
  return layers
}

/**
 * The body that tensors of these shapes make. Shapes tell all but the number of heads, whether norms come after, and
 * whether positions are rotary: those are of the published design of the same width and feed-forward part. Throws
 * `unsupported` when there is none.
 */
export function inferBody(shapeOf: ShapeOf, file: string, prefix = ''): EVABody {
  const shape = (name: string) => shapeOf(prefix + name)
  const patch = shape('patch_embed.proj.weight')
  const positions = shape('pos_embed')
  if (patch === undefined || positions === undefined) {
    throw new FlagError('unsupported', `${file}: neither a config.json nor the tensors of an EVA model`, {
      hint: `expected tensors that end with ${prefix}patch_embed.proj.weight and ${prefix}pos_embed`,
    })
  }
  const has = (name: string) => shape(`blocks.0.${name}`) !== undefined
  const [packed, up, down] = ['w12', 'w1', 'w3'].map((name) => shape(`blocks.0.mlp.${name}.weight`))
  // timm calls both a packed and a plain first layer fc1; what it gives to the next tells which it is.
  const mlp = up && down ? 'swiglu' : packed && down && packed[0] === 2 * down[1] ? 'packed-swiglu' : 'gelu'
  const gate = { gelu: shape('blocks.0.mlp.fc1.weight'), swiglu: up, 'packed-swiglu': packed }[mlp]
  const [width, , patchSize] = patch
  const norm = has('norm1.bias') ? 'layer' : 'rms'
  const same = Object.values(designs).find(
    (design) =>
      design.width === width && design.norm === norm && (design.mlp === 'gelu') === (mlp === 'gelu'),
  )
  if (same === undefined || gate === undefined) {
    throw new FlagError(
      'unsupported',
      `${file}: no published EVA is ${width} wide with a ${mlp} feed-forward part`,
      {
        hint: 'give the configuration: a config.json beside the weights, or the option config',
      },
    )
  }
  const grid = Math.round(Math.sqrt(positions[positions.length - 2] - 1))
  const design = {
    ...same,
    layers: countLayers((i) => shape(`blocks.${i}.norm1.weight`) !== undefined),
    mlpWidth: mlp === 'packed-swiglu' ? gate[0] / 2 : gate[0],
    attention: has('attn.qkv.weight') ? 'fused' : 'split',
    attentionBias: has('attn.q_bias') ? 'qv' : has('attn.qkv.bias') ? 'qkv' : 'none',
    attentionNorm: has('attn.inner_attn_ln.weight'),
    mlp,
    mlpNorm: has('mlp.ffn_ln.weight'),
    norm,
  } as const
  return bodyOf(design, patchSize, grid * patchSize)
}

/** The configuration that a checkpoint's tensors make; see `inferBody`. */
export function inferEVAConfig(checkpoint: Checkpoint, file: string): EVAConfig {
  const shapeOf = shapesOf(checkpoint)
  const classes = shapeOf('head.weight')
  const teacher = shapeOf('lm_head.weight')
  const head: EVAHead = teacher
    ? { kind: 'patches', width: teacher[0] }
    : classes
      ? { kind: 'classes', classes: classes[0] }
      : { kind: 'features', norm: shapeOf('fc_norm.weight') ? 'fc_norm' : 'norm' }
  return { ...inferBody(shapeOf, file), head }
}
