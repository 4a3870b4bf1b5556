import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../executors/local.ts'
import type { ReadConfig } from '../pipeline/pipeline.ts'
import {
  pipeline,
  readArrow,
  readCsv,
  readJsonl,
  readParquet,
  readText,
  readTsv,
  readWarc,
  readWebDataset,
  writeArrow,
  writeCsv,
  writeParquet,
  writeTsv,
  writeWebDataset,
} from '../pipeline/pipeline.ts'
import { jsonLines, outputFiles, temporaryFolder, writeFiles } from '../testing/folders.ts'
import { readAll } from '../testing/readAll.ts'
import { tarHeader } from '../writers/tarHeader.ts'

type Format = Exclude<ReadConfig['format'], 'huggingface' | 'files'>

const readers = {
  jsonl: readJsonl,
  text: readText,
  csv: readCsv,
  tsv: readTsv,
  parquet: readParquet,
  arrow: readArrow,
  warc: readWarc,
  webdataset: readWebDataset,
}
const endings: Record<Format, string> = { jsonl: 'jsonl', text: 'txt', csv: 'csv', tsv: 'tsv', parquet: 'parquet', arrow: 'arrow', warc: 'warc', webdataset: 'tar' } // biome-ignore format: a table

let work: Awaited<ReturnType<typeof temporaryFolder>>
/** Files of forty documents, large enough that half of one holds some. */
const files: Partial<Record<Format, Buffer>> = {}
const texts = Array.from({ length: 40 }, (_, i) =>
  `text ${i} ${Math.imul(i, 0x9e3779b1)} ${'word '.repeat(i)}`.trim(),
)
const record = (type: string, body: Buffer, headers = '') =>
  Buffer.concat([
    Buffer.from(
      `WARC/1.0\r\nWARC-Type: ${type}\r\nWARC-Target-URI: http://a/\r\nContent-Type: text/plain\r\n${headers}Content-Length: ${body.length}\r\n\r\n`,
    ),
    body,
    Buffer.from('\r\n\r\n'),
  ])
const member = (name: string, content: Buffer | string) => {
  const bytes = Buffer.from(content)
  return Buffer.concat([
    tarHeader(name, bytes.length),
    bytes,
    Buffer.alloc((512 - (bytes.length % 512)) % 512),
  ])
}

beforeAll(async () => {
  work = await temporaryFolder()
  const input = join(work.path, 'in.jsonl')
  const lines = jsonLines(texts.map((text, i) => ({ id: `d${i}`, text, n: i })))
  await writeFiles(work.path, { 'in.jsonl': lines })
  const writers = {
    csv: writeCsv,
    tsv: writeTsv,
    parquet: writeParquet,
    arrow: writeArrow,
    webdataset: writeWebDataset,
  }
  for (const [format, write] of Object.entries(writers)) {
    const output = join(work.path, format)
    await run(pipeline([readJsonl(input), write(output, { removed: false })]))
    const [bytes] = Object.values(await outputFiles(output))
    files[format as Format] = bytes[0] === 0x1f ? gunzipSync(bytes) : bytes
  }
  files.jsonl = Buffer.from(lines)
  files.text = Buffer.from(texts.map((text) => `${text}\n`).join(''))
  files.warc = Buffer.concat(texts.map((text) => record('conversion', Buffer.from(text))))
})
afterAll(() => work.remove())

let inputs = 0
async function read(
  format: Format,
  content: Uint8Array | string,
  options: { maxDocumentBytes?: number } = {},
  ending = '',
) {
  const name = `a.${endings[format]}${ending}`
  const folder = await writeFiles(join(work.path, `case-${inputs++}`), { [name]: content })
  const { documents, faults } = await readAll(readers[format](folder, { documents: 'line', ...options }))
  return { texts: documents.map(({ text }) => text), faults }
}

const cut = (format: Format, part = 0.5) => {
  const bytes = files[format] as Buffer
  return bytes.subarray(0, Math.floor(bytes.length * part))
}
const patched = (bytes: Buffer, search: string, replacement: Buffer) => {
  const copy = Buffer.from(bytes)
  copy.set(replacement, copy.indexOf(search))
  return copy
}

