/**
 * One whole training step of an AltCLIP of the embedded model's size, ours beside PyTorch eager with its default AdamW
 * and with its fused one, interleaved on one machine: `npm run bench:train`. All start from the same weights, take the
 * same batch and must report the same losses.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import {
  adamW,
  compileStep,
  descent,
  fromNumbers,
  Generator,
  initialState,
  ops,
  scopeOfValues,
  spec,
  type Value,
  type Values,
  writeSafetensors,
} from '@flag/core-tensor'
import { parseAltCLIPConfig } from '../../packages/flagai/src/models/altclip/config.ts'
import { initialParameters } from '../../packages/flagai/src/models/altclip/init.ts'
import { textEmbeds } from '../../packages/flagai/src/models/altclip/model.ts'
import { imageEmbeds, imageLogits } from '../../packages/flagai/src/models/clip/model.ts'
import { environment, writeResult } from '../repo/result.ts'
import { Random } from './random.ts'
import { IMAGE_SIZE, modelConfig } from './recipe.ts'

const HELP = `Times a training step of a small AltCLIP beside PyTorch eager on the CPU.

  npm run bench:train [-- --batch 128] [--length 12] [--threads 2] [--rounds 6] [--json FILE]

Python with torch, transformers and safetensors is taken from FLAG_PYTHON, else python3; without it the exit code is 2.
`

const { values } = parseArgs({
  options: {
    batch: { type: 'string', default: '128' },
    length: { type: 'string', default: '12' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '6' },
    json: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) {
  process.stdout.write(HELP)
  process.exit()
}
const [batch, length, threads, rounds] = [values.batch, values.length, values.threads, values.rounds].map(
  Number,
)
/** Steps of one side before it is the other's turn. */
const STEPS = 4

const config = parseAltCLIPConfig(modelConfig)
const folder = await mkdtemp(join(tmpdir(), 'flag-bench-'))
process.on('exit', () => void rm(folder, { recursive: true, force: true }))

const params = initialParameters(config, new Generator(5))
const pixels = new Generator(6).randn([batch, 3, IMAGE_SIZE, IMAGE_SIZE])
const random = new Random(7)
const texts = Array.from({ length: batch }, () => {
  const words = 2 + random.below(length - 3)
  return Array.from({ length }, (_, i) =>
    i === 0 ? 0 : i <= words ? 4 + random.below(7990) : i === words + 1 ? 2 : config.text.padId,
  )
})
const ids = fromNumbers(texts.flat(), [batch, length], 'int64')

const python = process.env.FLAG_PYTHON ?? 'python3'

