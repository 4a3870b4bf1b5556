// What a model loses and gains with its weights in 16, 8 and 4 bits: `npm run bench:quantised`. Every dtype runs in a
// process of its own; the processes take turns, so that each ratio compares the same minute of the same machine.
import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Checkpoint, Tensor, trace, type Value } from '@flag/core-tensor'
import { type Concept, LANGUAGES } from '../../../tools/emoji/concepts.ts'
import { openStyle, packageVersions, readConcepts, TEST_STYLE } from '../../../tools/emoji/packages.ts'
import { rankOf, recallAt } from '../../../tools/emoji/recall.ts'
import { environment, writeResult } from '../../../tools/repo/result.ts'
import { markdownTable, writeSection } from '../../../tools/repo/section.ts'
import { AltCLIP } from '../src/models/altclip/index.ts'
import { inPrecision, type ModelDType } from '../src/models/precision.ts'
import { cosineSimilarity } from '../src/models/vectors.ts'
import { decode, type RgbImage } from '../src/preprocess/index.ts'

const HELP = `Size, speed and quality of a model with its weights in fp32, fp16, bf16, int8 and int4.

  npm run bench:quantised [-- --rounds N] [--languages N] [--full DIR] [--json FILE] [--write]

  --rounds N      how often the speed of each is measured, taking turns (default 9)
  --languages N   in how many of the 12 languages the concepts are looked for (default 12)
  --threads N     threads inside an operator (default 2)
  --full DIR      an AltCLIP at its real size instead of the embedded model: sizes, speeds and cosines
  --write         puts the table into docs/benchmarks.md

Pictures are those of OpenMoji, captions are CLDR's emoji names.

Examples
  npm run bench:quantised -- --rounds 3 --languages 2
  npm run bench:quantised -- --full /data/AltCLIP --json full.json
`

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    languages: { type: 'string', default: '12' },
    threads: { type: 'string', default: '2' },
    full: { type: 'string' },
    json: { type: 'string' },
    write: { type: 'boolean', default: false },
    child: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const MODEL = options.full ?? 'altclip-emoji-m12'
const DTYPES = ['fp32', 'fp16', 'bf16', 'int8', 'int4'] as const

interface Request {
  texts?: string[]
  images?: RgbImage[]
  /** How often these go through the model; the vectors are those of the last time. */
  repeat?: number
}

interface Reply {
  vectors: Float32Array
  ms: number
}

interface Opened {
  /** Bytes of all tensors that the model uses, as they lie on the disk. */
  weights: number
}

/** A process that holds the model in one dtype and answers requests. */
async function serve(dtype: ModelDType): Promise<void> {
  const model = await AltCLIP.fromPretrained(MODEL, { dtype, threads: Number(options.threads) })
  let weights = 0
  for (const [part, { input, apply }] of Object.entries(model.towers)) {
    const opened: Checkpoint[] = []
    const { prepare } = inPrecision<Value>({ dtype, part, opened })
    const direct = trace(apply, [input.spec] as const)
    const { graph } = prepare ? await prepare(direct) : direct
    weights += graph.storedTensors.reduce((sum, { source }) => sum + (source?.byteLength ?? 0), 0)
    for (const checkpoint of opened) await checkpoint.close()
  }
  process.on('message', async (request: Request | 'memory') => {
    if (request === 'memory') {
      process.send?.(memory())
      return
    }
    const { texts, images, repeat = 1 } = request
    const start = process.hrtime.bigint()
    let vectors = new Float32Array()
    for (let i = 0; i < repeat; i++) {
      const encoded = texts ? await model.encodeText(texts) : await model.encodeImage(images ?? [])
      vectors = encoded.data as Float32Array<ArrayBuffer>
    }
    process.send?.({ vectors, ms: Number(process.hrtime.bigint() - start) / 1e6 / repeat } satisfies Reply)
  })
  process.send?.({ weights } satisfies Opened)
}

/** Bytes that belong to this process alone, and with the mapped files. Linux tells; elsewhere only the latter is known. */
function memory(): { own: number; resident: number } {
  try {
    const text = readFileSync('/proc/self/smaps_rollup', 'utf8')
    const field = (name: string) => 1024 * Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1])
    return { own: field('Anonymous'), resident: field('Rss') }
  } catch {
    return { own: 0, resident: process.memoryUsage.rss() }
  }
}

function ask<T>(child: ChildProcess, request?: Request | 'memory'): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`a process ended with ${code}`))
    child.once('exit', ended)
    child.once('message', (reply) => {
      child.off('exit', ended)
      resolve(reply as T)
    })
    if (request !== undefined) child.send(request)
  })
}