describe('a file that ends too early', () => {
  it.each([
    // Format, what is reported, whether what came before is given out.
    ['jsonl', 'broken-json', true],
    ['text', undefined, true],
    ['csv', 'wrong-fields', true],
    ['tsv', 'wrong-fields', true],
    ['parquet', 'truncated-parquet', false],
    ['arrow', 'truncated-arrow', false],
    ['warc', 'truncated-warc', true],
    ['webdataset', 'truncated-tar', true],
  ] as const)('%s: %s', async (format, kind, gives) => {
    const result = await read(format, cut(format))
    expect(result.faults.map((fault) => fault.kind)).toEqual(kind === undefined ? [] : [kind])
    expect(result.texts.length > 5).toBe(gives)
    // Of text, the last line may be a part.
    const whole = kind === undefined ? result.texts.slice(0, -1) : result.texts
    expect(whole).toEqual(texts.slice(0, whole.length))
  })

  it.each(['jsonl', 'text', 'csv', 'tsv', 'warc', 'webdataset'] as const)(
    '%s.gz: truncated-gzip',
    async (format) => {
      const bytes = gzipSync(files[format] as Buffer)
      const result = await read(format, bytes.subarray(0, bytes.length - 100), {}, '.gz')
      expect(result.faults.map(({ kind }) => kind)).toContain('truncated-gzip')
      const whole = result.texts.filter((text) => texts.includes(text))
      expect(whole).toEqual(texts.slice(0, whole.length))
    },
  )

  it.each(['feather-uncompressed.feather', 'feather-lz4.feather', 'stream.arrows'])(
    '%s: truncated-arrow, after the record batches before',
    async (name) => {
      const golden = new URL('../../goldens/formats.json.gz', import.meta.url)
      const { files, rows } = JSON.parse(gunzipSync(readFileSync(golden)).toString())
      const bytes = Buffer.from(files[`arrow/${name}`], 'base64')
      const result = await read('arrow', bytes.subarray(0, bytes.length * 0.6))
      expect(result.faults).toMatchObject([
        { kind: 'truncated-arrow', found: expect.stringMatching(/^record batch [12]: the file ends /) },
      ])
      expect(result.texts.length).toBeGreaterThanOrEqual(3)
      expect(result.texts).toEqual(
        rows.slice(0, result.texts.length).map(({ text }: { text: string }) => text),
      )
    },
  )
})

describe('bytes that are not UTF-8', () => {
  it.each([
    ['jsonl', 'invalid-utf8', texts.length - 1],
    ['text', 'invalid-utf8', texts.length - 1],
    ['csv', 'invalid-utf8', texts.length - 1],
    ['tsv', 'invalid-utf8', texts.length - 1],
    ['arrow', 'invalid-utf8', texts.length - 1],
    ['webdataset', 'invalid-utf8', texts.length - 1],
    // As browsers do: a page that is no UTF-8 is windows-1252.
    ['warc', undefined, texts.length],
  ] as const)('%s: %s', async (format, kind, count) => {
    const result = await read(format, patched(files[format] as Buffer, 'text 7 ', Buffer.of(0xff)))
    expect(result.faults.map((fault) => fault.kind)).toEqual(kind === undefined ? [] : [kind])
    expect(result.texts.length).toBe(count)
  })

  it('parquet: invalid-utf8', async () => {
    const output = join(work.path, 'plain')
    await run(
      pipeline([
        readJsonl(join(work.path, 'in.jsonl')),
        writeParquet(output, { compression: 'none', removed: false }),
      ]),
    )
    const [bytes] = Object.values(await outputFiles(output))
    const result = await read('parquet', patched(bytes, 'text 7 ', Buffer.of(0xff)))
    expect(result.faults).toMatchObject([
      { kind: 'invalid-utf8', file: 'a.parquet', offset: 4, found: 'row group 0, row 7: column "text"' },
    ])
    expect(result.texts.length).toBe(texts.length - 1)
  })
})

describe('a byte 0', () => {
  it.each(['jsonl', 'text', 'csv', 'tsv', 'arrow', 'webdataset', 'warc'] as const)(
    '%s: nul-byte',
    async (format) => {
      const result = await read(format, patched(files[format] as Buffer, 'text 7 ', Buffer.of(0)))
      expect(result.faults.map(({ kind }) => kind)).toEqual(['nul-byte'])
      expect(result.texts).toEqual(texts.filter((_, i) => i !== 7))
    },
  )
})

