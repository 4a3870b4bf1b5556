import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../executors/local.ts'
import {
  pipeline,
  readArrow,
  readCsv,
  readJsonl,
  readParquet,
  readTsv,
  readWebDataset,
  writeArrow,
  writeCsv,
  writeJsonl,
  writeParquet,
  writeText,
  writeTsv,
  writeWebDataset,
} from '../pipeline/pipeline.ts'
import { customStep } from '../pipeline/step.ts'
import { jsonLines, outputFiles, temporaryFolder, writeFiles } from '../testing/folders.ts'
import { readAll } from '../testing/readAll.ts'

let work: Awaited<ReturnType<typeof temporaryFolder>>
let input: string
let outputs = 0
const picture = { type: 'image', url: 'data:image/png;base64,iVBORw0KGgo=', name: 'png' }
const address = { type: 'image', url: 'https://example.org/a.jpg', alt: 'a' }
const documents = Array.from({ length: 25 }, (_, i) => ({
  id: `d${i}`,
  text: `Text "${i}",\r\nwith lines\tand 中文 🙂`,
  ...(i % 5 === 0 ? { media: [address, picture] } : {}),
  metadata: {
    url: `https://example.org/${i}`,
    count: i * 2 ** 40,
    score: i / 8,
    ok: i % 2 === 0,
    mixed: i % 2 === 0 ? i : `${i}`,
    list: [i, { name: `n${i}` }],
    ...(i === 3 ? { rare: 'once' } : {}),
    // Names that a column cannot have.
    id: `own ${i}`,
    text: 'own',
    '': 'no name',
  },
}))
beforeAll(async () => {
  work = await temporaryFolder()
  input = join(await writeFiles(work.path, { 'in.jsonl': jsonLines(documents) }), 'in.jsonl')
})
afterAll(() => work.remove())

const output = () => join(work.path, `out-${outputs++}`)
const names = async (folder: string) => Object.keys(await outputFiles(folder)).sort()

describe('what is written is read again', () => {
  it.each([
    ['parquet, snappy', (path: string) => writeParquet(path), readParquet],
    ['parquet, none', (path: string) => writeParquet(path, { compression: 'none' }), readParquet],
    ['parquet, gzip', (path: string) => writeParquet(path, { compression: 'gzip' }), readParquet],
    ['parquet, zstd', (path: string) => writeParquet(path, { compression: 'zstd' }), readParquet],
    ['arrow', (path: string) => writeArrow(path), readArrow],
    // Several files in one process: the library answers with zeros when it is initialised a third time.
    ['jsonl, zstd', (path: string) => writeJsonl(path, { compression: 'zstd' }), readJsonl],
    [
      'jsonl, zstd, rotated',
      (path: string) => writeJsonl(path, { compression: 'zstd', maxFileDocuments: 4 }),
      readJsonl,
    ],
  ] as const)('%s', async (_, write, read) => {
    const folder = output()
    await run(pipeline([readJsonl(input), write(folder)]))
    const again = await readAll(read(folder))
    expect(again.faults).toEqual([])
    expect(again.documents).toEqual(documents)
  })

  it.each([
    ['csv', writeCsv, readCsv],
    ['tsv', writeTsv, readTsv],
  ] as const)('%s, where numbers become text', async (_, write, read) => {
    const folder = output()
    await run(pipeline([readJsonl(input), write(folder)]))
    const again = await readAll(read(folder))
    expect(again.faults).toEqual([])
    expect(again.documents).toEqual(
      documents.map(({ metadata, ...document }) => ({
        ...document,
        metadata: {
          ...metadata,
          ...Object.fromEntries(
            (['count', 'score', 'ok', 'mixed', 'list'] as const).map((key) => [
              key,
              typeof metadata[key] === 'string' ? metadata[key] : JSON.stringify(metadata[key]),
            ]),
          ),
        },
      })),
    )
  })

  it.each([
    ['none', '.tar'],
    ['gzip', '.tar.gz'],
  ] as const)('webdataset, %s, with pictures', async (compression, ending) => {
    const folder = output()
    await run(pipeline([readJsonl(input), writeWebDataset(folder, { compression, removed: false })]))
    expect(await names(folder)).toEqual([`00000${ending}`])
    // And once more: from a place in the tar file into another.
    const second = output()
    await run(
      pipeline([readWebDataset(folder), writeWebDataset(second, { compression: 'gzip', removed: false })]),
    )
    const again = await readAll(readWebDataset(second))
    expect(again.faults).toEqual([])
    expect(again.documents).toEqual(documents)
  })

  it('no documents make files that hold none', async () => {
    const none = join(await writeFiles(output(), { 'a.jsonl': '{broken\n' }), 'a.jsonl')
    for (const [write, read] of [
      [writeParquet, readParquet],
      [writeArrow, readArrow],
      [writeCsv, readCsv],
      [writeWebDataset, readWebDataset],
    ] as const) {
      const folder = output()
      await run(pipeline([readJsonl(none), write(folder)]))
      expect(await readAll(read(folder))).toMatchObject({ documents: [], faults: [] })
    }
  })
})

