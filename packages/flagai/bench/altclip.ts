// AltCLIP at its real size beside PyTorch (transformers, eager, the same threads), in one interleaved run:
//   npm run bench:altclip -- [--models FOLDER] [--rounds N] [--starts N] [--threads N] [--json FILE] [--write]
// Cold: from the start of the process to the first text and image embedding, for the torch file and for safetensors.
// Warm: captions/s and pictures/s at batch 1, 8 and 32, from strings and JPEG files to vectors; the same against a bare
// onnxruntime loop with inputs that are ready. Memory: the most private memory, and all resident memory, of both.
// The models (2 × 3.5 GB, random weights) are written into --models once.
import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { encodeModel, openCheckpoint, type Spec, spec, trace, type Value } from '@flag/core-tensor'
import { writeAltCLIP } from '../../../tools/models/altclip.ts'
import { environment, writeResult } from '../../../tools/repo/result.ts'
import { markdownTable, writeSection } from '../../../tools/repo/section.ts'
import { inPlaceFiles } from '../../core-tensor/src/checkpoint/inPlace.ts'
import { parseAltCLIPConfig } from '../src/models/altclip/config.ts'
import { imageEmbeds, textEmbeds } from '../src/models/altclip/model.ts'
import { findWeights } from '../src/models/altclip/weights.ts'
import { groupsByLength } from '../src/models/batches.ts'
import { TEXT_TOKENS } from '../src/models/dualEncoder.ts'
import { openTokenizer } from '../src/tokenizers/index.ts'
import { type Child, startChild } from './altclip/child.ts'
import { captions, pictures } from './altclip/inputs.ts'

const { values: options } = parseArgs({
  options: {
    models: { type: 'string', default: join(tmpdir(), 'flag-altclip') },
    rounds: { type: 'string', default: '5' },
    starts: { type: 'string', default: '5' },
    threads: { type: 'string', default: String(availableParallelism()) },
    json: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
})
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const python = process.env.FLAG_PYTHON ?? 'python3'
const { threads } = options
const [rounds, starts] = [Number(options.rounds), Number(options.starts)]

const GOALS = { cold: 0.2, memory: 0.6, image: 2, text: 1.5, bare: 0.9, delay: 20 }
/** How many inputs one measurement takes at each batch size: enough to be steady, few enough to take turns often. */
const COUNTS = { image: { 1: 4, 8: 8, 32: 32 }, text: { 1: 16, 8: 32, 32: 64 } } as const
type What = keyof typeof COUNTS
const cases = (['image', 'text'] as const).flatMap((what) =>
  Object.entries(COUNTS[what]).map(([batch, count]) => ({ what, batch: Number(batch), count })),
)

const versions = peerVersions()
const work = await mkdtemp(join(tmpdir(), 'flag-bench-'))
try {
  await bench()
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
        'sentencepiece, and set FLAG_PYTHON to that Python.',
    )
    process.exit(2)
  }
}