describe('something else in the middle', () => {
  it.each([
    ['jsonl', 'broken-json'],
    ['csv', 'wrong-fields'],
    ['tsv', 'wrong-fields'],
    ['warc', 'corrupt-warc'],
    ['webdataset', 'corrupt-tar'],
  ] as const)('%s: %s, and what follows is read', async (format, kind) => {
    const bytes = files[format] as Buffer
    // Between two records, where a block of a tar file ends.
    const place =
      format === 'webdataset'
        ? bytes.indexOf('00000-000020.json')
        : format === 'warc'
          ? bytes.indexOf('WARC/1.0', bytes.length / 2)
          : bytes.indexOf('\n', bytes.length / 2) + 1
    const junk = format === 'webdataset' ? Buffer.alloc(1024, 'junk') : Buffer.from('junk\n')
    const result = await read(format, Buffer.concat([bytes.subarray(0, place), junk, bytes.subarray(place)]))
    expect(result.faults).toMatchObject([{ kind, offset: place }])
    const lost = format === 'webdataset' ? 1 : 0
    expect(result.texts.length).toBe(texts.length - lost)
  })

  it.each(['parquet', 'arrow', 'warc', 'webdataset'] as const)(
    '%s: a file of something else',
    async (format) => {
      const result = await read(format, Buffer.alloc(5000, 'no such thing\n'))
      expect(result.faults.length).toBe(1)
      expect(result.faults[0].kind).toMatch(/^corrupt-(parquet|arrow|warc|tar)$/)
      expect(result.texts).toEqual([])
    },
  )

  it('parquet: a damaged page costs its row group', async () => {
    const bytes = Buffer.from(files.parquet as Buffer)
    bytes.fill(0xff, 4, 40)
    const result = await read('parquet', bytes)
    expect(result.faults).toMatchObject([
      { kind: 'corrupt-parquet', offset: 4, found: expect.stringMatching(/^row group 0, rows 0 to 39: /) },
    ])
  })
})

it('parquet: a column that the schema does not have costs the file, whatever the other columns hold', async () => {
  const bytes = Buffer.from(files.parquet as Buffer)
  bytes.fill(0xff, 4, 40)
  // Where the row group names its column: the length before it, as in Thrift.
  bytes.write('next', bytes.lastIndexOf('\x04text') + 1)
  const result = await read('parquet', bytes)
  expect(result.faults).toMatchObject([
    {
      kind: 'corrupt-parquet',
      found: expect.stringContaining('columns id, next, n, the schema id, text, n'),
    },
  ])
})

describe('a text that is longer than allowed', () => {
  it.each(['jsonl', 'text', 'csv', 'tsv', 'parquet', 'arrow', 'warc', 'webdataset'] as const)(
    '%s: too-long',
    async (format) => {
      const result = await read(format, files[format] as Buffer, { maxDocumentBytes: 150 })
      expect(new Set(result.faults.map(({ kind }) => kind))).toEqual(new Set(['too-long']))
      expect(result.texts.length + result.faults.length).toBe(texts.length)
      expect(result.texts).toEqual(texts.slice(0, result.texts.length))
      expect(result.texts.length).toBeGreaterThan(10)
    },
  )
})

it('survives any damage of a few bytes', async () => {
  const golden = new URL('../../goldens/formats.json.gz', import.meta.url)
  const { files } = JSON.parse(gunzipSync(readFileSync(golden)).toString())
  const names = ['parquet/pyarrow-snappy.parquet', 'arrow/feather-lz4.feather', 'warc/crawl.warc.gz', 'webdataset/shard.tar', 'csv/pandas.csv'] // biome-ignore format: a list
  const damage = fc.array(fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat(255)), {
    minLength: 1,
    maxLength: 4,
  })
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...names), damage, async (name, places) => {
      const bytes = Buffer.from(files[name], 'base64')
      for (const [place, byte] of places) bytes[Math.floor(place * bytes.length)] = byte
      const format = name.split('/')[0] as Format
      const { texts } = await read(format, bytes, {}, name.endsWith('.gz') ? '.gz' : '')
      expect(texts.length).toBeLessThanOrEqual(20)
    }),
    // Of one seed: what a library does with bytes that nobody has seen is not for this test to find out.
    { seed: 1, numRuns: 200 },
  )
})

