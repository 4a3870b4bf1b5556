import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decontaminate } from '../../index.ts'
import { jsonLines, temporaryFolder, writeFiles } from '../../testing/folders.ts'
import { Text } from '../../text/text.ts'
import { buildNgramIndex } from './decontaminate.ts'
import { evaluationSetSchema, readEvaluationSet } from './evaluationSets.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
  await writeFiles(folder.path, {
    'river.jsonl': jsonLines([
      {
        question: 'Which river flows through the old town of the city where the treaty was signed at last?',
        answer: 'It is the long river that comes down from the northern hills and ends in the bay.',
        choices: ['one', 'two'],
      },
      { question: 'Short?', answer: 7 },
    ]),
    'task.yaml':
      'task: rivers\ndataset_path: json\ndataset_kwargs:\n  data_files: { test: river.jsonl }\ndoc_to_text: "Q: {{question}}"\ndoc_to_target: answer\n',
  })
})
afterAll(() => folder.remove())

const samples = async (set: object) => {
  const all = []
  for await (const sample of readEvaluationSet(evaluationSetSchema.parse(set))) all.push(sample)
  return all
}

async function judge(options: Parameters<typeof decontaminate>[0], text: string) {
  const step = decontaminate(options)
  await step.prepare?.()
  return step.apply(new Text(text), { id: 'x', text, metadata: {} }, () => {})
}

describe('decontaminate', () => {
  const answer = 'AND it is the long river, that comes down from the Northern hills -- and ends in the bay!'

  it('removes a document that holds an answer, and says which', async () => {
    const sets = [{ path: join(folder.path, 'river.jsonl') }]
    expect(await judge({ sets }, answer)).toEqual({
      reason: 'contaminated',
      metadata: {
        contaminated_task: 'river',
        contaminated_ngram: 'it is the long river that comes down from the northern hills',
      },
    })
    expect(await judge({ sets }, 'It is the long river that comes down from somewhere else.')).toBeUndefined()
  })

  it('counts questions only when asked, and what leads into the answer unless told not to', async () => {
    const sets = [{ path: join(folder.path, 'river.jsonl') }]
    const question = 'Which river flows through the old town of the city where the treaty was signed?'
    const overlap = 'town of the city where the treaty was signed at last? It is the other one.'
    expect(await judge({ sets }, question)).toBeUndefined()
    expect(await judge({ sets, findQuery: true }, question)).toMatchObject({ reason: 'contaminated' })
    expect(await judge({ sets }, overlap)).toMatchObject({ reason: 'contaminated' })
    expect(await judge({ sets, findOverlap: false }, overlap)).toBeUndefined()
  })

  it('works from an index of hashes alone', async () => {
    const rules = { ngrams: 12, findQuery: false, findOverlap: true, hash: 'xxhash' as const }
    const set = evaluationSetSchema.parse({ path: join(folder.path, 'river.jsonl'), task: 'long name' })
    const index = join(folder.path, 'index')
    await (await buildNgramIndex([set], rules)).save(index)
    expect(await judge({ index }, answer)).toMatchObject({ metadata: { contaminated_task: 'long_name' } })
    await writeFile(join(index, 'bad.index.hashes'), 'abc')
    await expect(judge({ index }, answer)).rejects.toThrow('bad.index.hashes: 3 bytes')
    await expect(judge({ index: folder.path }, answer)).rejects.toThrow('no file {task}.index.hashes')
    await expect(judge({}, answer)).rejects.toThrow('neither sets nor an index')
  })
})

describe('evaluation sets', () => {
  it('are read from JSON lines, gzip, Parquet and tasks of lm-eval', async () => {
    const rows = await samples({ path: join(folder.path, 'river.jsonl') })
    expect(rows.map(({ label }) => label.slice(0, 11))).toEqual(['It is the l', '7'])
    const zipped = join(folder.path, 'river.jsonl.gz')
    await writeFile(zipped, gzipSync(jsonLines([{ question: 'a', answer: 'b' }])))
    expect(await samples({ path: zipped })).toEqual([{ task: 'river', label: 'b', query: 'a' }])
    const parquet = join(folder.path, 'river.parquet')
    const columnData = [
      { name: 'question', data: ['a'] },
      { name: 'answer', data: ['b'] },
    ]
    await writeFile(parquet, new Uint8Array(parquetWriteBuffer({ columnData })))
    expect(await samples({ path: parquet })).toEqual([{ task: 'river', label: 'b', query: 'a' }])
    const fromTask = await samples({ path: join(folder.path, 'task.yaml') })
    expect(fromTask[1]).toEqual({ task: 'rivers', label: '7', query: 'Q: Short?' })
    const choices = await samples({ path: join(folder.path, 'river.jsonl'), label: 'choices' })
    expect(choices.map(({ label }) => label)).toEqual(['one', 'two', ''])
  })

  it('say what is wrong with them', async () => {
    await expect(samples({ path: join(folder.path, 'none.jsonl') })).rejects.toThrow(
      'none.jsonl: no such file',
    )
    await writeFile(join(folder.path, 'broken.jsonl'), '{"answer": "a"}\n{')
    await expect(samples({ path: join(folder.path, 'broken.jsonl') })).rejects.toThrow(
      'broken.jsonl: at byte 16',
    )
    await expect(samples({ path: join(folder.path, 'river.jsonl'), label: 'x', query: 'y' })).rejects.toThrow(
      'no row has "x" or "y"',
    )
    await writeFile(join(folder.path, 'hub.yaml'), 'task: a\ndataset_path: somebody/something\n')
    await expect(samples({ path: join(folder.path, 'hub.yaml') })).rejects.toThrow('hub.yaml: dataset_kwargs')
  })
})