async function bench(): Promise<void> {
  const folders = await writeAltCLIP(options.models)
  const inputs = { text: captions(64), image: await pictures(join(work, 'pictures'), 32) }
  const firstOnes = [inputs.text[4], inputs.image[0]]
  const start = {
    flag: (folder: string) =>
      startChild(process.execPath, [here('altclip/flag.mjs'), folder, threads, ...firstOnes]),
    torch: (folder: string) => startChild(python, [here('altclip/peer.py'), folder, threads, ...firstOnes]),
  }

  const cold = []
  for (const [format, folder] of Object.entries(folders)) {
    // The file is in the page cache for both.
    await (await start.flag(folder)).end()
    const seconds = { flag: [] as number[], torch: [] as number[] }
    let difference = 0
    for (let i = 0; i < starts; i++) {
      const ours = await start.flag(folder)
      await ours.end()
      const theirs = await start.torch(folder)
      await theirs.end()
      seconds.flag.push(ours.opened)
      seconds.torch.push(theirs.opened)
      difference = Math.max(difference, greatestDifference(ours, theirs))
    }
    const ratios = seconds.flag.map((ours, i) => ours / seconds.torch[i])
    cold.push({
      format,
      flag: median(seconds.flag),
      torch: median(seconds.torch),
      ...ratioOf(ratios),
      difference,
    })
    console.log(`cold, ${format}: ${JSON.stringify(cold[cold.length - 1])}`)
  }

  const children = {
    flag: await start.flag(folders.torch),
    torch: await start.torch(folders.torch),
    bare: await startChild(process.execPath, [here('altclip/bare.mjs'), await bareTowers(folders.torch)]),
  }
  const tokenizer = await openTokenizer(folders.torch)
  const lengths = inputs.text.map((text) => tokenizer.encode(text, { maxLength: 77 }).length)
  const warm = []
  for (const { what, batch, count } of cases) {
    const rates = { flag: [] as number[], torch: [] as number[], bare: [] as number[] }
    const delays: number[] = []
    const request = { what, inputs: inputs[what].slice(0, count), batch }
    const shapes = shapesOf(what, lengths.slice(0, count), batch)
    for (let i = 0; i <= rounds; i++) {
      const ours = await children.flag.ask(request)
      const theirs = await children.torch.ask(request)
      const bare = await children.bare.ask({ what, shapes })
      // The first round warms up.
      if (i === 0) continue
      rates.flag.push(count / ours.seconds)
      rates.torch.push(count / theirs.seconds)
      rates.bare.push(count / bare.seconds)
      delays.push(ours.delayP99)
    }
    const row = {
      what,
      batch,
      flag: median(rates.flag),
      torch: median(rates.torch),
      bare: median(rates.bare),
      toTorch: ratioOf(rates.flag.map((rate, i) => rate / rates.torch[i])),
      toBare: ratioOf(rates.flag.map((rate, i) => rate / rates.bare[i])),
      delayP99: Math.max(...delays),
    }
    warm.push(row)
    console.log(`warm: ${JSON.stringify(row)}`)
  }
  const small = await start.flag('altclip-emoji-m12')
  const thousand = Array.from({ length: 1000 }, (_, i) => inputs.image[i % inputs.image.length])
  const loop = await small.ask({ what: 'image', inputs: thousand, batch: thousand.length })
  await small.end()
  const memory = { flag: await children.flag.end(), torch: await children.torch.end() }
  await children.bare.end()
  await report(cold, warm, memory, loop.delayP99)
}

