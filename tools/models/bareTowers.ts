import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inPlaceFiles } from '../../packages/core-tensor/src/checkpoint/inPlace.ts'
import {
  encodeModel,
  Graph,
  openCheckpoint,
  type Scope,
  type Spec,
  spec,
  type Traced,
  trace,
  type Value,
} from '../../packages/core-tensor/src/index.ts'
import { parseAltCLIPConfig } from '../../packages/flagai/src/models/altclip/config.ts'
import * as altclip from '../../packages/flagai/src/models/altclip/model.ts'
import { findWeights } from '../../packages/flagai/src/models/altclip/weights.ts'
import { groupsByLength } from '../../packages/flagai/src/models/batches.ts'
import { bindParameters } from '../../packages/flagai/src/models/bind.ts'
import { parseCLIPConfig } from '../../packages/flagai/src/models/clip/config.ts'
import * as clip from '../../packages/flagai/src/models/clip/model.ts'
import { TEXT_TOKENS } from '../../packages/flagai/src/models/dualEncoder.ts'
import { inPrecision, type ModelDType } from '../../packages/flagai/src/models/precision.ts'
import { openTokenizer } from '../../packages/flagai/src/tokenizers/index.ts'

type What = 'text' | 'image'

interface Towers {
  readonly size: number
  text(ids: Value): Value
  image(pixels: Value): Value
}

const families = {
  async AltCLIP(json: unknown, folder: string): Promise<Towers> {
    const config = parseAltCLIPConfig(json)
    const { scope } = await findWeights(await openCheckpoint(folder), config, folder)
    return {
      size: config.vision.imageSize,
      text: (ids) => altclip.textEmbeds(scope, config, { ids }),
      image: (pixels) => altclip.imageEmbeds(scope, config, pixels),
    }
  },
  async CLIP(json: unknown, folder: string): Promise<Towers> {
    const config = parseCLIPConfig(json)
    const options = { file: folder, model: 'CLIP' }
    const { scope }: { scope: Scope } = await bindParameters(
      await openCheckpoint(folder),
      clip.clipParameters(config),
      options,
    )
    return {
      size: config.vision.imageSize,
      text: (ids) => clip.textEmbeds(scope, config, ids),
      image: (pixels) => clip.imageEmbeds(scope, config, pixels),
    }
  },
}

/**
 * Both towers of a model as ONNX files that refer to the checkpoint, with the options that `compile` gives the runtime;
 * what the bench's bare loop runs. Gives the path of its argument.
 */
export async function bareTowers(
  family: keyof typeof families,
  folder: string,
  { threads, work, dtype = 'auto' }: { threads: number; work: string; dtype?: ModelDType },
): Promise<string> {
  const json = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))
  const { size, text, image } = await families[family](json, folder)
  const tower = async (part: 'text' | 'vision', fn: (x: Value) => Value, input: Spec) => {
    const direct = trace(
      fn as never,
      [input] as const,
      new Graph(undefined, { fused: true }),
    ) as Traced<Value>
    const { prepare } = inPrecision<Value>({ dtype, part, opened: [] })
    const { graph, outputs } = prepare ? await prepare(direct) : direct
    const files = new Set(graph.storedTensors.flatMap(({ source }) => (source ? [source.path] : [])))
    const place = inPlaceFiles(files)
    const model = join(work, `${family}-${part}-${dtype}.onnx`)
    await writeFile(model, encodeModel(graph, outputs, { locationOf: place.location }))
    const bytes = graph.storedTensors.reduce((sum, { source }) => sum + (source?.byteLength ?? 0), 0)
    const session = {
      model_external_initializers_file_folder_path: place.folder,
      // In 8 bits the model itself runs packed.
      ...(bytes > 256 * 2 ** 20 && dtype !== 'int8' ? { disable_prepacking: '1' } : {}),
    }
    return {
      model,
      options: {
        executionProviders: ['cpu'],
        intraOpNumThreads: threads,
        enableMemPattern: false,
        extra: { session },
      },
      shape: [1, 3, size, size],
    }
  }
  const towers = {
    text: await tower('text', text, spec('int64', ['batch', 'length'])),
    image: await tower('vision', image, spec('float32', ['batch', 3, size, size])),
  }
  const file = join(work, `${family}-${dtype}-bare.json`)
  await writeFile(file, JSON.stringify(towers))
  return file
}

/** The shapes of the runs that inputs take: pictures batch by batch, texts in groups padded as the model pads them. */
export async function runShapes(
  folder: string,
  texts: readonly string[],
  size: number,
): Promise<(what: What, count: number, batch: number) => number[][]> {
  const tokenizer = await openTokenizer(folder)
  const lengths = texts.map((text) => tokenizer.encode(text, { maxLength: 77 }).length)
  return (what, count, batch) =>
    Array.from({ length: Math.ceil(count / batch) }, (_, i) => i * batch).flatMap((at) => {
      const some = lengths.slice(at, Math.min(at + batch, count))
      if (what === 'image') return [[Math.min(batch, count - at), 3, size, size]]
      const groups = groupsByLength(some, { size: batch, tokens: TEXT_TOKENS })
      return groups.map((group) => [group.length, Math.max(...group.map((row) => some[row]))])
    })
}
