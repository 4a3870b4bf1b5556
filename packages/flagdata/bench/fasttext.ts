// fastText beside its own program, one thread each, interleaved, on the same text:
//   npm run bench:fasttext -- [--rounds N] [--json FILE]
// Prediction: the best label of every document of the tests' corpus by lid.176.ftz. Training: a softmax with word bigrams
// on its sentences, labelled by file. Both sides read files and start a process; labels and models must be the same.
// The program is `fasttext` on the PATH, or what FLAG_FASTTEXT names (Debian's package fasttext).
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { type Result, writeResult } from '../../../tools/repo/result.ts'
import { languageModelPath } from '../src/language/models.ts'
import { corpus } from '../src/testing/corpus.ts'

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, json: { type: 'string' } },
})
const execute = promisify(execFile)
const program = process.env.FLAG_FASTTEXT ?? 'fasttext'
const ours = fileURLToPath(new URL('fasttextFlag.ts', import.meta.url))

// Without arguments the program prints how it is used.
const missing = await execute(program).then(
  () => false,
  (error: { code?: unknown }) => error.code === 'ENOENT',
)
if (missing) {
  console.error(
    `bench:fasttext compares with ${program}, which is not there: apt install fasttext, or set FLAG_FASTTEXT.`,
  )
  process.exit(2)
}

async function timed(file: string, args: readonly string[]): Promise<{ seconds: number; out: string }> {
  const start = process.hrtime.bigint()
  const { stdout } = await execute(file, args, { maxBuffer: 2 ** 28 })
  return { seconds: Number(process.hrtime.bigint() - start) / 1e9, out: stdout }
}
const flag = (...args: string[]) => timed(process.execPath, ['--import', 'tsx', ours, ...args])
const sha = async (path: string) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex')

const work = await mkdtemp(join(tmpdir(), 'flag-bench-'))
try {
  const documents = corpus().map(({ text }) => text.replace(/\s+/g, ' '))
  const text = join(work, 'text')
  const labelled = join(work, 'labelled')
  await writeFile(text, documents.map((line) => `${line}\n`).join(''))
  await writeFile(
    labelled,
    documents.map((line, i) => `__label__${i % 7 < 3 ? 'a' : 'b'} ${line}\n`).join(''),
  )
  const megabytes = Buffer.byteLength(documents.join('\n')) / 1e6

  const rows = []
  for (const task of ['predict', 'train'] as const) {
    const ratios: number[] = []
    const seconds: { flag: number[]; fasttext: number[] } = { flag: [], fasttext: [] }
    for (let i = 0; i < Number(options.rounds); i++) {
      const [a, b] = [join(work, 'ours'), join(work, 'theirs')]
      const [mine, theirs] =
        task === 'predict'
          ? [
              await flag('predict', languageModelPath(), text),
              await timed(program, ['predict', languageModelPath(), text]),
            ]
          : [
              await flag('train', labelled, `${a}.bin`),
              await timed(program, [
                ...['supervised', '-input', labelled, '-output', b, '-thread', '1', '-verbose', '0'],
                ...['-dim', '50', '-epoch', '2', '-wordNgrams', '2', '-bucket', '200000'],
              ]),
            ]
      const same =
        task === 'predict' ? mine.out === theirs.out : (await sha(`${a}.bin`)) === (await sha(`${b}.bin`))
      if (!same) throw new Error(`${task}: the results differ, so there is nothing to compare`)
      seconds.flag.push(mine.seconds)
      seconds.fasttext.push(theirs.seconds)
      ratios.push(theirs.seconds / mine.seconds)
    }
    const sorted = ratios.sort((x, y) => x - y)
    const median = (values: number[]) => values.sort((x, y) => x - y)[values.length >> 1]
    const [ratio, spread] = [sorted[sorted.length >> 1], [sorted[0], sorted.at(-1) as number] as const]
    const times = { flag: median(seconds.flag), fasttext: median(seconds.fasttext) }
    console.log(
      `${task}: flag ${times.flag.toFixed(2)} s, fastText ${times.fasttext.toFixed(2)} s: ${ratio.toFixed(2)} × its speed ` +
        `(${spread[0].toFixed(2)} to ${spread[1].toFixed(2)})`,
    )
    rows.push({ task, ratio, spread, ...times })
  }
  const result: Result = {
    name: 'fasttext',
    value: rows[0].ratio,
    unit: 'speed of prediction as a multiple of fastText’s program, processes with their start, median',
    goal: 'reported',
    spread: rows[0].spread,
    rows,
    environment: {
      fasttext: '0.9.2',
      rounds: Number(options.rounds),
      documents: documents.length,
      megabytes,
    },
  }
  await writeResult(options.json, result)
} finally {
  await rm(work, { recursive: true })
}
