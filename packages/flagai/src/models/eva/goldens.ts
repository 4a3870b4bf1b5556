import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { compile, openCheckpoint, spec, type Tensor, type Value } from '@flag/core-tensor'
import { type ConformanceCase, differencesTo } from '../conformance.ts'
import { type EVAConfig, parseEVAConfig } from './config.ts'
import { classLogits, meanFeatures, patchFeatures, trunk } from './model.ts'
import { findWeights } from './weights.ts'

// Made by tools/oracles/eva.py, seed 5.
export const goldens = fileURLToPath(new URL('../../../goldens/eva/', import.meta.url))

const original = 'baaivision/EVA 5623d08b'
const timm = 'timm 1.0.31'

/** Folder, file of the weights, title and reference of each model. */
const models = [
  ['g-1k', 'g-1k.pt', 'EVA-01 g, 1k classes, fp16', original],
  ['g-21k', 'model.safetensors', 'EVA-01 g, 21k classes', timm],
  ['g-mim', 'g-mim.pt', 'EVA-01 g, masked image model, fp16', original],
  ['l-1k', 'l-1k.pt', 'EVA-01 L (full qkv bias), 1k classes, fp16', original],
  ['ti-1k', 'ti-1k.pt', 'EVA-02 Ti, 1k classes, fp16', original],
  ['s-1k', 'model.safetensors', 'EVA-02 S, 1k classes, names of timm, fp16', timm],
  ['s-mim', 's-mim.pt', 'EVA-02 S, masked image model, fp16', original],
  ['b-1k', 'b-1k.pt', 'EVA-02 B, 1k classes, fp16', original],
  ['b-mim', 'b-mim.pt', 'EVA-02 B, masked image model, fp16', original],
  ['l02-21k', 'model.safetensors', 'EVA-02 L, 21k classes, names of timm, fp16', timm],
] as const

export const goldenConfig = (folder: string): EVAConfig =>
  parseEVAConfig(JSON.parse(readFileSync(`${goldens}${folder}/config.json`, 'utf8')))

export const cases: readonly ConformanceCase[] = models.map(([folder, file, title, reference]) => ({
  model: 'EVA',
  title,
  reference,
  differences: () => differencesOf(folder, file),
}))

async function differencesOf(folder: string, file: string): Promise<Record<string, number>> {
  const config = goldenConfig(folder)
  const checkpoint = await openCheckpoint(`${goldens}${folder}/${file}`)
  const golden = await openCheckpoint(`${goldens}${folder}/expected.safetensors`)
  try {
    const { scope } = await findWeights(checkpoint, config, file)
    const pixels = await golden.read('in.pixels')
    const mask = config.head.kind === 'patches' ? await golden.read('in.mask') : undefined
    const outputs = (image: Value, hidden?: Value): Record<string, Value> => {
      const states = trunk(scope, config, image, { mask: hidden })
      const last = states[config.layers]
      const named = states.map((state, i) => [`states.${i}`, state] as const)
      if (hidden) return { ...Object.fromEntries(named), patches: patchFeatures(scope, config, last) }
      const features = meanFeatures(scope, config, last)
      return { ...Object.fromEntries(named), features, logits: classLogits(scope, features) }
    }
    const images = spec('float32', ['batch', ...pixels.shape.slice(1)])
    let found: Record<string, Tensor>
    if (mask) {
      const run = await compile(outputs, [images, spec('bool', ['batch', mask.shape[1]])], { threads: 1 })
      found = await run(pixels, mask.cast('bool'))
      await run.dispose()
    } else {
      const run = await compile((x: Value) => outputs(x), [images], { threads: 1 })
      found = await run(pixels)
      await run.dispose()
    }
    return await differencesTo(golden, found)
  } finally {
    await Promise.all([checkpoint.close(), golden.close()])
  }
}
