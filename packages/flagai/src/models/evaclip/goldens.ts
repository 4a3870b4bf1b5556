import { readFileSync } from 'node:fs'
import { compile, openCheckpoint, ops, spec, type Value } from '@flag/core-tensor'
import { imageLogits } from '../clip/model.ts'
import { type ConformanceCase, differencesTo } from '../conformance.ts'
import { goldens } from '../eva/goldens.ts'
import { type EVACLIPConfig, parseEVACLIPConfig } from './config.ts'
import { encodeImage, encodeText } from './model.ts'
import { findWeights } from './weights.ts'

const original = 'baaivision/EVA 5623d08b'
const openCLIP = 'open_clip 3.3.0, timm 1.0.31'

interface Golden {
  readonly folder: string
  readonly title: string
  readonly reference: string
  /** The golden outputs; by default those of the folder. */
  readonly expected?: string
}

/** Every configuration and layout that is compared. */
export const models: readonly Golden[] = [
  { folder: 'clip-g', title: 'EVA01-CLIP-g-14 pattern, fp16', reference: original },
  {
    folder: 'clip-g-openclip',
    title: 'EVA01-CLIP-g-14 pattern, names of open_clip, fp16',
    reference: openCLIP,
  },
  { folder: 'clip-g-plus', title: 'EVA01-CLIP-g-14-plus pattern, fp16', reference: original },
  { folder: 'clip-b', title: 'EVA02-CLIP-B-16 pattern, fp16', reference: original },
  {
    folder: 'clip-b',
    title: 'EVA02-CLIP-B-16 pattern, larger pictures',
    reference: original,
    expected: 'clip-b/larger',
  },
  {
    folder: 'clip-b-openclip',
    title: 'EVA02-CLIP-B-16 pattern, names of open_clip, fp16',
    reference: openCLIP,
  },
  { folder: 'clip-l', title: 'EVA02-CLIP-L-14 pattern, fp16', reference: original },
  { folder: 'clip-l-336', title: 'EVA02-CLIP-L-14-336 pattern', reference: original },
  { folder: 'clip-e', title: 'EVA02-CLIP-bigE-14 pattern, fp16', reference: original },
  {
    folder: 'clip-e-openclip',
    title: 'EVA02-CLIP-bigE-14 pattern, names of open_clip, fp16',
    reference: openCLIP,
  },
  { folder: 'clip-e-plus', title: 'EVA02-CLIP-bigE-14-plus pattern, fp16', reference: original },
  { folder: 'clip-8b', title: 'EVA-CLIP-8B pattern, fp16', reference: original },
  {
    folder: 'clip-8b-transformers',
    title: 'EVA-CLIP-8B pattern, names of its modelling code, fp16',
    reference: original,
    expected: 'clip-8b/expected',
  },
  { folder: 'clip-18b', title: 'EVA-CLIP-18B pattern, fp16', reference: original },
  {
    folder: 'clip-18b-transformers',
    title: 'EVA-CLIP-18B pattern, names of its modelling code, fp16',
    reference: original,
    expected: 'clip-18b/expected',
  },
]

export const weightsFile = (folder: string): string =>
  `${goldens}${folder}/${/openclip|transformers/.test(folder) ? 'model.safetensors' : `${folder}.pt`}`

export const goldenConfig = (folder: string): EVACLIPConfig =>
  parseEVACLIPConfig(JSON.parse(readFileSync(`${goldens}${folder}/config.json`, 'utf8')))

export const cases: readonly ConformanceCase[] = models.map((golden) => ({
  model: 'EVACLIP',
  title: golden.title,
  reference: golden.reference,
  differences: () => differencesOf(golden),
}))

async function differencesOf({ folder, expected }: Golden): Promise<Record<string, number>> {
  const config = goldenConfig(folder)
  const checkpoint = await openCheckpoint(weightsFile(folder))
  const golden = await openCheckpoint(`${goldens}${expected ?? `${folder}/expected`}.safetensors`)
  try {
    const { scope } = await findWeights(checkpoint, config, folder)
    const [pixels, ids] = [await golden.read('in.pixels'), await golden.read('in.ids')]
    const run = await compile(
      (image: Value, tokens: Value) => {
        const vision = encodeImage(scope, config, image, { hiddenStates: true })
        const text = encodeText(scope, config, tokens, { hiddenStates: true })
        const images = ops.normalize(vision.embeds)
        const texts = ops.normalize(text.embeds)
        const states = (tower: string, values: Value[]) =>
          Object.fromEntries(values.map((value, i) => [`${tower}.states.${i}`, value]))
        return {
          ...states('vision', vision.hiddenStates),
          ...states('text', text.hiddenStates),
          'vision.features': vision.embeds,
          'vision.embeds': images,
          'text.features': text.embeds,
          'text.embeds': texts,
          logits_per_image: imageLogits(scope, images, texts),
          // The towers as they are used: the last layer only where it is read.
          'short.vision.features': encodeImage(scope, config, image).embeds,
          'short.text.features': encodeText(scope, config, tokens).embeds,
        }
      },
      [spec('float32', ['pictures', ...pixels.shape.slice(1)]), spec('int64', ['texts', 'length'])],
      { threads: 1 },
    )
    const outputs = await run(pixels, ids)
    await run.dispose()
    return await differencesTo(golden, outputs)
  } finally {
    await Promise.all([checkpoint.close(), golden.close()])
  }
}
