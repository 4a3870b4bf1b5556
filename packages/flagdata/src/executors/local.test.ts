import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  c4,
  customStep,
  dedup,
  gopherQuality,
  gopherRepetition,
  openRecipe,
  pipeline,
  readJsonl,
  readText,
  run,
  writeJsonl,
  writeText,
} from '../index.ts'
import { corpus, duplicateCorpus } from '../testing/corpus.ts'
import { jsonLines, outputFiles, temporaryFolder, writeFiles } from '../testing/folders.ts'
import { readPlan } from './state.ts'

let work: Awaited<ReturnType<typeof temporaryFolder>>
let input: string
const recipe = fileURLToPath(new URL('../testing/recipe.yaml', import.meta.url))

beforeAll(async () => {
  work = await temporaryFolder()
  const [first, second] = duplicateCorpus().map((piece) => piece.slice(0, 250))
  const half = first.length >> 1
  input = await writeFiles(join(work.path, 'input'), {
    'a.jsonl': jsonLines(first.slice(0, half)),
    'b/c.jsonl.gz': gzipSync(jsonLines(first.slice(half))),
    'b/d.jsonl': jsonLines(second),
    'ignored.csv': 'a,b\n',
  })
})
afterAll(() => work.remove())

const documentsOf = (bytes: Buffer) =>
  gunzipSync(bytes)
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

