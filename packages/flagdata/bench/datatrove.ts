// Throughput beside datatrove, interleaved, on the same text with the same two workers:
//   npm run bench:data -- [--corpus FOLDER] [--tasks filters,minhash,parquet] [--rounds N] [--json FILE] [--write]
// Filters: jsonl.gz → Gopher repetition and quality, C4, FineWeb, PII, language → jsonl.gz. MinHash: all four stages,
// 14 × 8, xxh64. Parquet: read and written, with no step between. Without --corpus the text is that of the tests; corpus.ts
// gathers a larger one. Both sides keep removed documents. The documents kept must be the same.
//   npm run bench:data -- --memory --corpus FOLDER [--gigabytes N] [--json FILE] [--write]
// Ours alone, filters and MinHash in one run, on the corpus made larger by copies with edits: memory and throughput.
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { environment, type Result, writeResult } from '../../../tools/repo/result.ts'
import { markdownTable, writeSection } from '../../../tools/repo/section.ts'
import { pipeline, readJsonl, readParquet, run, writeJsonl, writeParquet } from '../src/index.ts'
import { languageModelPath } from '../src/language/models.ts'
import { readDocuments } from '../src/readers/documents.ts'
import { findPieces } from '../src/readers/pieces.ts'
import { corpus } from '../src/testing/corpus.ts'
import { growCorpus } from './grow.ts'
import { runWatched } from './processTree.ts'

const WORKERS = 2
/** Least multiple of the peer's throughput; none where only the figure is asked for. */
const GOALS = { filters: 5, minhash: 8, parquet: undefined }
type Task = keyof typeof GOALS
interface Timing {
  seconds: number
  /** Of all processes of a side together. */
  megabytes: number
}
interface Size {
  documents: number
  megabytes: number
}

const { values: options } = parseArgs({
  options: {
    corpus: { type: 'string' },
    tasks: { type: 'string', default: Object.keys(GOALS).join(',') },
    rounds: { type: 'string', default: '3' },
    json: { type: 'string' },
    write: { type: 'boolean', default: false },
    memory: { type: 'boolean', default: false },
    gigabytes: { type: 'string', default: '10' },
  },
})
const execute = promisify(execFile)
const python = process.env.FLAG_PYTHON ?? 'python3'
const docs = new URL('../../../docs/benchmarks.md', import.meta.url)
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

const versions = options.memory ? {} : await peerVersions()
const work = await mkdtemp(join(tmpdir(), 'flag-bench-'))
try {
  await (options.memory ? benchMemory() : bench())
} finally {
  await rm(work, { recursive: true })
}

async function peerVersions(): Promise<Record<string, string>> {
  const names = ['datatrove', 'spacy', 'numpy', 'fasttext-numpy2-wheel']
  const code = `import json, importlib.metadata as m, datatrove, spacy, xxhash, fasttext; print(json.dumps({n: m.version(n) for n in ${JSON.stringify(names)}}))`
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
  for (const task of options.tasks.split(',') as Task[]) {
    const source = task === 'parquet' ? await writeAsParquet(input) : input
    const flag: Timing[] = []
    const datatrove: Timing[] = []
    for (let i = 0; i < rounds; i++) {
      const [a, b] = [join(work, `${task}-ours-${i}`), join(work, `${task}-theirs-${i}`)]
      flag.push(await timed(...ours(source, a, task)))
      datatrove.push(
        await timed(python, [here('peer.py'), source, b, task, String(WORKERS), languageModelPath()]),
      )
      if (i === 0) await compare(task, a, join(b, 'kept'))
      await rm(a, { recursive: true })
      await rm(b, { recursive: true })
    }
    rows.push(row(task, flag, datatrove, text))
  }
  await writeResult(options.json, result(rows, text))
  if (options.write) await writeSection(docs, 'data', section(rows, text))
}

async function benchMemory(): Promise<void> {
  if (options.corpus === undefined) throw new Error('--memory needs --corpus, which corpus.ts gathers')
  const gigabytes = Number(options.gigabytes)
  const input = join(work, 'input')
  console.log(`making ${gigabytes} GB of copies with edits`)
  await growCorpus(options.corpus, input, gigabytes * 1e9, 1)
  const output = join(work, 'output')
  const { seconds, megabytes } = await timed(...ours(input, output, 'recipe'))
  const megabytesPerSecond = (gigabytes * 1000) / seconds
  console.log(
    `${gigabytes} GB in ${seconds.toFixed(0)} s, ${megabytesPerSecond.toFixed(1)} MB/s, peak ${megabytes.toFixed(0)} MB`,
  )
  await writeResult(options.json, {
    name: 'data-memory',
    value: megabytes,
    unit: 'MB of resident memory at most',
    goal: '<= 1500',
    rows: [{ gigabytes, seconds, megabytesPerSecond, megabytes }],
    environment: { workers: WORKERS },
  })
  if (!options.write) return
  const { date, node, processor, cores } = environment
  await writeSection(
    docs,
    'data-memory',
    `${date}, Node ${node}, ${processor}, ${cores} cores, ${WORKERS} workers: the filters and MinHash in one run over ${gigabytes} GB of JSON
lines, made by repetition with edits, took ${seconds.toFixed(0)} s (${megabytesPerSecond.toFixed(1)} MB/s) and at most ${megabytes.toFixed(0)} MB of memory (goal 1,500).`,
  )
}