describe('csv', () => {
  const header = 'id,text\n'

  it('goes on at the next line after a quote that nothing closes', async () => {
    const { texts, faults } = await read('csv', `${header}1,a\n2,"open\n3,c\n4,"d\ne"\n5,"f" g\n6,h\n`)
    expect(faults.map(({ kind, offset }) => [kind, offset])).toEqual([
      ['broken-quote', 14],
      ['broken-quote', 34],
    ])
    expect(texts).toEqual(['a', 'c', 'd\ne', 'h'])
    const last = await read('csv', `${header}1,a\n2,"open\n3,c\n4,d\n`)
    expect(last.faults).toMatchObject([{ kind: 'unclosed-quote', file: 'a.csv', offset: 14 }])
    expect(last.texts).toEqual(['a', 'c', 'd'])
  })

  it('does not hold more than a document may be', async () => {
    const long = `${header}1,"open\n${'2,b\n'.repeat(20_000)}`
    const { texts, faults } = await read('csv', long, { maxDocumentBytes: 10_000 })
    expect(faults).toMatchObject([{ kind: 'unclosed-quote', offset: 10 }])
    expect(texts.length).toBe(20_000)
  })

  it('reads quotes, doubled quotes, line ends of both kinds, a mark, empty fields', async () => {
    const { texts, faults } = await read(
      'csv',
      '\ufeffid,text,x\r\n1,"a ""b"",\r\nc",\r\n\r\n2,"",y\r\n3,d,"e"',
    )
    expect(texts).toEqual(['a "b",\r\nc', 'd'])
    expect(faults.map(({ kind, found }) => [kind, found])).toEqual([['no-text', '"text" is empty']])
  })
})

describe('200 MB without an end', () => {
  /** 200 MB of zeros are 200 kB of gzip: members of 1 MB, a hundred and a hundred times. */
  const zeros = (megabytes: number) => {
    const one = gzipSync(Buffer.alloc(1024 * 1024))
    return Buffer.concat(Array.from({ length: megabytes }, () => one))
  }
  const options = { maxDocumentBytes: 1024 * 1024 }
  const size = 200 * 1024 * 1024

  it.each([
    ['jsonl', '{"text":"a"}\n', '\n{"text":"b"}\n', ['a', 'b']],
    ['text', 'a\n', '\nb\n', ['a', 'b']],
    ['csv', 'text\na\n', '\nb\n', ['a', 'b']],
  ] as const)('%s: too-long, in bounded memory', async (format, before, after, expected) => {
    const bytes = Buffer.concat([gzipSync(before), zeros(200), gzipSync(after)])
    const result = await read(format, bytes, options, '.gz')
    expect(result.texts).toEqual(expected)
    expect(result.faults).toMatchObject([{ kind: 'too-long', offset: before.length }])
    expect(result.faults[0].found).toContain(String(size))
  })

  it('warc and webdataset: too-long', async () => {
    const head = record('conversion', Buffer.alloc(0))
      .toString('latin1')
      .replace('Content-Length: 0\r\n\r\n\r\n\r\n', `Content-Length: ${size}\r\n\r\n`)
    const warc = Buffer.concat([
      gzipSync(head),
      zeros(200),
      gzipSync('\r\n\r\n'),
      gzipSync(record('conversion', Buffer.from('b'))),
    ])
    const first = await read('warc', warc, options, '.gz')
    expect([first.texts, first.faults.map(({ kind, offset }) => [kind, offset])]).toEqual([
      ['b'],
      [['too-long', 0]],
    ])
    const tar = Buffer.concat([
      gzipSync(tarHeader('0.txt', size)),
      zeros(200),
      gzipSync(member('1.txt', 'b')),
    ])
    const second = await read('webdataset', tar, options, '.gz')
    expect([second.texts, second.faults.map(({ kind, offset }) => [kind, offset])]).toEqual([
      ['b'],
      [['too-long', 0]],
    ])
  })
})
