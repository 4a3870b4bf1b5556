// Retrieval metrics of 5,000 pictures × 25,000 captions beside CLIP_benchmark's own code, interleaved, on the same vectors:
//   npm run bench:eval -- [--pictures N] [--width N] [--rounds N] [--docs] [--json FILE]
// Both sides get the raw vectors, scale them to length 1 and work out recall at 1, 5 and 10 in both directions with two
// threads, each in a process of its own. Memory is the highest resident size above that with the vectors loaded.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { Generator } from '@flag/core-tensor'
import { environment, writeResult } from '../../../tools/repo/result.ts'
import { markdownTable, writeSection } from '../../../tools/repo/section.ts'

const THREADS = 2
const CAPTIONS = 5
const GOALS = { time: 3, memory: 10 }

/** What either side prints as its last line. */
export interface Measured {
  seconds: number
  /** Megabytes above the resident size with the vectors loaded, and in all. */
  added: number
  peak: number
  recalls: Record<string, number>
}

const { values: options } = parseArgs({
  options: {
    pictures: { type: 'string', default: '5000' },
    width: { type: 'string', default: '512' },
    rounds: { type: 'string', default: '5' },
    docs: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
})
const [pictures, width, rounds] = [options.pictures, options.width, options.rounds].map(Number)
const execute = promisify(execFile)
const python = process.env.FLAG_PYTHON ?? 'python3'
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

const versions = await peerVersions()
const work = await mkdtemp(join(tmpdir(), 'flag-bench-'))
try {
  await bench()
} finally {
  await rm(work, { recursive: true })
}

async function peerVersions(): Promise<Record<string, string>> {
  const code =
    'import json, importlib.metadata as m, clip_benchmark.metrics.zeroshot_retrieval; print(json.dumps({n: m.version(n) for n in ["clip-benchmark", "torch"]}))'
  try {
    return JSON.parse((await execute(python, ['-c', code])).stdout)
  } catch {
    console.error(
      `bench:eval compares with CLIP_benchmark, which ${python} does not have: pip install clip-benchmark torch, ` +
        'and set FLAG_PYTHON to that Python.',
    )
    process.exit(2)
  }
}

/** Vectors as CLIP's are: all share a direction, and a caption is nearer to its picture than to others. */
async function writeVectors(): Promise<void> {
  const generator = new Generator(1)
  const shared = generator.randn([width]).data
  const images = new Float32Array(pictures * width)
  const texts = new Float32Array(pictures * CAPTIONS * width)
  for (let i = 0; i < pictures; i++) {
    const own = generator.randn([width]).data
    for (let k = 0; k < width; k++) images[i * width + k] = own[k] + 0.5 * shared[k]
    for (let caption = 0; caption < CAPTIONS; caption++) {
      const noise = generator.randn([width]).data
      const at = (i * CAPTIONS + caption) * width
      for (let k = 0; k < width; k++) texts[at + k] = 0.18 * own[k] + noise[k] + 0.5 * shared[k]
    }
  }
  await writeFile(join(work, 'images.f32'), images)
  await writeFile(join(work, 'texts.f32'), texts)
}

async function measured(program: string, args: readonly string[]): Promise<Measured> {
  const { stdout } = await execute(
    program,
    [...args, work, String(width), String(CAPTIONS), String(THREADS)],
    {
      env: { ...process.env, OMP_NUM_THREADS: String(THREADS) },
      maxBuffer: 2 ** 28,
    },
  )
  return JSON.parse(stdout.trim().split('\n').at(-1) as string)
}

async function bench(): Promise<void> {
  await writeVectors()
  const [ours, theirs]: Measured[][] = [[], []]
  for (let i = 0; i < rounds; i++) {
    ours.push(await measured(process.execPath, ['--import', 'tsx', here('flag.ts')]))
    theirs.push(await measured(python, [here('peer.py')]))
    for (const [name, value] of Object.entries(theirs[i].recalls)) {
      if (Math.abs(value - ours[i].recalls[name]) > 1e-6)
        throw new Error(`${name}: ${ours[i].recalls[name]}, CLIP_benchmark has ${value}`)
    }
    console.error(
      `round ${i + 1}: ${ours[i].seconds.toFixed(2)} s and ${theirs[i].seconds.toFixed(2)} s, ` +
        `${ours[i].added.toFixed(0)} MB and ${theirs[i].added.toFixed(0)} MB`,
    )
  }
  const time = ratio(ours, theirs, 'seconds')
  const memory = ratio(ours, theirs, 'added')
  const row = (name: string, all: readonly Measured[]) => ({
    name,
    seconds: range(all, 'seconds'),
    added: range(all, 'added'),
    peak: range(all, 'peak'),
  })
  const rows = [row('Flag', ours), row(`CLIP_benchmark ${versions['clip-benchmark']}`, theirs)]
  const text = (it: Range, digits: number) =>
    `${it.median.toFixed(digits)} (${it.low.toFixed(digits)} to ${it.high.toFixed(digits)})`
  const table = markdownTable(
    ['', 'seconds', 'MB above the vectors', 'MB in all'],
    rows.map(({ name, seconds, added, peak }) => [name, text(seconds, 2), text(added, 0), text(peak, 0)]),
  )
  console.log(table)
  console.log(
    `time: ${text(time, 2)} times less (goal ${GOALS.time}); memory: ${text(memory, 1)} times less (goal ${GOALS.memory})`,
  )
  const recalls = Object.entries(ours[0].recalls).map(
    ([name, value]) => `${name} ${(100 * value).toFixed(2)} %`,
  )
  console.log(recalls.join(', '))
  await writeResult(options.json, {
    name: 'eval',
    value: time.median,
    unit: 'times the seconds that Flag needs for the same recalls',
    goal: `≥ ${GOALS.time}, with at most 1/${GOALS.memory} of the memory`,
    spread: [time.low, time.high],
    rows: {
      pictures,
      captions: pictures * CAPTIONS,
      width,
      rounds,
      sides: rows,
      time,
      memory,
      recalls: ours[0].recalls,
    },
    environment: { ...versions, threads: THREADS },
  })
  if (options.docs) {
    await writeSection(
      new URL('../../../docs/benchmarks.md', import.meta.url),
      'retrieval',
      `\`npm run bench:eval\`, ${environment.date}, Node ${environment.node}, ${environment.processor}, ${THREADS} threads: recall at 1, 5 and 10
in both directions of ${pictures.toLocaleString('en')} pictures and ${(pictures * CAPTIONS).toLocaleString('en')} captions, ${width} numbers each, ${rounds} interleaved rounds, beside
CLIP_benchmark ${versions['clip-benchmark']}'s \`zeroshot_retrieval.evaluate\` on torch ${versions.torch}. Both are given the same vectors and find the same
recalls (${recalls.join(', ')}).

${table}

Flag needs ${text(time, 2)} times less time and ${text(memory, 1)} times less memory above the vectors: scores are made for a
block of captions at a time, and ranks are counted in both directions while they pass.`,
    )
  }
}

interface Range {
  median: number
  low: number
  high: number
}

function rangeOf(values: readonly number[]): Range {
  const rising = [...values].sort((a, b) => a - b)
  return { median: rising[rising.length >> 1], low: rising[0], high: rising[rising.length - 1] }
}

type Measure = 'seconds' | 'added' | 'peak'
function range(all: readonly Measured[], what: Measure): Range {
  return rangeOf(all.map((it) => it[what]))
}

/** Theirs over ours, round by round. */
function ratio(ours: readonly Measured[], theirs: readonly Measured[], what: 'seconds' | 'added'): Range {
  return rangeOf(theirs.map((it, i) => it[what] / ours[i][what]))
}
