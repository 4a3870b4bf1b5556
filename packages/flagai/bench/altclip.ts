// AltCLIP at its real size beside PyTorch (transformers, eager), and CLIP ViT-B/32 beside transformers.js, with the same
// threads, each in one interleaved run:
//   npm run bench:altclip -- [--models FOLDER] [--rounds N] [--starts N] [--threads N] [--peer torch|transformersjs]
//                            [--kind image|text] [--json FILE] [--write]
// Cold: from the start of the process to the first text and picture embedding. Warm: captions/s and pictures/s at batch
// 1, 8 and 32, from strings and JPEG files to vectors; the same against a bare onnxruntime loop over the same graphs
// with inputs that are ready. Memory: the most private and the most resident memory of both sides. Event loop: the
// delay while 1,000 pictures are embedded. AltCLIP is measured with weights as they are stored and with
// `dtype: 'int8'`, both beside PyTorch in float32, the second also beside PyTorch with its linear layers quantised
// dynamically and in bfloat16. Models with random weights (7.5 GB) are written into --models once.
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { writeAltCLIP } from '../../../tools/models/altclip.ts'
import { bareTowers, runShapes } from '../../../tools/models/bareTowers.ts'
import { writeCLIP } from '../../../tools/models/clip.ts'
import { captions, pictures } from '../../../tools/models/inputs.ts'
import { environment, writeResult } from '../../../tools/repo/result.ts'
import { writeSection } from '../../../tools/repo/section.ts'
import { CLIP } from '../src/models/clip/index.ts'
import { exportOnnx } from '../src/models/export.ts'
import type { ModelDType } from '../src/models/precision.ts'
import { type Memory, startChild } from './embedding/child.ts'
import {
  byTurns,
  type ColdRow,
  coldStarts,
  settle,
  startFlag,
  type WarmRow,
  warmRow,
} from './embedding/compare.ts'
import { coldTable, memoryTable, warmTable } from './embedding/tables.ts'

