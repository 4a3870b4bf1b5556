/**
 * A training to measure: the picture tower of `altclip-emoji-m12` learns a style of drawing that it has not seen. It trains
 * on OpenMoji's drawings, and its quality is how many of 512 of them it gives the right one of all English names.
 *   npx tsx packages/flagperf/src/cli/main.ts train tools/perf/emojiTraining.ts --steps 300 --evaluate-every 25
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  AltCLIP,
  clip,
  type ImageInput,
  ImageProcessor,
  parseAltCLIPConfig,
  parsePreprocessConfig,
} from '@flag/ai'
import {
  adamW,
  compile,
  compileStep,
  descent,
  Generator,
  initialState,
  openCheckpoint,
  ops,
  scopeOfValues,
  spec,
  Tensor,
  type Value,
  type Values,
} from '@flag/core-tensor'
import type { TrainTask } from '@flag/perf'
import { loadEmoji } from '../../packages/flageval/src/datasets/emoji.ts'

const BATCH = 64
/** Drawings that the quality is measured on. */
const ASKED = 512
const folder = fileURLToPath(new URL('../../packages/flagai/models/altclip-emoji-m12', import.meta.url))
const json = (name: string) => JSON.parse(readFileSync(`${folder}/${name}`, 'utf8'))

/** Weights of the picture tower, in fp32. */
async function pictureWeights(): Promise<Record<string, Tensor>> {
  const checkpoint = await openCheckpoint(folder)
  const names = checkpoint.names.filter((name) => /^(vision_model|visual_projection)/.test(name))
  const weights: Record<string, Tensor> = {}
  for (const name of names) {
    const tensor = await checkpoint.read(name)
    weights[name] = new Tensor('float32', tensor.shape, Float32Array.from(tensor.toNumbers()))
  }
  await checkpoint.close()
  return weights
}

const unit = (rows: Value) => ops.normalize(rows)

const task: TrainTask = {
  name: 'altclip-emoji-m12, OpenMoji',
  batchSize: BATCH,
  target: { metric: 'share of emoji named right', value: 0.8, higherIsBetter: true },
  async start({ threads, provider, seed }) {
    const config = parseAltCLIPConfig(json('config.json'))
    const { pictures, captions } = loadEmoji('en', { unicode: 13 })
    const model = await AltCLIP.fromPretrained(folder, { providers: [provider], threads })
    const names = await model.encodeText(captions.map(({ text }) => text))
    await model.dispose()
    const processor = new ImageProcessor(parsePreprocessConfig(json('preprocessor_config.json')))
    const pixels = await processor.processBatch(pictures.map(({ input }) => input as ImageInput))
    const [count, width] = names.shape
    const { imageSize: side, channels } = config.vision
    const size = channels * side * side
    const rows = (indices: readonly number[]) => {
      const data = new Float32Array(indices.length * size)
      indices.forEach((row, i) => {
        data.set(pixels.data.subarray(row * size, (row + 1) * size) as Float32Array, i * size)
      })
      return new Tensor('float32', [indices.length, channels, side, side], data)
    }
    const asked = Array.from({ length: ASKED }, (_, i) => Math.floor((i * count) / ASKED))

    const logits = (params: Values, x: Value, texts: Value) =>
      ops.matmul(unit(clip.imageEmbeds(scopeOfValues(params), config, x)), ops.transpose(unit(texts)))
    const optimizer = adamW({ learningRate: 2e-4, weightDecay: 0.05 })
    const options = { threads, providers: [provider], isolation: 'inline' as const }
    const weights = await pictureWeights()
    const step = await compileStep(
      descent({
        loss: (params: Values, x: Value, texts: Value, labels: Value) =>
          ops.crossEntropy(ops.mul(logits(params, x, texts), 30), labels),
        optimizer,
        maxNorm: 1,
      }),
      initialState(weights, optimizer),
      [
        spec('float32', [BATCH, channels, side, side]),
        spec('float32', [count, width]),
        spec('int64', [BATCH]),
      ] as const,
      options,
    )
    const specs = Object.fromEntries(
      Object.entries(weights).map(([name, { dtype, shape }]) => [name, spec(dtype, shape)]),
    )
    const predict = await compile(
      (params: Values, x: Value, texts: Value) => ops.argMax(logits(params, x, texts)),
      [specs, spec('float32', [ASKED, channels, side, side]), spec('float32', [count, width])],
      options,
    )
    const test = rows(asked)
    return {
      async step(number) {
        const random = new Generator(seed * 1_000_003 + number)
        const chosen = Array.from({ length: BATCH }, () => random.uint32() % count)
        const labels = new Tensor('int64', [BATCH], BigInt64Array.from(chosen, BigInt))
        return (await step(rows(chosen), names, labels)).loss.item()
      },
      async evaluate() {
        const { params } = await step.state()
        const named = (await predict(params, test, names)).toNumbers()
        return named.filter((name, i) => name === asked[i]).length / ASKED
      },
      async dispose() {
        await step.dispose()
        await predict.dispose()
      },
    }
  },
}

export default task
