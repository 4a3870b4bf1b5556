import { type Checkpoint, FlagError } from '@flag/core-tensor'
import { countLayers, inferBody, shapesOf } from '../eva/infer.ts'
import { type EVACLIPConfig, textConfig } from './config.ts'
import { evaCLIPSpellings } from './parameters.ts'

/** The configuration that a checkpoint's tensors make, for files that come without one. Throws `unsupported`. */
export function inferEVACLIPConfig(checkpoint: Checkpoint, file: string): EVACLIPConfig {
  const shapeOf = shapesOf(checkpoint, evaCLIPSpellings, 'visual.patch_embed.proj.weight')
  const vision = inferBody(shapeOf, file, 'visual.')
  const words = shapeOf('text_model.embeddings.token_embedding.weight')
  const positions = shapeOf('text_model.embeddings.position_embedding.weight')
  const head = shapeOf('visual.head.weight')
  if (!words || !positions || !head) {
    throw new FlagError('unsupported', `${file}: an image tower of EVA-CLIP without its text tower`, {
      hint: 'open backbones with EVA.fromPretrained, or give the file of the whole model',
    })
  }
  const layer = (i: number) => `text_model.encoder.layers.${i}.layer_norm1.weight`
  return {
    vision,
    text: {
      ...textConfig(
        words[1],
        countLayers((i) => shapeOf(layer(i)) !== undefined),
      ),
      vocabSize: words[0],
      positions: positions[0],
      endId: words[0] - 1,
    },
    embedWidth: head[0],
    visionBias: shapeOf('visual.head.bias') !== undefined,
    layout: shapeOf('text_model.encoder.layers.0.self_attn.qkv.weight') ? 'original' : 'transformers',
  }
}
