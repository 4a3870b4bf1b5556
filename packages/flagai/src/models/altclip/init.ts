import { FlagError, full, type Generator, type Shape, Tensor } from '@flag/core-tensor'
import type { AltCLIPConfig, TextConfig, VisionConfig } from './config.ts'

/** A parameter's shape, and how it starts: one constant, or normal numbers of this standard deviation. */
export interface ParameterSpec {
  readonly shape: Shape
  readonly initial: { readonly constant: number } | { readonly std: number; readonly zeroRow?: number }
}

type Table = Record<string, ParameterSpec>

const normal = (shape: Shape, std: number, zeroRow?: number): ParameterSpec => ({
  shape,
  initial: { std, zeroRow },
})
const constant = (shape: Shape, value: number): ParameterSpec => ({ shape, initial: { constant: value } })

const dense = (name: string, out: number, width: number, std: number): Table => ({
  [`${name}.weight`]: normal([out, width], std),
  [`${name}.bias`]: constant([out], 0),
})
const norm = (name: string, width: number): Table => ({
  [`${name}.weight`]: constant([width], 1),
  [`${name}.bias`]: constant([width], 0),
})

/**
 * Every parameter of a model, by its state-dict name, in the order of transformers' AltCLIPModel. Initial values are
 * those of transformers: 0.02 throughout the text tower (BERT), scaled by width and depth in the vision tower (CLIP).
 */
export function altCLIPParameters(config: AltCLIPConfig): Table {
  const { text, vision, embedWidth } = config
  return {
    logit_scale: constant([], config.logitScale),
    ...textParameters('text_model', text),
    ...visionParameters('vision_model', vision),
    'visual_projection.weight': normal([embedWidth, vision.width], vision.width ** -0.5),
    'text_projection.weight': normal([embedWidth, text.teacherWidth], text.teacherWidth ** -0.5),
  }
}

function textParameters(prefix: string, config: TextConfig): Table {
  const { width, mlpWidth, initializerRange: std } = config
  const embeddings = `${prefix}.roberta.embeddings`
  const table: Table = {
    [`${embeddings}.word_embeddings.weight`]: normal([config.vocabSize, width], std, config.padId),
    [`${embeddings}.token_type_embeddings.weight`]: normal([config.tokenTypes, width], std),
    ...norm(`${embeddings}.LayerNorm`, width),
    [`${embeddings}.position_embeddings.weight`]: normal([config.positions, width], std, config.padId),
  }
  for (let i = 0; i < config.layers; i++) {
    const layer = `${prefix}.roberta.encoder.layer.${i}`
    Object.assign(
      table,
      dense(`${layer}.attention.self.query`, width, width, std),
      dense(`${layer}.attention.self.key`, width, width, std),
      dense(`${layer}.attention.self.value`, width, width, std),
      dense(`${layer}.attention.output.dense`, width, width, std),
      norm(`${layer}.attention.output.LayerNorm`, width),
      dense(`${layer}.intermediate.dense`, mlpWidth, width, std),
      dense(`${layer}.output.dense`, width, mlpWidth, std),
      norm(`${layer}.output.LayerNorm`, width),
    )
  }
  return {
    ...table,
    ...dense(`${prefix}.transformation`, config.teacherWidth, width, std),
    ...norm(`${prefix}.pre_LN`, width),
  }
}

function visionParameters(prefix: string, config: VisionConfig): Table {
  const { width, mlpWidth, channels, patchSize, initializerRange } = config
  const out = width ** -0.5
  const into = out * (2 * config.layers) ** -0.5
  const table: Table = {
    [`${prefix}.embeddings.class_embedding`]: normal([width], out),
    [`${prefix}.embeddings.patch_embedding.weight`]: normal(
      [width, channels, patchSize, patchSize],
      initializerRange,
    ),
    [`${prefix}.embeddings.position_embedding.weight`]: normal(
      [config.grid ** 2 + 1, width],
      initializerRange,
    ),
    ...norm(`${prefix}.pre_layrnorm`, width),
  }
  for (let i = 0; i < config.layers; i++) {
    const layer = `${prefix}.encoder.layers.${i}`
    Object.assign(
      table,
      dense(`${layer}.self_attn.k_proj`, width, width, into),
      dense(`${layer}.self_attn.v_proj`, width, width, into),
      dense(`${layer}.self_attn.q_proj`, width, width, into),
      dense(`${layer}.self_attn.out_proj`, width, width, out),
      norm(`${layer}.layer_norm1`, width),
      dense(`${layer}.mlp.fc1`, mlpWidth, width, (2 * width) ** -0.5),
      dense(`${layer}.mlp.fc2`, width, mlpWidth, into),
      norm(`${layer}.layer_norm2`, width),
    )
  }
  return { ...table, ...norm(`${prefix}.post_layernorm`, width) }
}

/** Random starting values for `parameters`, drawn in the order of the table. */
export function initialParameters(
  config: AltCLIPConfig,
  generator: Generator,
): Record<string, Tensor<'float32'>> {
  return Object.fromEntries(
    Object.entries(altCLIPParameters(config)).map(([name, spec]) => [name, initialValue(spec, generator)]),
  )
}

function initialValue({ shape, initial }: ParameterSpec, generator: Generator): Tensor<'float32'> {
  if ('constant' in initial) return full(shape, initial.constant)
  const data = generator.randn(shape).data.map((x) => x * initial.std)
  if (initial.zeroRow !== undefined) {
    // The row of padding tokens, which stands for nothing.
    const width = shape[1]
    if (initial.zeroRow >= shape[0]) {
      throw new FlagError(
        'invalid-argument',
        `padding id ${initial.zeroRow} is outside a table of ${shape[0]} rows`,
      )
    }
    data.fill(0, initial.zeroRow * width, (initial.zeroRow + 1) * width)
  }
  return new Tensor('float32', shape, data)
}