/** PyTorch's side in a process of its own: one JSON line for each question. */
function openPyTorch() {
  const child = spawn(python, [fileURLToPath(new URL('../oracles/train_step.py', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let complaint = ''
  child.stderr.on('data', (text) => {
    complaint += text
  })
  child.stdin.on('error', () => {})
  child.on('error', (error) => {
    complaint += error.message
  })
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]()
  return {
    async ask<T>(request: object): Promise<T> {
      child.stdin.write(`${JSON.stringify(request)}\n`)
      const { value, done } = await answers.next()
      if (done) {
        console.error(
          `${python} cannot run PyTorch's side (torch, transformers and safetensors are needed):\n${complaint}`,
        )
        process.exit(2)
      }
      return JSON.parse(value)
    },
    close: () => child.stdin.end(),
  }
}

await writeSafetensors(join(folder, 'weights.safetensors'), params)
await writeSafetensors(join(folder, 'batch.safetensors'), { pixels, ids })
const peers = await Promise.all(
  [false, true].map(async (fused) => {
    const { ask, close } = openPyTorch()
    const { torch } = await ask<{ torch: string }>({
      config: modelConfig,
      weights: join(folder, 'weights.safetensors'),
      batch: join(folder, 'batch.safetensors'),
      threads,
      fused,
    })
    return { name: `PyTorch ${torch} eager, ${fused ? 'fused' : 'default'} AdamW`, torch, ask, close }
  }),
)

const optimizer = adamW({ learningRate: 1e-4, weightDecay: 0.05, beta2: 0.98 })
const contrastive = (of: Values, pictures: Value, texts: Value): Value => {
  const scope = scopeOfValues(of)
  const chunks = ops.split(pictures, new Array(batch / 32).fill(32), 0)
  const images = ops.concat(
    chunks.map((chunk) => imageEmbeds(scope, config, chunk)),
    0,
  )
  const logits = imageLogits(
    scope,
    ops.normalize(images),
    ops.normalize(textEmbeds(scope, config, { ids: texts })),
  ) // [B, B]
  const labels = ops.iota(batch)
  return ops.mul(
    ops.add(ops.crossEntropy(logits, labels), ops.crossEntropy(ops.transpose(logits), labels)),
    0.5,
  )
}
const open = (profile?: string) =>
  compileStep(
    descent({ loss: contrastive, optimizer, maxNorm: 1 }),
    initialState(params, optimizer),
    [spec('float32', pixels.shape), spec('int64', ids.shape)] as const,
    { threads, profile },
  )

const step = await open()
interface Side {
  name: string
  seconds: number[]
  loss: number[]
  steps(count: number): Promise<{ seconds: number[]; loss: number[] }>
}
const ours: Side = {
  name: 'Flag',
  seconds: [],
  loss: [],
  async steps(count) {
    const seconds: number[] = []
    const loss: number[] = []
    for (let i = 0; i < count; i++) {
      const start = process.hrtime.bigint()
      loss.push((await step(pixels, ids)).loss.item())
      seconds.push(Number(process.hrtime.bigint() - start) / 1e9)
    }
    return { seconds, loss }
  },
}
const theirs = peers.map(
  ({ name, ask }): Side => ({ name, seconds: [], loss: [], steps: (steps) => ask({ steps }) }),
)
const sides = [ours, ...theirs]
for (let round = 0; round <= rounds; round++) {
  for (const side of sides) {
    const { seconds, loss } = await side.steps(STEPS)
    side.loss.push(...loss)
    // The first round warms everything up.
    if (round > 0) side.seconds.push(...seconds)
  }
  if (round > 0) console.error(`round ${round}/${rounds}`)
}
await step.dispose()
for (const { close } of peers) close()

const apart = Math.max(
  ...theirs.flatMap(({ loss }) => loss.map((value, i) => Math.abs(value - ours.loss[i]))),
)
if (!(apart < 1e-2)) throw new Error(`the losses are ${apart} apart: the sides do not train the same model`)

/** Share of kernel time per operator, by ONNX Runtime's own profile of a few steps. */
async function operatorShares(): Promise<[string, number][]> {
  const profiled = await open(join(folder, 'profile'))
  for (let i = 0; i < 3; i++) await profiled(pixels, ids)
  await profiled.dispose()
  const file = (await readdir(folder)).find((name) => name.startsWith('profile'))
  const events: { cat: string; name: string; dur: number; args?: { op_name?: string } }[] = JSON.parse(
    await readFile(join(folder, file as string), 'utf8'),
  )
  const totals = new Map<string, number>()
  let all = 0
  for (const { cat, name, dur, args } of events) {
    if (cat !== 'Node' || !name.endsWith('_kernel_time') || !args?.op_name) continue
    totals.set(args.op_name, (totals.get(args.op_name) ?? 0) + dur)
    all += dur
  }
  return [...totals].map(([name, time]) => [name, time / all] as [string, number]).sort((a, b) => b[1] - a[1])
}

const quantile = (list: readonly number[], q: number) =>
  [...list].sort((a, b) => a - b)[Math.round(q * (list.length - 1))]
/** How many times as long as ours a side takes, round by round. */
const ratios = ({ seconds }: Side) =>
  Array.from({ length: rounds }, (_, i) => {
    const [a, b] = [seconds, ours.seconds].map((all) => quantile(all.slice(i * STEPS, (i + 1) * STEPS), 0.5))
    return a / b
  })
const rows = sides.map((side) => ({
  name: side.name,
  milliseconds: [0.5, 0.1, 0.9].map((q) => 1000 * quantile(side.seconds, q)),
  ratio: quantile(ratios(side), 0.5),
  ratioSpread: [0.1, 0.9].map((q) => quantile(ratios(side), q)),
}))
const operators = await operatorShares()

console.log(`${batch} pictures and texts of ${length} tokens, ${threads} threads, ${environment.processor}`)
for (const { name, milliseconds, ratio, ratioSpread } of rows) {
  const [median, low, high] = milliseconds.map((value) => value.toFixed(0))
  const spread = ratioSpread.map((value) => value.toFixed(2)).join(' to ')
  console.log(`${name.padEnd(42)} ${median} ms (${low} to ${high}); ${ratio.toFixed(2)} × Flag's (${spread})`)
}
console.log(`losses differ by at most ${apart.toExponential(1)}`)
for (const [name, share] of operators.slice(0, 12))
  console.log(`  ${name.padEnd(28)} ${(100 * share).toFixed(1).padStart(5)} %`)
const [, eager] = rows
await writeResult(values.json, {
  name: 'train',
  value: eager.ratio,
  unit: `times as fast as ${eager.name}, median over rounds`,
  goal: '>= 1.5',
  spread: eager.ratioSpread as [number, number],
  rows: { sides: rows, operators: Object.fromEntries(operators), largestLossDifference: apart },
  environment: { torch: peers[0].torch, batch, length, threads },
})
