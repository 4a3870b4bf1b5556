import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Part } from '../pipeline/pipeline.ts'
import { readArrow, readCsv, readJsonl, readParquet, readWarc, readWebDataset } from '../pipeline/pipeline.ts'
import { jsonLines, temporaryFolder, writeFiles } from '../testing/folders.ts'
import { readAll } from '../testing/readAll.ts'

let work: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  work = await temporaryFolder()
  const golden = new URL('../../goldens/formats.json.gz', import.meta.url)
  const { files } = JSON.parse(gunzipSync(readFileSync(golden)).toString())
  const rows = Array.from({ length: 60 }, (_, i) => ({
    id: `${i}`,
    text: `${i} ${'line "quoted", and\nmore '.repeat(i % 7)}`,
  }))
  const lines = Buffer.from(jsonLines(rows))
  const membersOf = (size: number) =>
    Buffer.concat(
      Array.from({ length: Math.ceil(lines.length / size) }, (_, i) =>
        gzipSync(lines.subarray(i * size, (i + 1) * size)),
      ),
    )
  await writeFiles(work.path, {
    ...Object.fromEntries(
      Object.entries(files).map(([name, content]) => [name, Buffer.from(content as string, 'base64')]),
    ),
    'rows.jsonl': lines,
    // Members that end anywhere in a line, as those of bgzip do; the last one is empty, as theirs is.
    'rows.jsonl.gz': Buffer.concat([membersOf(100), gzipSync('')]),
    'rows.csv': `id,text\r\n${rows.map(({ id, text }) => `${id},"${text.replaceAll('"', '""')}"\r\n`).join('')}`,
  })
})
afterAll(() => work.remove())

type Reader = (path: string, options?: { pieceBytes?: number }) => Part

describe('cutting', () => {
  it.each([
    ['rows.jsonl', readJsonl, 10],
    ['rows.jsonl.gz', readJsonl, 5],
    ['rows.csv', readCsv, 10],
    ['parquet/pyarrow-snappy.parquet', readParquet, 3],
    ['arrow/feather-lz4.feather', readArrow, 3],
    ['arrow/stream.arrows', readArrow, 3],
    ['warc/crawl.warc', readWarc, 4],
    ['warc/crawl.warc.gz', readWarc, 4],
    ['webdataset/shard.tar', readWebDataset, 4],
  ] as [string, Reader, number][])('%s gives the same in pieces', async (name, reader, least) => {
    const path = join(work.path, name)
    const whole = await readAll(reader(path))
    expect(whole.pieces.length).toBe(1)
    expect(whole.documents.length).toBeGreaterThanOrEqual(8)
    let most = 0
    for (const pieceBytes of [1, 300, 700, 1500]) {
      const cut = await readAll(reader(path, { pieceBytes }))
      expect(cut.documents).toEqual(whole.documents)
      expect(cut.faults).toEqual(whole.faults)
      const bounds = cut.pieces.map(({ start, end }) => [start, end])
      expect(bounds.map(([start]) => start)).toEqual([0, ...bounds.slice(0, -1).map(([, end]) => end)])
      most = Math.max(most, pieceBytes === 1 && name === 'rows.jsonl' ? 0 : bounds.length)
    }
    expect(most).toBeGreaterThanOrEqual(least)
  })

  it('does not take a member inside a member for one', async () => {
    const inner = gzipSync('{"text":"inner"}\n')
    // Level 0 stores bytes as they are, so the file holds a whole valid member that is data.
    const outer = gzipSync(Buffer.concat([Buffer.from('{"text":"outer"}\n'), inner, Buffer.from('\n')]), {
      level: 0,
    })
    expect(outer.indexOf(inner)).toBeGreaterThan(0)
    const file = Buffer.concat([outer, gzipSync('{"text":"last"}\n')])
    const folder = await writeFiles(join(work.path, 'nested'), { 'a.jsonl.gz': file })
    const { documents, pieces } = await readAll(readJsonl(folder, { pieceBytes: 1 }))
    expect(pieces.map(({ start, end }) => [start, end])).toEqual([
      [0, outer.length],
      [outer.length, file.length],
    ])
    expect(documents.map(({ text }) => text)).toEqual(['outer', 'last'])
  })

  it('reads damage once, in the last piece', async () => {
    const bytes = Buffer.concat([
      gzipSync('{"text":"a"}\n'),
      gzipSync('{"text":"b"}\n'),
      gzipSync('{"text":"c"}\n'),
    ])
    const folder = await writeFiles(join(work.path, 'damaged'), { 'a.jsonl.gz': bytes.subarray(0, -5) })
    const { documents, faults, pieces } = await readAll(readJsonl(folder, { pieceBytes: 1 }))
    expect(pieces.length).toBe(3)
    expect(documents.map(({ text }) => text)).toEqual(['a', 'b', 'c'])
    expect(faults.map(({ kind }) => kind)).toEqual(['truncated-gzip'])
  })
})