describe('run', () => {
  it('keeps every document or says why it is gone', async () => {
    const output = join(work.path, 'whole')
    const { statistics, written } = await run(await openRecipe(recipe, { input, output }))
    const files = await outputFiles(output)
    const keptAndRemoved = Object.entries(files).filter(([name]) => !name.startsWith('changed'))
    const all = keptAndRemoved.flatMap(([name, bytes]) =>
      documentsOf(bytes).map((it) => ({ ...it, kept: !name.startsWith('removed') })),
    )
    expect(all.length).toBe(500)
    expect(statistics.documents).toBe(500)
    const kept = all.filter((it) => it.kept)
    expect(kept.length).toBe(written)
    const byReason: Record<string, number> = {}
    for (const { removed } of all.filter((it) => !it.kept))
      byReason[removed.reason] = (byReason[removed.reason] ?? 0) + 1
    expect(byReason.minhash_duplicate).toBeGreaterThan(10)
    expect(byReason).toEqual(Object.assign({}, ...statistics.steps.map((step) => step.removed)))
    expect(Object.keys(byReason).length).toBeGreaterThan(4)
    expect(new Set(all.map(({ id }) => id)).size).toBe(500)

    // Every change is of a document that is there, with its text before; c4 changes a third of them.
    const originals = new Map(
      duplicateCorpus()
        .flat()
        .map(({ id, text }) => [id, text]),
    )
    const changes = Object.entries(files).filter(([name]) => name.startsWith('changed'))
    const changed = changes.flatMap(([, bytes]) => documentsOf(bytes))
    expect(changed.length).toBeGreaterThan(50)
    expect(changed.every(({ id, before, text }) => originals.get(id) === before && before !== text)).toBe(
      true,
    )
    expect([...new Set(changed.map((it) => it.changed.steps.join()))]).toEqual(['c4'])
  })

  it('gives the same bytes with worker threads and with other pieces’ order of completion', async () => {
    const output = join(work.path, 'threads')
    await run(await openRecipe(recipe, { input, output }), { workers: 2 })
    expect(await outputFiles(output)).toEqual(await outputFiles(join(work.path, 'whole')))
  })

  it('does nothing twice, and refuses the folder of another run', async () => {
    const output = join(work.path, 'whole')
    const again = await run(await openRecipe(recipe, { input, output }))
    expect(again.resumed).toBe(again.pieces)
    const other = pipeline([readJsonl(input), c4(), writeJsonl(output)])
    await expect(run(other)).rejects.toThrow(/holds a run of another recipe or another input/)
    const plan = await readPlan(join(output, '.flagdata'))
    await mkdir(join(work.path, 'locked/.flagdata'), { recursive: true })
    await writeFile(join(work.path, 'locked/.flagdata/lock'), String(process.ppid))
    await expect(run(await openRecipe(recipe, { input, output: join(work.path, 'locked') }))).rejects.toThrow(
      `process ${process.ppid} is working on it`,
    )
    expect(plan?.pieces.length).toBe(again.pieces)
  })

  it('does not write into its input or over other files', async () => {
    const into = (output: string) => run(pipeline([readJsonl(input), writeJsonl(output)]))
    await expect(into(input)).rejects.toThrow('the output lies in the input')
    await expect(into(join(input, 'out'))).rejects.toThrow('the output lies in the input')
    const other = await writeFiles(join(work.path, 'other'), { '00000.jsonl.gz': 'mine' })
    await expect(into(other)).rejects.toThrow('holds 00000.jsonl.gz, which this run would overwrite')
  })

  it('is the same as the pipeline in TypeScript', async () => {
    const output = join(work.path, 'typescript')
    await run(
      pipeline([
        readJsonl(input, { pieceBytes: 60_000 }),
        gopherRepetition(),
        gopherQuality({ minWords: 20 }),
        c4({ requireLineEnd: false, minSentences: 2 }),
        dedup({ minhash: {} }),
        writeJsonl(output),
      ]),
    )
    expect(await outputFiles(output)).toEqual(await outputFiles(join(work.path, 'whole')))
  })

  it('runs custom steps in this thread only, and removes exact copies', async () => {
    const output = join(work.path, 'custom')
    const long = customStep('long', (text) =>
      text.length > 1000 ? { reason: 'too_long', value: text.length } : undefined,
    )
    const parts = pipeline([
      readJsonl(input),
      long,
      dedup({ exact: {} }),
      writeText(output, { compression: 'none' }),
    ])
    await expect(run(parts, { workers: 2 })).rejects.toThrow(/"long" exists only in this thread/)
    const { written, statistics } = await run(parts)
    const files = await outputFiles(output)
    const texts = duplicateCorpus()
      .flatMap((piece) => piece.slice(0, 250))
      .map(({ text }) => text)
      .filter((text) => [...text].length <= 1000)
    expect(written).toBe(new Set(texts).size)
    expect(statistics.steps[1].removed).toEqual({ exact_duplicate: texts.length - written })
    expect(Object.keys(files)).toContain('00000.txt')
    expect(files['00000.txt'].toString().startsWith(texts[0])).toBe(true)
  })

  it.each(['none', 'gzip', 'zstd'] as const)('reads what it wrote: %s', async (compression) => {
    const [first, second] = [
      join(work.path, `first-${compression}`),
      join(work.path, `second-${compression}`),
    ]
    await run(
      pipeline([readJsonl(join(input, 'a.jsonl')), writeJsonl(first, { compression, removed: false })]),
    )
    await run(pipeline([readJsonl(first), writeJsonl(second, { compression: 'none', removed: false })]))
    const lines = (await readFile(join(second, '00000.jsonl'), 'utf8')).trim().split('\n')
    const originals = (await readFile(join(input, 'a.jsonl'), 'utf8')).trim().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      originals.map((line) => ({ ...JSON.parse(line), metadata: {} })),
    )
  })

  it('reads text by file and by line', async () => {
    const folder = await writeFiles(join(work.path, 'texts'), {
      'a.txt': 'one\ntwo\n',
      'b.md.gz': gzipSync('three'),
    })
    const [byFile, byLine] = [join(work.path, 'by-file'), join(work.path, 'by-line')]
    expect((await run(pipeline([readText(folder), writeJsonl(byFile)]))).written).toBe(2)
    expect((await run(pipeline([readText(folder, { documents: 'line' }), writeJsonl(byLine)]))).written).toBe(
      3,
    )
    expect(documentsOf((await outputFiles(byLine))['00000.jsonl.gz'])).toEqual([
      { id: 'a.txt#0', text: 'one', metadata: {} },
      { id: 'a.txt#4', text: 'two', metadata: {} },
    ])
  })

  it('cuts at any place without losing or repeating a document', async () => {
    const documents = corpus().slice(0, 120)
    const file = join(
      await writeFiles(join(work.path, 'cuts'), { 'a.jsonl': jsonLines(documents) }),
      'a.jsonl',
    )
    for (const pieceBytes of [700, 9_999, 40_000]) {
      const output = join(work.path, `cuts-${pieceBytes}`)
      const parts = [readJsonl(file, { pieceBytes }), writeJsonl(output, { removed: false })]
      const { pieces } = await run(pipeline(parts))
      const files = Object.entries(await outputFiles(output)).sort(([a], [b]) => (a < b ? -1 : 1))
      expect(files.length).toBe(pieces)
      expect(files.flatMap(([, bytes]) => documentsOf(bytes).map(({ id }) => id))).toEqual(
        documents.map(({ id }) => id),
      )
    }
  })
})
