import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { c4 } from '../filters/c4.ts'
import {
  dedup,
  pipeline,
  readCsv,
  readJsonl,
  readText,
  writeJsonl,
  writeParquet,
} from '../pipeline/pipeline.ts'
import { jsonLines, outputFiles, temporaryFolder, writeFiles } from '../testing/folders.ts'
import { runStreams, usesStreams } from './stream.ts'

let work: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  work = await temporaryFolder()
})
afterAll(() => work.remove())

function collect() {
  let text = ''
  const output = new Writable({
    highWaterMark: 10,
    write(chunk, _, done) {
      text += chunk
      done()
    },
  })
  return {
    output,
    lines: () =>
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line)),
  }
}
const input = () =>
  Readable.from([
    Buffer.from('{"id":"a","text":"One is here now. T'),
    Buffer.from('wo."}\n{broken\n{"id":"b","text":"One."}\n{"id":"c","text":"One is here now. Two."}'),
  ])

describe('standard input and output', () => {
  it('passes documents through the steps', async () => {
    const { output, lines } = collect()
    const clean = pipeline([readJsonl('-'), c4({ minSentences: 2 }), writeJsonl('-')])
    expect(usesStreams(clean)).toBe(true)
    const { statistics, written } = await runStreams(clean, { input: input(), output })
    expect(lines().map(({ id }) => id)).toEqual(['a', 'c'])
    expect(written).toBe(2)
    expect(statistics.steps[0].removed).toEqual({ too_few_sentences: 1 })
    expect(statistics.faults['broken-json']).toMatchObject({
      count: 1,
      first: [{ file: 'stdin', offset: 42 }],
    })
  })

  it('waits in a temporary folder for a deduplication, and leaves nothing there', async () => {
    const before = (await readdir(tmpdir())).filter((name) => name.startsWith('flagdata-'))
    const { output, lines } = collect()
    const unique = pipeline([readJsonl('-'), dedup({ exact: {} }), writeJsonl('-')])
    const { statistics } = await runStreams(unique, { input: input(), output })
    expect(lines().map(({ id }) => id)).toEqual(['a', 'b'])
    expect(statistics.documents).toBe(3)
    const after = (await readdir(tmpdir())).filter((name) => name.startsWith('flagdata-'))
    expect(after.filter((name) => !before.includes(name))).toEqual([])
  })

  it('reads a folder to standard output, and standard input into a folder', async () => {
    const { output, lines } = collect()
    const folder = await writeFiles(join(work.path, 'in'), {
      'a.jsonl': jsonLines([{ text: 'a' }]),
      'b.jsonl': jsonLines([{ text: 'b' }]),
    })
    await runStreams(pipeline([readJsonl(folder), writeJsonl('-')]), { input: input(), output })
    expect(lines().map(({ text }) => text)).toEqual(['a', 'b'])
    const to = join(work.path, 'out')
    await runStreams(
      pipeline([readText('-', { documents: 'line' }), writeJsonl(to, { compression: 'none' })]),
      { input: Readable.from([Buffer.from('x\ny\n')]), output },
    )
    expect(String((await outputFiles(to))['00000.jsonl'])).toBe(
      jsonLines([
        { id: 'stdin#0', text: 'x', metadata: {} },
        { id: 'stdin#2', text: 'y', metadata: {} },
      ]),
    )
  })

  it('ends without an error when nobody reads on', async () => {
    let received = 0
    const output = new Writable({
      highWaterMark: 1,
      write(_, __, done) {
        done(++received < 3 ? null : Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
      },
    })
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.from('{"text":"again"}\n')
      })(),
    )
    await runStreams(pipeline([readJsonl('-'), writeJsonl('-')]), { input: endless, output })
    expect(received).toBe(3)
  })

  it('refuses formats that are no streams of lines', async () => {
    const streams = { input: input(), output: collect().output }
    await expect(runStreams(pipeline([readCsv('-'), writeJsonl('-')]), streams)).rejects.toThrow(
      'not read as csv',
    )
    await expect(runStreams(pipeline([readJsonl('-'), writeParquet('-')]), streams)).rejects.toThrow(
      'not written as parquet',
    )
  })
})
