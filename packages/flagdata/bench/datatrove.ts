// Throughput beside datatrove, interleaved, on the same text with the same two workers:
//   npm run bench:data -- [--corpus FOLDER] [--rounds N] [--json FILE]
// Filters: jsonl.gz → Gopher repetition and quality, C4, FineWeb, PII → jsonl.gz. MinHash: all four stages, 14 × 8, xxh64.
// Without --corpus the text is that of the tests. Both sides keep removed documents. The documents kept must be the same.
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { gunzipSync, gzipSync } from 'node:zlib'
import { type Result, writeResult } from '../../../tools/repo/result.ts'
import { corpus } from '../src/testing/corpus.ts'

const WORKERS = 2
const GOALS = { filters: 5, minhash: 8 }
type Task = keyof typeof GOALS
interface Timing {
  seconds: number
  megabytes: number
}

const { values: options } = parseArgs({
  options: { corpus: { type: 'string' }, rounds: { type: 'string', default: '3' }, json: { type: 'string' } },
})
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
  const names = ['datatrove', 'spacy', 'numpy']
  const code = `import json, importlib.metadata as m, datatrove, spacy, xxhash; print(json.dumps({n: m.version(n) for n in ${JSON.stringify(names)}}))`
  try {
    return JSON.parse((await execute(python, ['-c', code])).stdout)
  } catch {
    console.error(
      `bench:data compares with datatrove, which ${python} does not have: pip install "datatrove[io,processing]" spacy, ` +
        'and set FLAG_PYTHON to that Python.',
    )
    process.exit(2)
  }
}

async function bench(): Promise<void> {
  const input = options.corpus ?? (await writeCorpus())
  const text = await measure(input)
  console.log(`${text.documents} documents, ${text.megabytes.toFixed(1)} MB of text, ${WORKERS} workers`)
  const rounds = Number(options.rounds)
  const rows = []
  for (const task of ['filters', 'minhash'] as const) {
    const ours: Timing[] = []
    const theirs: Timing[] = []
    for (let i = 0; i < rounds; i++) {
      const [a, b] = [join(work, `${task}-ours-${i}`), join(work, `${task}-theirs-${i}`)]
      ours.push(
        await timed(process.execPath, ['--import', 'tsx', here('flag.ts'), input, a, task, String(WORKERS)]),
      )
      theirs.push(await timed(python, [here('peer.py'), input, b, task, String(WORKERS)]))
      if (i === 0) await compare(task, a, join(b, 'kept'))
      await rm(a, { recursive: true })
      await rm(b, { recursive: true })
    }
    rows.push(row(task, ours, theirs, text))
  }
  await writeResult(options.json, result(rows, text))
}

/** The text of the tests in as many files as there are workers. */
async function writeCorpus(): Promise<string> {
  const folder = join(work, 'corpus')
  await mkdir(folder)
  const documents = corpus()
  for (let i = 0; i < WORKERS; i++) {
    const lines = documents
      .filter((_, k) => k % WORKERS === i)
      .map((document) => `${JSON.stringify(document)}\n`)
    await writeFile(join(folder, `${i}.jsonl.gz`), gzipSync(lines.join('')))
  }
  return folder
}

async function measure(folder: string): Promise<{ documents: number; megabytes: number }> {
  let [documents, bytes] = [0, 0]
  for (const { text } of await documentsIn(folder)) {
    documents++
    bytes += Buffer.byteLength(text)
  }
  return { documents, megabytes: bytes / 1e6 }
}

async function documentsIn(folder: string): Promise<{ id: string; text: string }[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.jsonl.gz')).sort()
  const parts = await Promise.all(
    names.map(async (name) => gunzipSync(await readFile(join(folder, name))).toString()),
  )
  return parts.flatMap((part) =>
    part
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line)),
  )
}

async function timed(program: string, args: readonly string[]): Promise<Timing> {
  const { stdout } = await execute(program, args, { maxBuffer: 2 ** 28 })
  return JSON.parse(stdout.trim().split('\n').at(-1) as string)
}

/** Both sides must have kept the same documents; PII replacements are taken in turn and are not compared. */
async function compare(task: Task, ours: string, theirs: string): Promise<void> {
  const ids = async (folder: string) => new Set((await documentsIn(folder)).map(({ id }) => id))
  const [a, b] = [await ids(ours), await ids(theirs)]
  const different = [...a].filter((id) => !b.has(id)).concat([...b].filter((id) => !a.has(id)))
  console.log(`${task}: ${a.size} documents kept, ${different.length} decided otherwise by datatrove`)
  if (different.length > 0) console.log(`  ${different.slice(0, 10).join(', ')}`)
}

function row(task: Task, ours: Timing[], theirs: Timing[], text: { documents: number; megabytes: number }) {
  const ratios = ours.map(({ seconds }, i) => theirs[i].seconds / seconds).sort((a, b) => a - b)
  const ratio = ratios[ratios.length >> 1]
  const median = (timings: Timing[]) =>
    timings.map((it) => it.seconds).sort((a, b) => a - b)[timings.length >> 1]
  const side = (timings: Timing[]) => ({
    seconds: median(timings),
    documentsPerSecond: text.documents / median(timings),
    megabytesPerSecond: text.megabytes / median(timings),
    peakMegabytes: Math.max(...timings.map((it) => it.megabytes)),
  })
  const both = { flag: side(ours), datatrove: side(theirs) }
  for (const [name, it] of Object.entries(both))
    console.log(
      `${task}: ${name} ${it.seconds.toFixed(1)} s, ${it.documentsPerSecond.toFixed(0)} docs/s, ` +
        `${it.megabytesPerSecond.toFixed(2)} MB/s, peak ${it.peakMegabytes.toFixed(0)} MB`,
    )
  console.log(
    `${task}: ${ratio.toFixed(1)} × datatrove (${ratios[0].toFixed(1)} to ${ratios.at(-1)?.toFixed(1)}, goal ${GOALS[task]} ×)`,
  )
  const spread: [number, number] = [ratios[0], ratios.at(-1) as number]
  return { task, ratio, spread, goal: GOALS[task], ...both }
}

function result(rows: ReturnType<typeof row>[], text: { documents: number; megabytes: number }): Result {
  const [filters] = rows
  return {
    name: 'data',
    value: filters.ratio,
    unit: 'throughput of the filters as a multiple of datatrove, median',
    goal: `>= ${GOALS.filters}`,
    spread: filters.spread,
    rows,
    environment: {
      ...versions,
      workers: WORKERS,
      rounds: Number(options.rounds),
      documents: text.documents,
      megabytes: text.megabytes,
    },
  }
}
