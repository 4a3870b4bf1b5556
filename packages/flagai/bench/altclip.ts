// AltCLIP at its real size beside PyTorch (transformers, eager), and CLIP ViT-B/32 beside transformers.js, with the same
// threads, each in one interleaved run:
//   npm run bench:altclip -- [--models FOLDER] [--rounds N] [--starts N] [--threads N] [--peer torch|transformersjs]
//                            [--dtype int8] [--json FILE] [--write]
// Cold: from the start of the process to the first text and picture embedding. Warm: captions/s and pictures/s at batch
// 1, 8 and 32, from strings and JPEG files to vectors; the same against a bare onnxruntime loop over the same graphs
// with inputs that are ready. Memory: the most private and the most resident memory of both sides. Event loop: the
// delay while 1,000 pictures are embedded. With --dtype int8 also what a user reaches with weights in 8 bits, beside
// PyTorch in float32 and with its linear layers quantised dynamically. Models with random weights (7.5 GB) are written into --models once.
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
import { type Memory, startChild } from './embedding/child.ts'
import {
  type ColdRow,
  coldStarts,
  greatestDifference,
  type ReducedRow,
  reducedRates,
  startFlag,
  type WarmRow,
  warmRates,
} from './embedding/compare.ts'
import { coldTable, memoryTable, reducedTable, warmTable } from './embedding/tables.ts'

const { values: options } = parseArgs({
  options: {
    models: { type: 'string', default: join(tmpdir(), 'flag-models') },
    rounds: { type: 'string', default: '5' },
    starts: { type: 'string', default: '5' },
    threads: { type: 'string', default: String(availableParallelism()) },
    peer: { type: 'string', multiple: true, default: ['torch', 'transformersjs'] },
    dtype: { type: 'string' },
    json: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
})
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const python = process.env.FLAG_PYTHON ?? 'python3'
const { threads } = options
const [rounds, starts] = [Number(options.rounds), Number(options.starts)]
const wanted = (peer: string) => options.peer.includes(peer)
if (options.dtype !== undefined && (options.dtype !== 'int8' || !wanted('torch'))) {
  console.error('bench:altclip compares with PyTorch in float32, and with --dtype int8 in 8 bits, too.')
  process.exit(2)
}

const GOALS = { cold: 0.2, memory: 0.6, image: 2, text: 1.5, bare: 0.9 }
const DELAY_GOAL = 20
/** Of transformers.js, which runs the same graph on the same runtime, no factor is asked. */
const CLIP_GOALS = { bare: 0.9 }

/** What int8 gives, and how far it is from PyTorch's float32. */
interface Reduced {
  readonly rows: readonly ReducedRow[]
  readonly difference: { readonly ours: number; readonly theirs: number }
}

interface Comparison {
  readonly cold: readonly ColdRow[]
  readonly warm: readonly WarmRow[]
  readonly memory: { readonly ours: Memory; readonly theirs: Memory }
}

const versions = wanted('torch') ? peerVersions() : {}
const work = await mkdtemp(join(tmpdir(), 'flag-bench-'))
try {
  const images = await pictures(join(work, 'pictures'), 32)
  const results = {
    ...(wanted('torch') ? { altclip: await besideTorch(images) } : {}),
    ...(options.dtype ? { int8: await inEightBits(images) } : {}),
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

async function besideTorch(images: readonly string[]): Promise<Comparison> {
  const folders = await writeAltCLIP(options.models)
  const inputs = { image: images, text: captions(64) }
  const first = [inputs.text[4], images[0]]
  const ours = (folder: string) => startFlag(here('embedding/flag.mjs'), 'AltCLIP', folder, threads, first)
  const theirs = (folder: string) =>
    startChild(python, [here('embedding/pytorch_peer.py'), folder, threads, ...first])
  const cold: ColdRow[] = []
  for (const [format, folder] of Object.entries(folders)) {
    const start = { ours: () => ours(folder), theirs: () => theirs(folder) }
    cold.push(await coldStarts(`AltCLIP, ${format} file`, start, starts))
  }
  const bare = await bareTowers('AltCLIP', folders.torch, Number(threads), work)
  const children = {
    ours: await ours(folders.torch),
    theirs: await theirs(folders.torch),
    bare: await startChild(process.execPath, [here('embedding/bare.mjs'), bare]),
  }
  const shapes = await runShapes(folders.torch, inputs.text, 224)
  const warm = await warmRates(children, inputs, shapes, rounds)
  await children.bare.end()
  return { cold, warm, memory: { ours: await children.ours.end(), theirs: await children.theirs.end() } }
}

async function inEightBits(images: readonly string[]): Promise<Reduced> {
  const { torch: folder } = await writeAltCLIP(options.models)
  const inputs = { image: images, text: captions(64) }
  const first = [inputs.text[4], images[0]]
  const pytorch = (...dtype: string[]) =>
    startChild(python, [here('embedding/pytorch_peer.py'), folder, threads, ...first, ...dtype])
  const children = {
    ours: await startFlag(here('embedding/flag.mjs'), 'AltCLIP', folder, threads, first, 'int8'),
    float32: await pytorch(),
    int8: await pytorch('int8'),
  }
  const rows = await reducedRates(children, inputs, rounds)
  for (const child of Object.values(children)) await child.end()
  const { ours, float32, int8 } = children
  return {
    rows,
    difference: { ours: greatestDifference(ours, float32), theirs: greatestDifference(int8, float32) },
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
  const bare = await bareTowers('CLIP', folder, Number(threads), work)
  const children = {
    ours: await start.ours(),
    theirs: await start.theirs(),
    bare: await startChild(process.execPath, [here('embedding/bare.mjs'), bare]),
  }
  const shapes = await runShapes(folder, inputs.text, 224)
  const warm = await warmRates(children, inputs, shapes, rounds)
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
  { altclip, int8, clip }: { altclip?: Comparison; int8?: Reduced; clip?: Comparison },
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
    ...(altclip
      ? [
          coldTable('PyTorch', altclip.cold, GOALS),
          warmTable('PyTorch', altclip.warm, GOALS),
          memoryTable('PyTorch', altclip.memory, GOALS),
        ]
      : []),
    ...(int8
      ? [
          "In 8 bits, which is another precision and not held to the goals above: `dtype: 'int8'` beside PyTorch in " +
            'float32, and beside `torch.ao.quantization.quantize_dynamic` of its linear layers. From the first eight ' +
            "numbers of PyTorch's float32 vectors, ours differ by at most " +
            `${int8.difference.ours.toExponential(1)}, PyTorch's by ${int8.difference.theirs.toExponential(1)}.`,
          reducedTable(int8.rows),
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
  const images = (altclip ?? clip)?.warm.filter(({ what }) => what === 'image') ?? []
  await writeResult(options.json, {
    name: 'altclip',
    value: Math.min(...images.map(({ toPeer }) => toPeer.ratio)),
    unit: `× pictures/s of ${altclip ? 'PyTorch' : 'transformers.js'}, the least of the batch sizes`,
    goal: `>= ${GOALS.image}`,
    rows: { altclip, int8, clip, delayP99 },
    environment: { ...versions, threads: Number(threads) },
  })
}
