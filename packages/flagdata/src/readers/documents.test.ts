import { truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pipeline, readJsonl, run, writeJsonl } from '../index.ts'
import { jsonLines, outputFiles, temporaryFolder, writeFiles } from '../testing/folders.ts'
import { readLines } from './lines.ts'

let work: Awaited<ReturnType<typeof temporaryFolder>>
let runs = 0
beforeAll(async () => {
  work = await temporaryFolder()
})
afterAll(() => work.remove())

/** What a run makes of some bytes: the texts and the faults. */
async function read(
  content: string | Uint8Array,
  name = 'a.jsonl',
  options: { maxDocumentBytes?: number } = {},
) {
  const folder = await writeFiles(join(work.path, String(runs++)), { [name]: content })
  return readFolder(folder, options)
}

async function readFolder(folder: string, options: { maxDocumentBytes?: number } = {}) {
  const output = `${folder}-out`
  const { statistics } = await run(
    pipeline([readJsonl(folder, options), writeJsonl(output, { compression: 'none', removed: false })]),
  )
  const files = Object.values(await outputFiles(output))
  const lines = files.flatMap((bytes) => bytes.toString().split('\n')).filter((line) => line !== '')
  return { documents: lines.map((line) => JSON.parse(line)), faults: statistics.faults }
}

describe('jsonl', () => {
  it('takes keys that are not text, id or media as metadata, and names documents without an id', async () => {
    const { documents, faults } = await read(
      '\ufeff{"text":"a","url":"u","metadata":{"n":1}}\r\n\n{"id":7,"text":"b","media":[{"type":"image","url":"i"}]}',
    )
    expect(documents).toEqual([
      { id: 'a.jsonl#0', text: 'a', metadata: { n: 1, url: 'u' } },
      { id: '7', text: 'b', media: [{ type: 'image', url: 'i' }], metadata: {} },
    ])
    expect(faults).toEqual({})
  })

  it('keeps hostile keys as data', async () => {
    const { documents } = await read('{"text":"a","__proto__":{"polluted":1},"constructor":"c"}\n')
    expect(Object.keys(documents[0].metadata).sort()).toEqual(['__proto__', 'constructor'])
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })

  it('reports bad lines by file and offset, and goes on', async () => {
    const good = '{"text":"good"}\n'
    const lines = [
      Buffer.from(good),
      Buffer.from('{"text": "broken\n'),
      Buffer.from([0x7b, 0x22, 0xff, 0x0a]),
      Buffer.from('{"text":"nul \0"}\n'),
      Buffer.from('[1]\nnull\n3\n'),
      Buffer.from('{"id":"x"}\n{"text":5}\n{"text":""}\n'),
      Buffer.from('{"text":"\\ud800"}\n'),
      Buffer.from(good),
    ]
    const { documents, faults } = await read(Buffer.concat(lines))
    expect(documents.map(({ text }) => text)).toEqual(['good', 'good'])
    const counts = Object.fromEntries(Object.entries(faults).map(([kind, { count }]) => [kind, count]))
    expect(counts).toEqual({
      'broken-json': 1,
      'invalid-utf8': 1,
      'nul-byte': 1,
      'not-an-object': 3,
      'no-text': 3,
      'lone-surrogate': 1,
    })
    expect(faults['broken-json'].first[0]).toMatchObject({ file: 'a.jsonl', offset: 16 })
    expect(faults['invalid-utf8'].first).toEqual([{ file: 'a.jsonl', offset: 33, found: 'byte 0xff at 35' }])
    expect(faults['nul-byte'].first[0].found).toBe('byte 0 at 50')
  })

  it('passes over lines longer than allowed', async () => {
    const { documents, faults } = await read(
      jsonLines([{ text: 'a' }, { text: 'long'.repeat(200_000) }, { text: 'b' }]),
      'a.jsonl',
      { maxDocumentBytes: 1000 },
    )
    expect(documents.map(({ text }) => text)).toEqual(['a', 'b'])
    expect(faults['too-long']).toMatchObject({ count: 1, first: [{ offset: 13 }] })
  })
})

describe('compressed files', () => {
  const texts = Array.from({ length: 3000 }, (_, i) => ({ text: `number ${i} ${Math.imul(i, 0x9e3779b1)}` }))

  it('reads several gzip members as one', async () => {
    const members = [texts.slice(0, 10), texts.slice(10, 20)].map((part) => gzipSync(jsonLines(part)))
    const { documents, faults } = await read(Buffer.concat(members), 'a.jsonl.gz')
    expect([documents.length, faults]).toEqual([20, {}])
  })

  it.each([
    ['gzip', 'a.jsonl.gz'],
    ['zstd', 'a.jsonl.zst'],
  ] as const)(
    'gives out what a truncated %s file still holds, always the same',
    async (compression, name) => {
      const folder = await writeFiles(join(work.path, `whole-${compression}`), {
        'a.jsonl': jsonLines(texts),
      })
      const output = join(folder, 'out')
      await run(
        pipeline([readJsonl(join(folder, 'a.jsonl')), writeJsonl(output, { compression, removed: false })]),
      )
      const [[, bytes]] = Object.entries(await outputFiles(output))
      const seen: number[] = []
      for (let i = 0; i < 2; i++) {
        const damaged = await writeFiles(join(work.path, `${compression}-${i}`), { [name]: bytes })
        await truncate(join(damaged, name), bytes.length - 9)
        const { documents, faults } = await readFolder(damaged)
        expect(faults[`truncated-${compression}`]).toMatchObject({ count: 1, first: [{ file: name }] })
        expect(documents.map(({ text }) => text)).toEqual(
          texts.slice(0, documents.length).map(({ text }) => text),
        )
        seen.push(documents.length)
      }
      expect(seen[0]).toBe(seen[1])
    },
  )

  it.each(['a.jsonl.gz', 'a.jsonl.zst'])('says that %s is not what its name promises', async (name) => {
    const { documents, faults } = await read('{"text":"not compressed"}\n', name)
    expect(documents).toEqual([])
    expect(Object.keys(faults)).toEqual([name.endsWith('gz') ? 'corrupt-gzip' : 'corrupt-zstd'])
  })
})

it('finds every line exactly once, however bytes are cut into chunks and ranges', async () => {
  const line = fc.string({ maxLength: 8 }).map((text) => text.replaceAll('\n', ''))
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 8 }),
      fc.boolean(),
      fc.nat(40),
      fc.integer({ min: 1, max: 9 }),
      async (lines, ends, cut, size) => {
        const bytes = Buffer.from(lines.join('\n') + (ends ? '\n' : ''))
        async function* chunksFrom(start: number) {
          for (let at = start; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
        }
        const found: string[] = []
        const middle = Math.min(cut, bytes.length)
        for (const [start, end] of [
          [0, middle],
          [middle, bytes.length],
        ]) {
          if (start === end) continue
          const range = { start, end, maxBytes: 1000 }
          for await (const { bytes: part } of readLines(chunksFrom(Math.max(0, start - 1)), range, () => {}))
            found.push(part.toString())
        }
        expect(found.filter((it) => it !== '')).toEqual(lines.filter((it) => it !== ''))
      },
    ),
  )
})
