import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { compile, openCheckpoint, ops, spec, type Value } from '@flag/core-tensor'
import { linear } from '../../layers/index.ts'
import { bindParameters } from '../bind.ts'
import { type ConformanceCase, differencesTo } from '../conformance.ts'
import { type CLIPConfig, parseCLIPConfig } from './config.ts'
import { clipParameters, imageLogits, textTower, visionTower } from './model.ts'

// Made by tools/oracles/clip.py: transformers 5.24.0, torch 2.13.0, seed 5.
const goldens = fileURLToPath(new URL('../../../goldens/clip/', import.meta.url))

export const goldenFolder = (name: string): string => `${goldens}${name}`

export const goldenConfig = (name: string): CLIPConfig =>
  parseCLIPConfig(JSON.parse(readFileSync(`${goldenFolder(name)}/config.json`, 'utf8')))

const titles = {
  b32: 'ViT-B/32 pattern, safetensors',
  b16: 'ViT-B/16 pattern, .bin of old transformers',
  l14: 'ViT-L/14 pattern, float16 safetensors',
  'l14-336': 'ViT-L/14-336 pattern, safetensors',
}

/** Every pattern that is compared with transformers. */
export const cases: readonly ConformanceCase[] = Object.entries(titles).map(([name, title]) => ({
  model: 'CLIP',
  title,
  reference: 'transformers 5.24.0',
  differences: () => differencesOf(name),
}))

async function differencesOf(name: string): Promise<Record<string, number>> {
  const config = goldenConfig(name)
  const folder = goldenFolder(name)
  const checkpoint = await openCheckpoint(folder)
  const golden = await openCheckpoint(`${folder}/expected.safetensors`)
  try {
    const { scope } = await bindParameters(checkpoint, clipParameters(config), {
      file: folder,
      model: 'CLIP',
      ignored: /position_ids$/,
    })
    const [pixels, tokens] = [await golden.read('in.pixels'), await golden.read('in.ids')]
    const run = await compile(
      (image: Value, ids: Value) => {
        const vision = visionTower(scope, config.vision, image, { hiddenStates: true })
        const text = textTower(scope, config.text, ids, { hiddenStates: true })
        const imageFeatures = linear(scope.at('visual_projection'), vision.pooled)
        const textFeatures = linear(scope.at('text_projection'), text.pooled)
        const [images, texts] = [ops.normalize(imageFeatures), ops.normalize(textFeatures)]
        const states = (tower: string, values: Value[]) =>
          Object.fromEntries(values.map((value, i) => [`${tower}.hidden.${i}`, value]))
        return {
          ...states('vision', vision.hiddenStates),
          ...states('text', text.hiddenStates),
          'vision.pooled': vision.pooled,
          'vision.features': imageFeatures,
          'vision.embeds': images,
          'text.pooled': text.pooled,
          'text.features': textFeatures,
          'text.embeds': texts,
          logits_per_image: imageLogits(scope, images, texts),
          // The towers as they are used: the last layer only where it is read.
          'short.vision.pooled': visionTower(scope, config.vision, image).pooled,
          'short.text.pooled': textTower(scope, config.text, ids).pooled,
        }
      },
      [spec('float32', ['pictures', ...pixels.shape.slice(1)]), spec('int64', ['texts', 'length'])],
      { threads: 1 },
    )
    const outputs = await run(pixels, tokens)
    await run.dispose()
    return await differencesTo(golden, outputs)
  } finally {
    await Promise.all([checkpoint.close(), golden.close()])
  }
}
