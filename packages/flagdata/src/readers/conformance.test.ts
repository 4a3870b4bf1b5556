import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Document, Json } from '../document.ts'
import { bytesOf } from '../media.ts'
import {
  readArrow,
  readCsv,
  readHuggingface,
  readParquet,
  readTsv,
  readWarc,
  readWebDataset,
} from '../pipeline/pipeline.ts'
import { temporaryFolder, writeFiles } from '../testing/folders.ts'
import { readAll } from '../testing/readAll.ts'

type Row = { id: string; text: string; [key: string]: Json }

/** Files that the owners of the formats wrote: tools/oracles/data_formats.py. */
const golden: {
  rows: Row[]
  pages: string[]
  splits: Record<string, Record<string, string[]>>
  files: Record<string, string>
} = JSON.parse(gunzipSync(readFileSync(new URL('../../goldens/formats.json.gz', import.meta.url))).toString())
const filesOf = (folder: string) => Object.keys(golden.files).filter((name) => name.startsWith(`${folder}/`))

let work: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  work = await temporaryFolder()
  const files = Object.entries(golden.files).map(([name, content]) => [name, Buffer.from(content, 'base64')])
  await writeFiles(work.path, Object.fromEntries(files))
})
afterAll(() => work.remove())

/** What a document of a row is: fields without a value are left out. */
const documentOf = ({ id, text, ...rest }: Row): Document => ({
  id,
  text,
  metadata: Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null)),
})

describe('tables', () => {
  it.each([
    ...filesOf('parquet').map((name) => [name, readParquet] as const),
    ...filesOf('arrow').map((name) => [name, readArrow] as const),
  ])('%s', async (name, reader) => {
    const { documents, faults } = await readAll(reader(join(work.path, name)))
    expect(faults).toEqual([])
    expect(documents).toEqual(golden.rows.map(documentOf))
  })

  it.each([
    ['csv/pandas.csv', readCsv],
    ['csv/pandas.tsv', readTsv],
    ['csv/pyarrow.csv', readCsv],
    ['csv/python.csv', readCsv],
  ] as const)('%s', async (name, reader) => {
    const { documents, faults } = await readAll(reader(join(work.path, name)))
    expect(faults).toEqual([])
    expect(documents.map(({ id, text, metadata }) => [id, text, metadata.url, metadata.note])).toEqual(
      golden.rows.map(({ id, text, url, note }) => [id, text, url, note ?? undefined]),
    )
    expect(documents.map(({ metadata }) => Number(metadata.count))).toEqual(
      golden.rows.map(({ count }) => count),
    )
  })
})

it.each(filesOf('webdataset'))('%s', async (name) => {
  const { documents, faults } = await readAll(readWebDataset(join(work.path, name)))
  expect(faults).toEqual([])
  expect(documents.map(({ media: _, ...document }) => document)).toEqual(
    golden.rows.map(({ id, text, ...metadata }, i) => ({ id, text, metadata: { ...metadata, cls: i % 4 } })),
  )
  for (const [i, { media }] of documents.entries()) {
    expect(media?.map(({ type, name }) => [type, name])).toEqual(i % 2 ? [['image', 'png']] : undefined)
    if (media) expect((await bytesOf(media[0])).toString('latin1', 1, 4)).toBe('PNG')
  }
})

it.each(filesOf('warc'))('%s', async (name) => {
  const { documents, faults } = await readAll(readWarc(join(work.path, name)))
  expect(documents.map(({ text }) => text)).toEqual(golden.pages)
  expect(documents[4]).toMatchObject({
    id: 'urn:uuid:00000000-0000-0000-0000-000000000004',
    metadata: { url: 'https://example.org/4', date: '2026-01-02T03:04:05Z', mime: 'text/html', status: 200 },
  })
  expect(documents.at(-1)?.metadata).toEqual({
    url: 'https://example.org/wet',
    date: '2026-01-02T03:04:05Z',
    mime: 'text/plain',
  })
  expect(faults.map(({ kind, found }) => [kind, found])).toEqual([
    ['not-text', 'response record of https://example.org/6: image/png'],
  ])
})

describe('dataset folders', () => {
  it.each(['saved', 'hub', 'named'])('%s', async (name) => {
    const folder = join(work.path, 'datasets', name)
    const { documents, faults } = await readAll(readHuggingface(folder))
    expect(faults).toEqual([])
    for (const [split, texts] of Object.entries(golden.splits[name])) {
      const its = documents.filter(({ metadata }) => metadata.split === split)
      expect(its.map(({ text }) => text)).toEqual(texts)
      const only = await readAll(readHuggingface(folder, { split }))
      expect(only.documents).toEqual(its)
    }
    if (name !== 'named')
      expect(documents[0].media).toEqual([
        {
          type: 'image',
          url: expect.stringMatching(/^data:image\/png;base64,/),
          name: expect.stringMatching(/png$/),
        },
      ])
  })

  it('says what it does not find', async () => {
    const folder = join(work.path, 'datasets', 'hub')
    await expect(readAll(readHuggingface(folder, { split: 'dev' }))).rejects.toMatchObject({
      code: 'not-found',
      hint: 'known: train, test',
    })
    await expect(readAll(readHuggingface(folder, { config: 'zh' }))).rejects.toMatchObject({
      code: 'not-found',
      hint: 'set config to one of default',
    })
  })
})