async function measure(): Promise<void> {
  const concepts = readConcepts().map(({ concept }) => concept)
  const find = openStyle(TEST_STYLE)
  const files = concepts.map(({ code, names }) => {
    const source = find(code, names.en)
    if (!source || !('file' in source)) throw new Error(`${TEST_STYLE} has no picture of ${names.en}`)
    return source.file
  })
  // Decoded once: what is measured is the model.
  const pictures = await Promise.all(files.map((file) => decode(file, { background: [255, 255, 255] })))
  const languages = LANGUAGES.slice(0, Number(options.languages))
  const children: Record<string, ChildProcess> = {}
  const sizes: Record<string, number> = {}
  const base: Record<string, { own: number; resident: number }> = {}
  for (const dtype of DTYPES) {
    console.error(`opening ${dtype}`)
    children[dtype] = fork(fileURLToPath(import.meta.url), [...process.argv.slice(2), `--child=${dtype}`], {
      execArgv: ['--import', 'tsx'],
      serialization: 'advanced',
    })
    sizes[dtype] = (await ask<Opened>(children[dtype])).weights
    base[dtype] = await ask(children[dtype], 'memory')
  }
  try {
    const speeds = await speedsOf(children, concepts, pictures)
    const quality = options.full
      ? await cosines(children, concepts.slice(0, 32), pictures.slice(0, 8), languages.slice(0, 2))
      : await cosines(children, concepts, pictures, languages)
    const memories: Record<string, { own: number; resident: number }> = {}
    for (const dtype of DTYPES) memories[dtype] = await ask(children[dtype], 'memory')
    await report(sizes, base, memories, speeds, quality)
  } finally {
    for (const child of Object.values(children)) child.kill()
  }
}

const median = (values: readonly number[], q = 0.5): number =>
  [...values].sort((a, b) => a - b)[Math.round(q * (values.length - 1))]

type Speed = { perSecond: number; ratio: number; low: number; high: number }
type Speeds = Record<string, Record<string, Speed>>

/** Things a second, and how many times those of fp32 in the same round, as median and 10 % to 90 %. */
async function speedsOf(
  children: Record<string, ChildProcess>,
  concepts: readonly Concept[],
  pictures: readonly RgbImage[],
): Promise<Speeds> {
  const caption = (i: number) => concepts[(i * 37) % concepts.length].names[LANGUAGES[i % LANGUAGES.length]]
  const [texts, images] = options.full ? [32, 8] : [256, 32]
  // A small model answers in milliseconds.
  const repeat = options.full ? 1 : 3
  const work: Record<string, Request & { count: number }> = {
    'one text': { texts: [caption(5)], repeat: options.full ? 3 : 50, count: 1 },
    [`${texts} texts`]: { texts: Array.from({ length: texts }, (_, i) => caption(i)), repeat, count: texts },
    'one picture': { images: pictures.slice(0, 1), repeat: options.full ? 1 : 20, count: 1 },
    [`${images} pictures`]: { images: pictures.slice(0, images), repeat, count: images },
  }
  const result: Speeds = {}
  for (const [name, request] of Object.entries(work)) {
    const times: Record<string, number[]> = {}
    // The first round opens sessions and files.
    for (let round = -1; round < Number(options.rounds); round++) {
      console.error(`${name}, round ${round + 1}`)
      for (const dtype of DTYPES) {
        const { ms } = await ask<Reply>(children[dtype], round < 0 ? { ...request, repeat: 1 } : request)
        if (round >= 0) {
          times[dtype] ??= []
          times[dtype].push(ms)
        }
      }
    }
    result[name] = Object.fromEntries(
      DTYPES.map((dtype) => {
        const ratios = times[dtype].map((ms, i) => times.fp32[i] / ms)
        const perSecond = (1000 * request.count) / median(times[dtype])
        return [
          dtype,
          { perSecond, ratio: median(ratios), low: median(ratios, 0.1), high: median(ratios, 0.9) },
        ]
      }),
    )
  }
  return result
}

interface Quality {
  text: { mean: number; least: number }
  image: { mean: number; least: number }
  'R@1': number
  'R@5': number
}