/** Both towers as ONNX files that refer to the checkpoint, with the options that `compile` gives the runtime. */
async function bareTowers(folder: string): Promise<string> {
  const config = parseAltCLIPConfig(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')))
  const checkpoint = await openCheckpoint(folder)
  const { scope } = await findWeights(checkpoint, config, folder)
  const size = config.vision.imageSize
  const tower = async (name: string, fn: (x: Value) => Value, input: Spec) => {
    const { graph, outputs } = trace(fn as never, [input] as const)
    const files = new Set(graph.storedTensors.flatMap(({ source }) => (source ? [source.path] : [])))
    const place = inPlaceFiles(files)
    const model = join(work, `${name}.onnx`)
    await writeFile(model, encodeModel(graph, outputs, { locationOf: place.location }))
    const session = { model_external_initializers_file_folder_path: place.folder, disable_prepacking: '1' }
    return {
      model,
      options: {
        executionProviders: ['cpu'],
        intraOpNumThreads: Number(threads),
        enableMemPattern: false,
        extra: { session },
      },
      shape: [1, 3, size, size],
    }
  }
  const towers = {
    text: await tower(
      'text',
      (ids) => textEmbeds(scope, config, { ids }),
      spec('int64', ['batch', 'length']),
    ),
    image: await tower(
      'image',
      (x) => imageEmbeds(scope, config, x),
      spec('float32', ['batch', 3, size, size]),
    ),
  }
  await checkpoint.close()
  const file = join(work, 'bare.json')
  await writeFile(file, JSON.stringify(towers))
  return file
}

/** The shapes of the runs that a bare loop makes of these inputs: pictures batch by batch, texts padded as we pad. */
function shapesOf(what: What, lengths: readonly number[], batch: number): number[][] {
  const shapes: number[][] = []
  for (let at = 0; at < lengths.length; at += batch) {
    const some = lengths.slice(at, at + batch)
    if (what === 'image') shapes.push([some.length, 3, 224, 224])
    else
      for (const group of groupsByLength(some, { size: batch, tokens: TEXT_TOKENS }))
        shapes.push([group.length, Math.max(...group.map((row) => some[row]))])
  }
  return shapes
}

function greatestDifference(ours: Child, theirs: Child): number {
  const numbers = ({ first }: Child) => [...(first.text as number[]), ...(first.image as number[])]
  const expected = numbers(theirs)
  return Math.max(...numbers(ours).map((value, i) => Math.abs(value - expected[i])))
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

interface Ratio {
  ratio: number
  spread: readonly [number, number]
}

function ratioOf(ratios: readonly number[]): Ratio {
  return { ratio: median(ratios), spread: [Math.min(...ratios), Math.max(...ratios)] }
}

type Memory = Awaited<ReturnType<Child['end']>>

async function report(
  cold: (Ratio & { format: string; flag: number; torch: number; difference: number })[],
  warm: {
    what: What
    batch: number
    flag: number
    torch: number
    bare: number
    toTorch: Ratio
    toBare: Ratio
    delayP99: number
  }[],
  memory: { flag: Memory; torch: Memory },
  delayP99: number,
): Promise<void> {
  const cell = ({ ratio, spread }: Ratio) =>
    `${ratio.toFixed(2)} (${spread.map((x) => x.toFixed(2)).join(' to ')})`
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0)
  const tables = [
    markdownTable(
      [
        'from start to first text and image',
        'Flag, s',
        'PyTorch, s',
        `ratio (goal ≤ ${GOALS.cold})`,
        'largest difference',
      ],
      cold.map((row) => [
        row.format,
        row.flag.toFixed(2),
        row.torch.toFixed(2),
        cell(row),
        row.difference.toExponential(1),
      ]),
    ),
    markdownTable(
      [
        'per second',
        'batch',
        'Flag',
        'PyTorch',
        'ratio',
        'goal',
        'bare onnxruntime',
        `ratio (goal ≥ ${GOALS.bare})`,
        'event loop delay p99, ms',
      ],
      warm.map((row) => [
        row.what === 'image' ? 'pictures' : 'captions',
        String(row.batch),
        row.flag.toFixed(2),
        row.torch.toFixed(2),
        cell(row.toTorch),
        `≥ ${GOALS[row.what]}`,
        row.bare.toFixed(2),
        cell(row.toBare),
        row.delayP99.toFixed(1),
      ]),
    ),
    markdownTable(
      ['most memory', 'Flag, MB', 'PyTorch, MB', 'ratio'],
      (['privateBytes', 'residentBytes'] as const).map((kind) => [
        kind === 'privateBytes' ? `private (goal ≤ ${GOALS.memory})` : 'resident, mapped files included',
        megabytes(memory.flag[kind]),
        megabytes(memory.torch[kind]),
        (memory.flag[kind] / memory.torch[kind]).toFixed(2),
      ]),
    ),
  ]
  const note =
    `${environment.date}, Node ${environment.node}, onnxruntime-node ${environment.onnxruntime}, torch ${versions.torch}, ` +
    `transformers ${versions.transformers}, ${threads} threads, ${environment.processor}; ${starts} starts, ${rounds} rounds, medians ` +
    '(least to greatest). Random weights at full size; pictures are JPEG files of 640 × 480, captions have 3 to 40 tokens.'
  const loop =
    'Delay of the event loop while the embedded model takes 1,000 JPEG files in one call: ' +
    `p99 ${delayP99.toFixed(1)} ms (goal < ${GOALS.delay}).`
  const text = [note, ...tables, loop].join('\n\n')
  console.log(text)
  if (options.write) await writeSection(here('../../../docs/benchmarks.md'), 'altclip', text)
  const image = warm.filter(({ what }) => what === 'image').map(({ toTorch }) => toTorch.ratio)
  await writeResult(options.json, {
    name: 'altclip',
    value: Math.min(...image),
    unit: '× pictures/s of PyTorch, the least of the batch sizes',
    goal: `>= ${GOALS.image}`,
    rows: { cold, warm, memory, delayP99 },
    environment: { ...versions, threads: Number(threads) },
  })
}
