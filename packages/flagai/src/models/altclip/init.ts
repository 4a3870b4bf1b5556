import type { Generator, Tensor } from '@flag/core-tensor'
import { projections } from '../clip/model.ts'
import { visionParameters } from '../clip/vision.ts'
import { dense, filled, initialValues, layered, norm, normal, type ParameterTable } from '../parameters.ts'
import type { AltCLIPConfig, TextConfig } from './config.ts'

/**
 * Every parameter of a model, by its state-dict name, in the order of transformers' AltCLIPModel. Initial values are
 * those of transformers: 0.02 throughout the text tower (BERT), scaled by width and depth in the vision tower (CLIP).
 */
export function altCLIPParameters(config: AltCLIPConfig): ParameterTable {
  const { text, vision, embedWidth } = config
  return {
    logit_scale: filled([], config.logitScale),
    ...textParameters('text_model', text),
    ...visionParameters('vision_model', vision),
    ...projections(embedWidth, { text: text.teacherWidth, vision: vision.width }),
  }
}

function textParameters(prefix: string, config: TextConfig): ParameterTable {
  const { width, mlpWidth, initializerRange: std } = config
  const embeddings = `${prefix}.roberta.embeddings`
  return {
    [`${embeddings}.word_embeddings.weight`]: normal([config.vocabSize, width], std, config.padId),
    [`${embeddings}.token_type_embeddings.weight`]: normal([config.tokenTypes, width], std),
    ...norm(`${embeddings}.LayerNorm`, width),
    [`${embeddings}.position_embeddings.weight`]: normal([config.positions, width], std, config.padId),
    ...layered(config.layers, (i) => {
      const layer = `${prefix}.roberta.encoder.layer.${i}`
      return {
        ...dense(`${layer}.attention.self.query`, width, width, std),
        ...dense(`${layer}.attention.self.key`, width, width, std),
        ...dense(`${layer}.attention.self.value`, width, width, std),
        ...dense(`${layer}.attention.output.dense`, width, width, std),
        ...norm(`${layer}.attention.output.LayerNorm`, width),
        ...dense(`${layer}.intermediate.dense`, mlpWidth, width, std),
        ...dense(`${layer}.output.dense`, width, mlpWidth, std),
        ...norm(`${layer}.output.LayerNorm`, width),
      }
    }),
    ...dense(`${prefix}.transformation`, config.teacherWidth, width, std),
    ...norm(`${prefix}.pre_LN`, width),
  }
}

/** Random starting values for the parameters, drawn in the order of the table. */
export const initialParameters = (
  config: AltCLIPConfig,
  generator: Generator,
): Record<string, Tensor<'float32'>> => initialValues(altCLIPParameters(config), generator)