const { values: options } = parseArgs({
  options: {
    models: { type: 'string', default: join(tmpdir(), 'flag-models') },
    rounds: { type: 'string', default: '5' },
    starts: { type: 'string', default: '5' },
    threads: { type: 'string', default: String(availableParallelism()) },
    peer: { type: 'string', multiple: true, default: ['torch', 'transformersjs'] },
    kind: { type: 'string', multiple: true, default: ['image', 'text'] },
    json: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
})
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const python = process.env.FLAG_PYTHON ?? 'python3'
const { threads } = options
const [rounds, starts] = [Number(options.rounds), Number(options.starts)]
const kinds = (['image', 'text'] as const).filter((kind) => options.kind.includes(kind))
const [kind] = kinds
if (kind === undefined) throw new Error(`--kind must be image or text, got ${options.kind.join(', ')}`)
const wanted = (peer: string) => options.peer.includes(peer)
const GOALS = { cold: 0.2, memory: 0.6, image: 2, text: 1.5, bare: 0.9 }
const DELAY_GOAL = 20
/** Of transformers.js, which runs the same graph on the same runtime, no factor is asked. */
const CLIP_GOALS = { bare: 0.9 }

interface Comparison {
  readonly cold: readonly ColdRow[]
  readonly warm: readonly WarmRow[]
  readonly memory: { readonly ours: Memory; readonly theirs: Memory }
}

/** Our int8 beside other types of PyTorch's. */
type TheirOthers = Readonly<Record<'int8' | 'bfloat16', readonly WarmRow[]>>

const versions = wanted('torch') ? peerVersions() : {}
const work = await mkdtemp(join(tmpdir(), 'flag-bench-'))
try {
  const images = await pictures(join(work, 'pictures'), 32)
  const results = {
    ...(wanted('torch') ? await besideTorch(images) : {}),
    ...(wanted('transformersjs') ? { clip: await besideTransformersJs(images) } : {}),
  }
  await report(results, await loopDelay(images))
} finally {
  await rm(work, { recursive: true })
}

function peerVersions(): Record<string, string> {
  const code =
    'import json, torch, transformers, PIL, sentencepiece; print(json.dumps({"torch": torch.__version__, "transformers": transformers.__version__}))'
  try {
    return JSON.parse(execFileSync(python, ['-c', code], { encoding: 'utf8' }))
  } catch {
    console.error(
      `bench:altclip compares with PyTorch, which ${python} does not have: pip install torch transformers pillow ` +
        'sentencepiece, and set FLAG_PYTHON to that Python; or leave it out with --peer transformersjs.',
    )
    process.exit(2)
  }
}

/** AltCLIP as it is stored and in int8. */
async function besideTorch(
  images: readonly string[],
): Promise<{ altclip: Comparison; int8: Comparison; theirs: TheirOthers }> {
  const folders = await writeAltCLIP(options.models)
  const inputs = { image: images, text: captions(64) }
  const first = [inputs.text[4], images[0]]
  const ours = (folder: string, dtype = 'auto') =>
    startFlag(here('embedding/flag.mjs'), 'AltCLIP', folder, threads, first, dtype)
  const theirs = (folder: string, ...dtype: string[]) =>
    startChild(python, [here('embedding/pytorch_peer.py'), folder, threads, ...first, ...dtype])
  const bare = async (dtype: ModelDType) => {
    const towers = await bareTowers('AltCLIP', folders.torch, { threads: Number(threads), work, dtype })
    return startChild(process.execPath, [here('embedding/bare.mjs'), towers])
  }
  // Converts and packs; what is measured finds both in the cache.
  const maker = await ours(folders.torch, 'int8')
  await settle(maker, inputs, 5)
  await maker.end()
  const cold: ColdRow[] = []
  for (const [format, folder] of Object.entries(folders)) {
    const start = { ours: () => ours(folder), theirs: () => theirs(folder) }
    cold.push(await coldStarts(`AltCLIP, ${format} file`, start, starts))
  }
  const startInt8 = { ours: () => ours(folders.torch, 'int8'), theirs: () => theirs(folders.torch) }
  const coldInt8 = await coldStarts('AltCLIP, torch file, int8', startInt8, starts)
  // The machine's speed drifts, so a model and its bare loop follow upon each other.
  const children = {
    float32: await ours(folders.torch),
    'float32 bare': await bare('auto'),
    PyTorch: await theirs(folders.torch),
    int8: await ours(folders.torch, 'int8'),
    'int8 bare': await bare('int8'),
    'PyTorch int8': await theirs(folders.torch, 'int8'),
    'PyTorch bfloat16': await theirs(folders.torch, 'bfloat16'),
  }
  await settle(children.int8, inputs, 2)
  const shapes = await runShapes(folders.torch, inputs.text, 224)
  const rates = await byTurns(children, inputs, shapes, rounds, kinds)
  const memory: Record<string, Memory> = {}
  for (const [name, child] of Object.entries(children)) memory[name] = await child.end()
  const rows = (ours: string, theirs: string) =>
    rates.map((rate) => warmRow(rate, { ours, theirs, bare: `${ours} bare` }))
  return {
    altclip: {
      cold,
      warm: rows('float32', 'PyTorch'),
      memory: { ours: memory.float32, theirs: memory.PyTorch },
    },
    int8: {
      cold: [coldInt8],
      warm: rows('int8', 'PyTorch'),
      memory: { ours: memory.int8, theirs: memory.PyTorch },
    },
    theirs: { int8: rows('int8', 'PyTorch int8'), bfloat16: rows('int8', 'PyTorch bfloat16') },
  }
}

async function besideTransformersJs(images: readonly string[]): Promise<Comparison> {
  const environmentOfInstall = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' }
  execFileSync('npm', ['ci', '--silent', '--prefix', here('transformersjs')], { env: environmentOfInstall })
  const folder = await writeCLIP(options.models)
  const model = await CLIP.fromPretrained(folder)
  await exportOnnx(model, join(folder, 'onnx'))
  await model.dispose()
  const inputs = { image: images, text: captions(64, ['en']) }
  const first = [inputs.text[4], images[0]]
  const start = {
    ours: () => startFlag(here('embedding/flag.mjs'), 'CLIP', folder, threads, first),
    theirs: () => startChild(process.execPath, [here('transformersjs/peer.mjs'), folder, threads, ...first]),
  }
  const cold = [await coldStarts('CLIP ViT-B/32', start, starts)]
  const towers = await bareTowers('CLIP', folder, { threads: Number(threads), work })
  const children = {
    ours: await start.ours(),
    theirs: await start.theirs(),
    bare: await startChild(process.execPath, [here('embedding/bare.mjs'), towers]),
  }
  const shapes = await runShapes(folder, inputs.text, 224)
  const rates = await byTurns(children, inputs, shapes, rounds, kinds)
  const warm = rates.map((rate) => warmRow(rate, { ours: 'ours', theirs: 'theirs', bare: 'bare' }))
  await children.bare.end()
  return { cold, warm, memory: { ours: await children.ours.end(), theirs: await children.theirs.end() } }
}

/** The event loop's delay, p99 in milliseconds, while the embedded model takes 1,000 JPEG files in one call. */
async function loopDelay(images: readonly string[]): Promise<number> {
  const first = ['a cat', images[0]]
  const child = await startFlag(here('embedding/flag.mjs'), 'AltCLIP', 'altclip-emoji-m12', threads, first)
  const inputs = Array.from({ length: 1000 }, (_, i) => images[i % images.length])
  const { delayP99 } = await child.ask({ what: 'image', inputs, batch: inputs.length })
  await child.end()
  return delayP99
}

async function report(
  {
    altclip,
    int8,
    theirs,
    clip,
  }: { altclip?: Comparison; int8?: Comparison; theirs?: TheirOthers; clip?: Comparison },
  delayP99: number,
): Promise<void> {
  const note =
    `${environment.date}, Node ${environment.node}, onnxruntime-node ${environment.onnxruntime}, ` +
    `${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}, `)
      .join('')}` +
    `${threads} threads, ${environment.processor}; ${starts} starts, ${rounds} rounds, medians (least to greatest). ` +
    'Random weights at full size; pictures are JPEG files of 640 × 480, captions have 3 to 40 tokens.'
  const parts = [
    note,
    ...(altclip && int8 && theirs
      ? [
          'AltCLIP in float32, as it is stored:',
          coldTable('PyTorch', altclip.cold, GOALS),
          warmTable('PyTorch', altclip.warm, GOALS),
          memoryTable('PyTorch', altclip.memory, GOALS),
          "AltCLIP with `dtype: 'int8'`, converted and packed before, beside PyTorch in float32:",
          coldTable('PyTorch', int8.cold, GOALS),
          warmTable('PyTorch', int8.warm, GOALS),
          memoryTable('PyTorch', int8.memory, GOALS),
          'The same beside PyTorch with `torch.ao.quantization.quantize_dynamic` of its linear layers:',
          warmTable('PyTorch, int8', theirs.int8, {}),
          'The same beside PyTorch in bfloat16:',
          warmTable('PyTorch, bfloat16', theirs.bfloat16, {}),
        ]
      : []),
    ...(clip
      ? [
          'CLIP ViT-B/32 beside transformers.js 4.3.1, which runs the ONNX files that `flagai export` wrote:',
          coldTable('transformers.js', clip.cold, {}),
          warmTable('transformers.js', clip.warm, CLIP_GOALS),
          memoryTable('transformers.js', clip.memory, {}),
        ]
      : []),
    `Delay of the event loop while the embedded model takes 1,000 JPEG files in one call: p99 ${delayP99.toFixed(1)} ms (goal < ${DELAY_GOAL}).`,
  ]
  const text = parts.join('\n\n')
  console.log(text)
  if (options.write) await writeSection(here('../../../docs/benchmarks.md'), 'altclip', text)
  const rows = (altclip ?? clip)?.warm.filter(({ what }) => what === kind) ?? []
  await writeResult(options.json, {
    name: 'altclip',
    value: Math.min(...rows.map(({ toPeer }) => toPeer.ratio)),
    unit: `× ${kind === 'image' ? 'pictures' : 'captions'}/s of ${altclip ? 'PyTorch' : 'transformers.js'}, the least of the batch sizes`,
    goal: `>= ${GOALS[kind]}`,
    rows: { altclip, int8, theirs, clip, delayP99 },
    environment: { ...versions, threads: Number(threads) },
  })
}
