/**
 * Trains `altclip-emoji-m12` from the data packages: `npm run train:emoji`. Stopped at any moment and started again, it
 * goes on from the last saved state and ends with the same bits.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Tensors, writeSafetensors } from '@flag/core-tensor'
import { parseAltCLIPConfig } from '../../packages/flagai/src/models/altclip/config.ts'
import {
  SentencePiece,
  trainUnigram,
  XlmRobertaTokenizer,
} from '../../packages/flagai/src/tokenizers/index.ts'
import { IMAGE_MEAN, IMAGE_STD } from './augment.ts'
import { type OnStep, trainClip } from './clip.ts'
import { LANGUAGES } from './concepts.ts'
import { type EmojiData, loadTraining } from './data.ts'
import { packageVersions } from './packages.ts'
import { IMAGE_SIZE, modelConfig, PIECES, RENDER_SIZE, SEED, stages, templates } from './recipe.ts'
import { learnFromPictures, learnFromTeacher } from './student.ts'

const HELP = `Trains altclip-emoji-m12 from the emoji pictures and names of npm packages.

  npm run train:emoji [-- --run DIR] [--out DIR] [--fresh]

  --run DIR   folder of saved states and loss curves (default .cache/emoji/run)
  --out DIR   folder of the finished model (default packages/flagai/models/altclip-emoji-m12)
  --fresh     forget an earlier run instead of going on from it

Examples
  npm run train:emoji                                  train, or go on, and put the model into its package
  npm run train:emoji -- --run /tmp/run --out /tmp/m12 leave the package's model alone
`

const root = fileURLToPath(new URL('../../', import.meta.url))
const { values: options } = parseArgs({
  options: {
    run: { type: 'string', default: join(root, '.cache/emoji/run') },
    out: { type: 'string', default: join(root, 'packages/flagai/models/altclip-emoji-m12') },
    fresh: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (options.help) {
  process.stdout.write(HELP)
  process.exit()
}

const minutes = (seconds: number) =>
  `${Math.trunc(seconds / 60)}:${String(Math.trunc(seconds % 60)).padStart(2, '0')}`

/** One line that is drawn over on a terminal, and a line every 50 steps elsewhere. */
const report: OnStep = (stage, { loss }, { step, steps, examplesPerSecond, secondsLeft }) => {
  const live = process.stderr.isTTY
  if (!live && step % 50 !== 0 && step !== steps) return
  const line = `${stage}: step ${step}/${steps} · loss ${loss.toFixed(4)} · ${examplesPerSecond.toFixed(0)} samples/s · ${minutes(secondsLeft)} left`
  process.stderr.write(live && step < steps ? `\r\x1b[2K${line}` : `${live ? '\r\x1b[2K' : ''}${line}\n`)
}

/** The text that the tokenizer learns from: what the student reads in training, each phrase once. */
function* tokenizerTexts({ concepts }: EmojiData): Generator<string> {
  for (const language of LANGUAGES) {
    for (const template of templates[language]) yield template.replace('{}', '')
    for (const { heldOut, names, keywords } of concepts)
      if (!heldOut) yield* [names[language], ...keywords[language]]
  }
}

/** The mean loss of every 50 steps of a stage, so that the curve stays small. */
async function lossCurve(name: string): Promise<number[]> {
  const lines = (await readFile(join(options.run, name, 'losses.jsonl'), 'utf8')).trim().split('\n')
  const losses = lines.map((line) => (JSON.parse(line) as { metrics: { loss: number } }).metrics.loss)
  const means: number[] = []
  for (let i = 0; i < losses.length; i += 50) {
    const some = losses.slice(i, i + 50)
    means.push(Number((some.reduce((sum, loss) => sum + loss) / some.length).toFixed(4)))
  }
  return means
}

async function exportModel(params: Tensors, tokenizer: Uint8Array): Promise<void> {
  const { out } = options
  await mkdir(out, { recursive: true })
  const json = (name: string, value: unknown) =>
    writeFile(join(out, name), `${JSON.stringify(value, null, 2)}\n`)
  const side = { height: IMAGE_SIZE, width: IMAGE_SIZE }
  await json('config.json', modelConfig)
  await json('preprocessor_config.json', {
    image_processor_type: 'CLIPImageProcessor',
    do_resize: true,
    size: { shortest_edge: IMAGE_SIZE },
    resample: 3,
    do_center_crop: true,
    crop_size: side,
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: [IMAGE_MEAN, IMAGE_MEAN, IMAGE_MEAN],
    image_std: [IMAGE_STD, IMAGE_STD, IMAGE_STD],
  })
  const curves = ['clip-some', 'clip-whole', 'teacher', 'contrastive']
  await json('training.json', {
    seed: SEED,
    stages,
    packages: packageVersions(),
    lossesPer50Steps: Object.fromEntries(
      await Promise.all(curves.map(async (name) => [name, await lossCurve(name)] as const)),
    ),
  })
  await writeFile(join(out, 'sentencepiece.bpe.model'), tokenizer)
  const halves = Object.fromEntries(
    Object.entries(params)
      .filter(([name]) => !name.startsWith('teacher.'))
      .map(([name, tensor]) => [name, tensor.cast('float16')]),
  )
  await writeSafetensors(join(out, 'model.safetensors'), halves, { format: 'pt' })
}

const started = process.hrtime.bigint()
if (options.fresh) await rm(options.run, { recursive: true, force: true })
const data = await loadTraining(RENDER_SIZE)
const config = parseAltCLIPConfig(modelConfig)
const pieces = trainUnigram(tokenizerTexts(data), { vocabSize: PIECES })
const tokenizer = new XlmRobertaTokenizer(SentencePiece.fromBytes(pieces))
const clip = await trainClip(options.run, config, data, report)
const text = await learnFromTeacher(options.run, config, data, clip, tokenizer, report)
const params = await learnFromPictures(
  options.run,
  config,
  data,
  { ...clip.params, ...text },
  tokenizer,
  report,
)
await exportModel(params, pieces)
const seconds = Number(process.hrtime.bigint() - started) / 1e9
process.stderr.write(`${options.out} after ${minutes(seconds)} minutes of this run\n`)
