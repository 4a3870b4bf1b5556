/**
 * One whole training step of an AltCLIP of the embedded model's size, ours beside PyTorch eager, interleaved on one
 * machine: `npm run bench:train`. Both start from the same weights, take the same batch and must report the same losses.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
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
import { imageEmbeds, imageLogits, textEmbeds } from '../../packages/flagai/src/models/altclip/model.ts'
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
const rows = Array.from({ length: batch }, () => {
  const words = 2 + random.below(length - 3)
  return Array.from({ length }, (_, i) =>
    i === 0 ? 0 : i <= words ? 4 + random.below(7990) : i === words + 1 ? 2 : config.text.padId,
  )
})
const ids = fromNumbers(rows.flat(), [batch, length], 'int64')

const python = process.env.FLAG_PYTHON ?? 'python3'
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
async function ask<T>(request?: object): Promise<T> {
  if (request) child.stdin.write(`${JSON.stringify(request)}\n`)
  const { value, done } = await answers.next()
  if (done) {
    console.error(
      `${python} cannot run PyTorch's side (torch, transformers and safetensors are needed):\n${complaint}`,
    )
    process.exit(2)
  }
  return JSON.parse(value)
}

await writeSafetensors(join(folder, 'weights.safetensors'), params)
await writeSafetensors(join(folder, 'batch.safetensors'), { pixels, ids })
const { torch } = await ask<{ torch: string }>({
  config: modelConfig,
  weights: join(folder, 'weights.safetensors'),
  batch: join(folder, 'batch.safetensors'),
  threads,
})

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
const ours = { seconds: [] as number[], loss: [] as number[] }
const theirs = { seconds: [] as number[], loss: [] as number[] }
for (let round = 0; round <= rounds; round++) {
  const times: number[] = []
  for (let i = 0; i < STEPS; i++) {
    const start = process.hrtime.bigint()
    ours.loss.push((await step(pixels, ids)).loss.item())
    times.push(Number(process.hrtime.bigint() - start) / 1e9)
  }
  const answer = await ask<{ seconds: number[]; loss: number[] }>({ steps: STEPS })
  theirs.loss.push(...answer.loss)
  // The first round warms both up.
  if (round === 0) continue
  ours.seconds.push(...times)
  theirs.seconds.push(...answer.seconds)
  console.error(`round ${round}/${rounds}`)
}
await step.dispose()
child.stdin.end()

const apart = Math.max(...ours.loss.map((loss, i) => Math.abs(loss - theirs.loss[i])))
if (!(apart < 1e-2))
  throw new Error(`the losses are ${apart} apart: the two sides do not train the same model`)

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
const summary = ({ seconds }: { seconds: number[] }) => ({
  median: quantile(seconds, 0.5),
  low: quantile(seconds, 0.1),
  high: quantile(seconds, 0.9),
})
const shares = await operatorShares()
const result = {
  date: new Date().toISOString().slice(0, 10),
  node: process.version,
  cpu: cpus()[0].model,
  torch,
  batch,
  length,
  threads,
  flag: summary(ours),
  pytorch: summary(theirs),
  ratio: summary(theirs).median / summary(ours).median,
  largestLossDifference: apart,
  operatorShares: Object.fromEntries(shares),
}
const ms = ({ median, low, high }: ReturnType<typeof summary>) =>
  `${(1000 * median).toFixed(0)} ms (${(1000 * low).toFixed(0)} to ${(1000 * high).toFixed(0)})`
console.log(`${batch} pictures and texts, ${threads} threads, ${result.cpu}, Node ${result.node}`)
console.log(`Flag            ${ms(result.flag)}`)
console.log(`PyTorch ${torch.padEnd(7)} ${ms(result.pytorch)}`)
console.log(
  `Flag is ${result.ratio.toFixed(2)} × as fast; losses differ by at most ${apart.toExponential(1)}`,
)
for (const [name, share] of shares.slice(0, 12))
  console.log(`  ${name.padEnd(28)} ${(100 * share).toFixed(1).padStart(5)} %`)
if (values.json) await writeFile(values.json, `${JSON.stringify(result, null, 2)}\n`)