describe('rotation', () => {
  it('by documents, of kept and of removed ones', async () => {
    const folder = output()
    const odd = customStep('odd', (_, { id }) => (Number(id.slice(1)) % 2 ? { reason: 'odd' } : undefined))
    await run(
      pipeline([readJsonl(input), odd, writeText(folder, { compression: 'none', maxFileDocuments: 5 })]),
    )
    expect(await names(folder)).toEqual([
      '00000-000.txt',
      '00000-001.txt',
      '00000-002.txt',
      'removed/00000-000.jsonl',
      'removed/00000-001.jsonl',
      'removed/00000-002.jsonl',
    ])
  })

  it('by bytes before compression: no file is larger, but one of a single document', async () => {
    for (const maxFileBytes of [1, 1000, 2000]) {
      for (const write of [writeJsonl, writeCsv, writeWebDataset]) {
        const folder = output()
        await run(
          pipeline([readJsonl(input), write(folder, { compression: 'none', removed: false, maxFileBytes })]),
        )
        const files = Object.values(await outputFiles(folder))
        const most = Math.max(...files.map(({ length }) => length))
        if (maxFileBytes === 1) expect(files.length).toBe(documents.length)
        // A document is up to three members of two blocks; a tar file ends with two, a table begins with its columns.
        else
          expect(most).toBeLessThanOrEqual(
            Math.max(maxFileBytes, write === writeWebDataset ? 3072 : 0) + 1024,
          )
      }
    }
  })

  it('gives the same names and bytes again', async () => {
    const [a, b] = [output(), output()]
    for (const folder of [a, b])
      await run(
        pipeline([readJsonl(input, { pieceBytes: 2000 }), writeParquet(folder, { maxFileDocuments: 3 })]),
      )
    expect(await outputFiles(a)).toEqual(await outputFiles(b))
    expect((await names(a)).length).toBeGreaterThan(8)
    // And of a piece that is done anew, as after a kill that left one of its files and a part of the rows.
    for (const marker of ['steps/00001', 'summary/all']) await rm(join(b, '.flagdata/done', `${marker}.json`))
    await rm(join(b, '00001-000.parquet'))
    await writeFiles(b, { '00001-001.parquet.rows.partial': '{"id"', '00001-002.parquet.partial': 'PAR1' })
    await run(pipeline([readJsonl(input, { pieceBytes: 2000 }), writeParquet(b, { maxFileDocuments: 3 })]))
    expect(await outputFiles(b)).toEqual(await outputFiles(a))
  })

  it('refuses a compression that the format does not know', async () => {
    await expect(
      run(pipeline([readJsonl(input), writeArrow(output(), { compression: 'gzip' })])),
    ).rejects.toMatchObject({
      code: 'invalid-argument',
      message: 'write.compression: arrow is not written with gzip',
      hint: 'known: none',
    })
  })
})