/** Cosines to the vectors of fp32, and how well captions find their pictures among all. */
async function cosines(
  children: Record<string, ChildProcess>,
  concepts: readonly Concept[],
  pictures: readonly RgbImage[],
  languages: readonly (typeof LANGUAGES)[number][],
): Promise<Record<string, Quality>> {
  const result: Record<string, Quality> = {}
  let exact: { texts: Tensor<'float32'>; images: Tensor<'float32'> } | undefined
  for (const dtype of DTYPES) {
    console.error(`quality of ${dtype}`)
    const tensorOf = ({ vectors }: Reply, rows: number) =>
      new Tensor('float32', [rows, vectors.length / rows], vectors)
    const captions = languages.flatMap((language) => concepts.map(({ names }) => names[language]))
    const texts = tensorOf(await ask(children[dtype], { texts: captions }), captions.length)
    const images = tensorOf(await ask(children[dtype], { images: [...pictures] }), pictures.length)
    exact ??= { texts, images }
    const ranks = languages.flatMap((_, l) => {
      const rows = texts.rows(l * concepts.length, (l + 1) * concepts.length)
      const scores = cosineSimilarity(rows, images)
      return concepts.map((_, i) => rankOf(scores.row(i).data as Float32Array, i))
    })
    result[dtype] = {
      text: cosinesOfRows(texts, exact.texts),
      image: cosinesOfRows(images, exact.images),
      'R@1': recallAt(ranks, 1),
      'R@5': recallAt(ranks, 5),
    }
  }
  return result
}

function cosinesOfRows(a: Tensor<'float32'>, b: Tensor<'float32'>): { mean: number; least: number } {
  const [rows] = a.shape
  const all = Array.from({ length: rows }, (_, i) => {
    const other = b.row(i).data
    return a.row(i).data.reduce((sum, x, k) => sum + x * other[k], 0)
  })
  return { mean: all.reduce((sum, x) => sum + x, 0) / rows, least: all.reduce((x, y) => Math.min(x, y)) }
}

async function report(
  sizes: Record<string, number>,
  base: Record<string, { own: number }>,
  memories: Record<string, { own: number; resident: number }>,
  speeds: Speeds,
  quality: Record<string, Quality>,
): Promise<void> {
  const mb = (bytes: number) => (bytes / 2 ** 20).toFixed(bytes < 2 ** 27 ? 1 : 0)
  const columns = [
    'dtype',
    'weights, MB',
    'own memory, MB',
    'resident, MB',
    ...Object.keys(speeds).map((name) => `${name}: a second, × fp32 (10 % to 90 %)`),
    'cosine of texts: mean, least',
    'cosine of pictures: mean, least',
    ...(options.full ? [] : ['R@1, %', 'R@5, %']),
  ]
  const rows = DTYPES.map((dtype) => [
    dtype,
    mb(sizes[dtype]),
    mb(memories[dtype].own - base[dtype].own),
    mb(memories[dtype].resident),
    ...Object.values(speeds).map((row) => {
      const { perSecond, ratio, low, high } = row[dtype]
      const spread = dtype === 'fp32' ? '' : ` (${low.toFixed(2)} to ${high.toFixed(2)})`
      return `${perSecond.toFixed(perSecond < 20 ? 2 : 0)}, ${ratio.toFixed(2)}${spread}`
    }),
    ...(['text', 'image'] as const).map((side) => {
      const { mean, least } = quality[dtype][side]
      return `${mean.toFixed(5)}, ${least.toFixed(4)}`
    }),
    ...(options.full
      ? []
      : [(100 * quality[dtype]['R@1']).toFixed(2), (100 * quality[dtype]['R@5']).toFixed(2)]),
  ])
  const table = markdownTable(columns, rows)
  console.log(table)
  const name = options.full ? 'quantised-full' : 'quantised'
  if (options.write) {
    const what = options.full ? 'AltCLIP at its real size, random weights' : `\`${MODEL}\` (stored as fp16)`
    const note = `${what}, ${options.rounds} rounds, ${options.threads} threads. ${environment.date}, Node ${environment.node}, onnxruntime-node ${environment.onnxruntime}, ${environment.processor}, ${environment.cores} cores.`
    await writeSection(new URL('../../../docs/benchmarks.md', import.meta.url), name, `${table}\n\n${note}`)
  }
  const [, texts, , pictures] = Object.values(speeds)
  await writeResult(options.json, {
    name,
    value: quality.int8.text.mean,
    unit: 'mean cosine between the text embeddings of int8 and fp32',
    goal: '>= 0.99',
    spread: [quality.int8.text.least, 1],
    rows: { sizes, base, memories, speeds, quality, int8: { texts: texts.int8, pictures: pictures.int8 } },
    environment: packageVersions(),
  })
}

if (options.help) process.stdout.write(HELP)
else if (options.child) await serve(options.child as ModelDType)
else await measure()
