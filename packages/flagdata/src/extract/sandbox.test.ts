import { join } from 'node:path'
import { moduleWorker } from '@flag/core-tensor'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { extract, pipeline, readFiles, run, writeJsonl } from '../index.ts'
import { pdfOf } from '../testing/archives.ts'
import { outputFiles, temporaryFolder, writeFiles } from '../testing/folders.ts'
import { Sandbox } from './sandbox.ts'

describe('a sandbox', () => {
  /** Extracts from texts one after the other; also tells how many threads that took. */
  async function read(timeoutMs: number, texts: readonly string[]) {
    let started = 0
    const sandbox = new Sandbox({ timeoutMs, memoryMb: 32 }, (memoryMb) => {
      started++
      return moduleWorker('../testing/hostileWorker', import.meta.url, {
        resourceLimits: { maxOldGenerationSizeMb: memoryMb },
      })
    })
    const jobs = texts.map((text) => ({ extractor: 'any', source: { name: text, text }, options: {} }))
    const results = await Promise.all(jobs.map((job) => sandbox.extract(job)))
    await sandbox.close()
    return { results, started }
  }
  const done = (text: string) => ({ kind: 'done', extracted: { text: `${text}, read` } })

  it('ends a document that takes too long, and no other', async () => {
    const { results, started } = await read(1000, ['a', 'b', 'loop', 'c'])
    expect(results).toEqual([done('a'), done('b'), { kind: 'timeout' }, done('c')])
    expect(started).toBe(2)
  })

  it('ends a document that takes too much memory or the thread with it, and no other', async () => {
    const { results, started } = await read(60_000, ['memory', 'd', 'exit', 'throw', 'e'])
    expect(results).toEqual([
      { kind: 'failed', message: 'needs more than 32 MiB of memory (memoryMb)' },
      done('d'),
      { kind: 'failed', message: 'the thread for extraction ended with code 3' },
      { kind: 'failed', message: 'thrown' },
      done('e'),
    ])
    expect(started).toBe(4)
  })
})

describe('files in a pipeline', () => {
  let work: Awaited<ReturnType<typeof temporaryFolder>>
  beforeAll(async () => {
    work = await temporaryFolder()
  })
  afterAll(() => work.remove())

  it('become documents by their types; what cannot be read is removed with its reason and the file', async () => {
    const paragraph =
      'This is a page that has a text of its own, and there is not much more to be said about it.'
    const input = await writeFiles(join(work.path, 'in'), {
      'a.html': `<html lang=en><title>A page</title><nav><a href=x>Home</a></nav><p>${paragraph}</p>`,
      'latin.htm': Buffer.from(
        '<meta charset=iso-8859-1><p>Gr\xfc\xdfe aus der Stadt, in der es keine Sorgen mehr gibt.',
        'latin1',
      ),
      'sub/b.pdf': pdfOf([[[50, 700, 'One line.']]]),
      'sub/broken.pdf': '%PDF-1.4 and nothing else',
      'sub/broken.docx': 'PK\x03\x04',
      'c.tex': '\\section{S} text',
      'd.md': '# Title\n',
      'e.bin': 'x',
    })
    const output = join(work.path, 'out')
    const { statistics } = await run(
      pipeline([
        readFiles(input),
        extract({ timeoutMs: 60_000 }),
        writeJsonl(output, { compression: 'none' }),
      ]),
    )
    expect(statistics.steps[0]).toMatchObject({
      kept: 5,
      removed: { extraction_failed: 2, no_extractor: 1 },
      counts: { 'html-text': 2, 'pdf-text': 2, 'docx-text': 1, 'latex-text': 1, plain: 1 },
    })
    const files = await outputFiles(output)
    const lines = (name: string) =>
      files[name]
        .toString()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    expect(lines('00000.jsonl').map(({ id, text }) => [id, text])).toEqual([
      ['a.html', paragraph],
      ['c.tex', '\\section{S} text'],
      ['d.md', '# Title\n'],
      ['latin.htm', 'Grüße aus der Stadt, in der es keine Sorgen mehr gibt.'],
      ['sub/b.pdf', 'One line.'],
    ])
    expect(lines('00000.jsonl')[0].metadata).toEqual({
      path: join(input, 'a.html'),
      mime: 'text/html',
      title: 'A page',
      language: 'en',
    })
    const removed = lines('removed/00000.jsonl').map(({ id, removed, metadata }) => [
      id,
      removed.reason,
      metadata.error,
    ])
    expect(removed).toEqual([
      ['e.bin', 'no_extractor', 'e.bin: unknown type'],
      ['sub/broken.docx', 'extraction_failed', expect.stringContaining(join(input, 'sub/broken.docx'))],
      ['sub/broken.pdf', 'extraction_failed', expect.stringContaining(join(input, 'sub/broken.pdf'))],
    ])
  })
})