function ours(input: string, output: string, task: Task | 'recipe'): [string, string[]] {
  const args = ['--import', 'tsx', here('flag.ts'), input, output, task, String(WORKERS)]
  return [process.execPath, args]
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

async function writeAsParquet(input: string): Promise<string> {
  const folder = join(work, 'parquet')
  await run(pipeline([readJsonl(input), writeParquet(folder)]), { workers: WORKERS })
  return folder
}

async function measure(folder: string): Promise<Size> {
  let [documents, bytes] = [0, 0]
  for await (const { text } of documentsIn(folder, 'filters')) {
    documents++
    bytes += Buffer.byteLength(text)
  }
  return { documents, megabytes: bytes / 1e6 }
}

/** The documents that a task left in a folder. */
async function* documentsIn(folder: string, task: Task) {
  const source = task === 'parquet' ? readParquet(folder) : readJsonl(folder)
  const { read } = pipeline([source, writeJsonl(join(work, 'unused'))])
  for (const piece of await findPieces(read))
    yield* readDocuments(piece, read, (kind, offset, found) => {
      throw new Error(`${piece.file}: ${kind} at ${offset}: ${found}`)
    })
}

async function timed(program: string, args: readonly string[]): Promise<Timing> {
  const { stdout, peakMegabytes } = await runWatched(program, args)
  const { seconds } = JSON.parse(stdout.trim().split('\n').at(-1) as string)
  return { seconds, megabytes: peakMegabytes }
}

/** Both sides must have kept the same documents; PII replacements are taken in turn and are not compared. */
async function compare(task: Task, ours: string, theirs: string): Promise<void> {
  const ids = async (folder: string) => {
    const all = new Set<string>()
    for await (const { id } of documentsIn(folder, task)) all.add(id)
    return all
  }
  const [a, b] = [await ids(ours), await ids(theirs)]
  const different = [...a].filter((id) => !b.has(id)).concat([...b].filter((id) => !a.has(id)))
  console.log(`${task}: ${a.size} documents kept, ${different.length} decided otherwise by datatrove`)
  if (different.length > 0) console.log(`  ${different.slice(0, 10).join(', ')}`)
}

function row(task: Task, ours: Timing[], theirs: Timing[], text: Size) {
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
    `${task}: ${ratio.toFixed(1)} × datatrove (${ratios[0].toFixed(1)} to ${ratios.at(-1)?.toFixed(1)}${goalOf(task)})`,
  )
  const spread: [number, number] = [ratios[0], ratios.at(-1) as number]
  return { task, ratio, spread, goal: GOALS[task], ...both }
}

function goalOf(task: Task): string {
  return GOALS[task] === undefined ? '' : `, goal ${GOALS[task]} ×`
}

function result(rows: ReturnType<typeof row>[], text: Size): Result {
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

function section(rows: ReturnType<typeof row>[], text: Size): string {
  const { date, node, processor, cores } = environment
  const peers = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  const cells = rows.flatMap(({ task, flag, datatrove }) =>
    Object.entries({ Flag: flag, datatrove }).map(([name, side]) => [
      `${task}, ${name}`,
      side.seconds.toFixed(1),
      side.documentsPerSecond.toFixed(0),
      side.megabytesPerSecond.toFixed(2),
      side.peakMegabytes.toFixed(0),
    ]),
  )
  const ratios = rows.map(
    ({ task, ratio, spread }) =>
      `${ratio.toFixed(1)} × in ${task} (${spread[0].toFixed(1)} to ${spread[1].toFixed(1)}${goalOf(task)})`,
  )
  return `${date}, Node ${node}, ${processor}, ${cores} cores, ${WORKERS} workers each, ${options.rounds} rounds; ${peers.join(', ')}.
${text.documents} documents, ${text.megabytes.toFixed(1)} MB of text. Memory is that of all processes of a side together.

${markdownTable(['', 'seconds', 'documents/s', 'MB/s', 'peak MB'], cells)}

Flag's throughput is ${ratios.slice(0, -1).join(', ')} and ${ratios.at(-1)} of datatrove's.`
}
