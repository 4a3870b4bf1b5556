import { type Checkpoint, compile, ops, spec, type Tensor, type Value } from '@flag/core-tensor'
import { linear } from '../../layers/index.ts'
import type { Weights } from '../bind.ts'
import { imageLogits } from '../clip/model.ts'
import { visionTower } from '../clip/vision.ts'
import { differencesTo } from '../conformance.ts'
import type { AltCLIPConfig } from './config.ts'
import { textTokens, textTower } from './model.ts'

/** Everything that transformers' AltCLIPModel gives for these inputs, under the names of the golden files. */
async function outputsOf(
  config: AltCLIPConfig,
  { scope }: Weights,
  inputs: { ids: Tensor; mask: Tensor; pixels: Tensor },
): Promise<Record<string, Tensor>> {
  const [, channels, height, width] = inputs.pixels.shape
  const run = await compile(
    (ids: Value, mask: Value, pixels: Value) => {
      const text = textTower(scope, config.text, { ids, mask }, { hiddenStates: true })
      const vision = visionTower(scope, config.vision, pixels, { hiddenStates: true })
      const textFeatures = linear(scope.at('text_projection'), text.pooled)
      const imageFeatures = linear(scope.at('visual_projection'), vision.pooled)
      const textEmbeds = ops.normalize(textFeatures)
      const imageEmbeds = ops.normalize(imageFeatures)
      const states = (tower: string, values: Value[]) =>
        values.map((value, i) => [`${tower}.hidden.${i}`, value] as const)
      return Object.fromEntries([
        ...states('text', text.hiddenStates),
        ...states('vision', vision.hiddenStates),
        ['text.last_hidden_state', textTokens(scope, config.text, text.hiddenStates[config.text.layers])],
        ['text.pooled', text.pooled],
        ['text.features', textFeatures],
        ['text.embeds', textEmbeds],
        ['vision.pooled', vision.pooled],
        ['vision.features', imageFeatures],
        ['vision.embeds', imageEmbeds],
        ['logits_per_image', imageLogits(scope, imageEmbeds, textEmbeds)],
        // The towers as they are used: the last layer only for the first token.
        ['short.text.pooled', textTower(scope, config.text, { ids, mask }).pooled],
        ['short.vision.pooled', visionTower(scope, config.vision, pixels).pooled],
      ])
    },
    [
      spec('int64', ['texts', 'length']),
      spec('bool', ['texts', 'length']),
      spec('float32', ['pictures', channels, height, width]),
    ],
    { threads: 1 },
  )
  try {
    return await run(inputs.ids, inputs.mask, inputs.pixels)
  } finally {
    await run.dispose()
  }
}

/** The greatest absolute difference between our outputs and the golden ones, for each output. */
export async function differences(
  config: AltCLIPConfig,
  weights: Weights,
  golden: Checkpoint,
): Promise<Record<string, number>> {
  const [ids, mask, pixels] = await Promise.all(
    ['ids', 'mask', 'pixels'].map((name) => golden.read(`in.${name}`)),
  )
  const outputs = await outputsOf(config, weights, { ids, mask: mask.cast('bool'), pixels })
  return differencesTo(golden, outputs)
}
