import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Document, dedup, pipeline, readJsonl, run, writeJsonl } from '../index.ts'
import { jsonLines, outputFiles, temporaryFolder, writeFiles } from '../testing/folders.ts'
import type { DedupInput } from './config.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())

type Input = { id: string; text: string; [key: string]: unknown }

/** Runs one deduplication over two files; gives what is kept and what is removed, in order. */
async function deduplicate(config: DedupInput, first: Input[], second: Input[] = [], name = 'out') {
  const input = await writeFiles(join(folder.path, `${name}-in`), {
    'a.jsonl': jsonLines(first),
    ...(second.length > 0 ? { 'b.jsonl': jsonLines(second) } : {}),
  })
  const output = join(folder.path, name)
  const summary = await run(pipeline([readJsonl(input), dedup(config), writeJsonl(output)]))
  const files = await outputFiles(output)
  const read = (removed: boolean) =>
    Object.keys(files)
      .filter((name) => (removed ? name.startsWith('removed/') : !name.includes('/')))
      .sort()
      .flatMap((name) => gunzipSync(files[name]).toString().split('\n').filter(Boolean))
      .map((line) => JSON.parse(line))
  return { summary, kept: read(false) as Document[], removed: read(true) }
}

const ids = (documents: readonly { id: string }[]) => documents.map(({ id }) => id)

/** Sentences that share no words, so that nothing but what a test repeats is alike. */
const sentence = (n: number) => {
  // Letters, because numbers are all the same to a simplified text.
  const mark = n.toString().replace(/\d/g, (digit) => 'abcdefghij'[Number(digit)])
  const words = 'tells of many places and of people that nobody else has seen'.split(' ')
  return `Number ${words.map((word) => word + mark).join(' ')}.`
}
const passage = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => sentence(from + i)).join(' ')

describe('minhash', () => {
  const documents = [10, 20, 30].map((from) => ({ id: `at ${from}`, text: passage(from, 4) }))
  const short = ['one', 'two'].map((text) => ({ id: text, text }))

  it('goes on from an index, which may be empty at first', async () => {
    const index = join(folder.path, 'seen')
    await mkdir(index)
    const first = await deduplicate({ minhash: { index, writeIndex: join(index, 'may') } }, [documents[0]])
    expect(ids(first.kept)).toEqual(['at 10'])
    const config: DedupInput = { minhash: { index, writeIndex: join(index, 'june') } }
    const copy = { ...documents[0], id: 'copy' }
    const second = await deduplicate(
      config,
      [{ ...documents[1], id: 'again' }, ...documents],
      [copy],
      'second',
    )
    expect(ids(second.kept)).toEqual(['again', 'at 20', 'at 30'])
    expect(ids(second.removed)).toEqual(['at 10', 'copy'])
    const third = await deduplicate({ minhash: { index } }, documents, [], 'third')
    expect(ids(third.kept)).toEqual([])
  })

  it('finds what FlagData finds, but keeps short documents', async () => {
    const copy = { ...documents[0], id: 'copy' }
    const input = [documents[0], copy, documents[1], ...short]
    const kept = async (minhash: object, name: string) =>
      ids((await deduplicate({ minhash: { compatible: 'flagdata', ...minhash } }, input, [], name)).kept)
    expect(await kept({}, 'keep')).toEqual(['at 10', 'at 20', 'one', 'two'])
    expect(await kept({ shortDocuments: 'collapse' }, 'collapse')).toEqual(['at 10', 'at 20', 'one'])
  })
})

describe('exact', () => {
  const documents = [
    { id: 'a', text: 'same', score: 1, url: 'https://www.example.org/x?utm_source=y' },
    { id: 'b', text: 'same', score: 3, url: 'http://example.org/x/#top' },
    { id: 'c', text: 'Same!', score: 2, url: 'http://example.org/z' },
    { id: 'd', text: 'other', url: 42 },
  ]

  it('names the document that stays', async () => {
    const { kept, removed } = await deduplicate({ exact: {} }, documents.slice(0, 1), documents.slice(1))
    expect(ids(kept)).toEqual(['a', 'c', 'd'])
    expect(kept[0].metadata).toMatchObject({ duplicate_count: 1 })
    expect(removed).toMatchObject([
      { id: 'b', removed: { reason: 'exact_duplicate' }, metadata: { duplicate_of: 'a' } },
    ])
  })

  it('compares other keys, and keeps the one of the highest priority', async () => {
    const { kept } = await deduplicate(
      { exact: { key: 'simplified', priority: 'metadata.score' } },
      documents.slice(0, 3),
      documents.slice(3),
    )
    expect(ids(kept)).toEqual(['b', 'd'])
    const longest = await deduplicate(
      { exact: { key: 'simplified', priority: 'longest' } },
      documents,
      [],
      'longest',
    )
    expect(ids(longest.kept)).toEqual(['c', 'd'])
  })

  it('compares addresses', async () => {
    const { kept, removed } = await deduplicate({ url: {} }, documents)
    expect(ids(kept)).toEqual(['a', 'c', 'd'])
    expect(removed).toMatchObject([{ id: 'b', removed: { reason: 'url_duplicate' } }])
    const strict = { ignoreWww: false }
    expect(ids((await deduplicate({ url: strict }, documents, [], 'strict')).kept)).toHaveLength(4)
  })

  it('goes on from an index', async () => {
    const index = join(folder.path, 'earlier.c4_index')
    await deduplicate({ exact: { writeIndex: index } }, documents.slice(0, 1), [], 'before')
    const { kept, removed } = await deduplicate({ exact: { index } }, [...documents.slice(1), documents[3]])
    expect(ids(kept)).toEqual(['c', 'd', 'd'])
    expect(removed[0].metadata).toMatchObject({ in_index: true })
    await expect(deduplicate({ exact: { index: 'nowhere' } }, documents, [], 'x')).rejects.toThrow(
      'nowhere: no such index',
    )
  })
})

describe('SimHash', () => {
  const text = passage(0, 20)

  it('removes texts that differ little, with the distance and what they are like', async () => {
    const { kept, removed } = await deduplicate(
      { simhash: {} },
      [
        { id: 'a', text },
        { id: 'b', text: passage(100, 20) },
      ],
      [
        { id: 'c', text: text.replace('placesh', 'Places h') },
        {
          id: 'd',
          text: '的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经十三之进着等部度家',
        },
        {
          id: 'e',
          text: '的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经十三之进着等部度',
        },
      ],
    )
    expect(ids(kept)).toEqual(['a', 'b', 'd'])
    expect(removed).toMatchObject([
      { id: 'c', removed: { reason: 'simhash_duplicate', limit: 4 }, metadata: { duplicate_of: 'a' } },
      { id: 'e', metadata: { duplicate_of: 'd' } },
    ])
    for (const { removed: because } of removed) expect(because.value).toBeLessThanOrEqual(4)
  })
})

describe('spans of sentences', () => {
  it('takes repeated spans out, and keeps what it took', async () => {
    const boilerplate = passage(500, 3)
    const { kept, removed } = await deduplicate(
      { sentences: {} },
      [{ id: 'a', text: `${passage(0, 5)} ${boilerplate} ${passage(10, 5)}` }],
      [
        { id: 'b', text: `${passage(20, 5)} ${boilerplate} ${passage(30, 5)}` },
        { id: 'c', text: `${sentence(40)} ${boilerplate}` },
      ],
    )
    expect(kept.map(({ id, text }) => [id, text])).toEqual([
      ['a', `${passage(0, 5)} ${boilerplate} ${passage(10, 5)}`],
      ['b', `${passage(20, 5)} ${passage(30, 5)}`],
    ])
    expect(removed).toMatchObject([
      { id: 'b', text: ` ${boilerplate}`, removed: { reason: 'duplicate_span', part: true } },
      { id: 'c', removed: { reason: 'duplicate_span', limit: 50 }, metadata: { duplicate_of: ['a'] } },
    ])
  })

  it('restores all of a short span, keeps line ends, and finds the same in several ranges', async () => {
    const lines = ['Menu', 'Home', 'About us and what we do here for you']
    const first = { id: 'a', text: `${lines.join('\r\n')}\r\none` }
    const second = { id: 'b', text: `two\r\n${lines.join('\r\n')}\r\nthree` }
    const options = { split: 'lines', sentences: 2, minWords: 0, minSentences: 0 } as const
    const { kept } = await deduplicate({ sentences: options }, [first], [second])
    expect(kept[1].text).toBe('two\r\nthree')
    const ranged = await deduplicate({ sentences: { ...options, ranges: 7 } }, [first], [second], 'ranged')
    expect(ranged.kept).toEqual(kept)
    const short = { ...options, minSpanWords: 50 }
    expect((await deduplicate({ sentences: short }, [first], [second], 'short')).kept[1].text).toBe(
      second.text,
    )
  })
})

describe('substrings', () => {
  const shared =
    '这是一个很长的段落，会在两个文件里出现，所以第二次出现的时候应该被删掉；可是前后的字一个也不能少。🙂'

  it('cuts repeats out of the text and never a character', async () => {
    const first = { id: 'a', text: `${passage(0, 8)} ${shared} end` }
    const second = { id: 'b', text: `${passage(20, 8)} 😀${shared} ${passage(30, 2)}` }
    const { kept, removed } = await deduplicate({ substrings: {} }, [first], [second])
    expect(kept[0].text).toBe(first.text)
    expect(kept[1].text).not.toContain('段落')
    expect(kept[1].text).not.toContain('\ufffd')
    expect(removed[0]).toMatchObject({ id: 'b', removed: { reason: 'duplicate_span', part: true } })
    // Nothing is lost: what is kept and what was taken make up the text.
    expect(kept[1].text.length + removed[0].text.length).toBe(second.text.length)
  })

  it('finds the same however the pieces are chunked', async () => {
    const documents = Array.from({ length: 12 }, (_, i) => ({
      id: String(i),
      text: `${passage(100 * i, 6)} ${passage(10_000 + (i % 4), 3)} ${passage(100 * i + 50, 6)}`,
    }))
    const input = await writeFiles(
      join(folder.path, 'in'),
      Object.fromEntries(documents.map((document, i) => [`${10 + i}.jsonl`, jsonLines([document])])),
    )
    const outputs = []
    for (const [i, options] of [
      { chunkPieces: 12 },
      { chunkPieces: 1 },
      { chunkPieces: 5 },
      { chunkPieces: 1, keep: 'none' as const },
      { chunkPieces: 100, keep: 'none' as const },
    ].entries()) {
      const output = join(folder.path, `out-${i}`)
      await run(pipeline([readJsonl(input), dedup({ substrings: options }), writeJsonl(output)]))
      outputs.push(await outputFiles(output))
    }
    expect(outputs[1]).toEqual(outputs[0])
    expect(outputs[2]).toEqual(outputs[0])
    expect(outputs[4]).toEqual(outputs[3])
    expect(outputs[3]).not.toEqual(outputs[0])
  })
})

describe('Bloom filters', () => {
  const documents = [
    { id: 'a', text: `${passage(0, 3)}\n${sentence(9)}` },
    { id: 'b', text: `${passage(10, 3)}\n${sentence(9)}` },
    { id: 'c', text: `${passage(0, 3)}\n${sentence(9)}` },
  ]

  it('remember documents from run to run', async () => {
    const filter = join(folder.path, 'seen.bloom')
    const before = await deduplicate(
      { bloom: { elements: 100, writeFilter: filter } },
      documents,
      [],
      'before',
    )
    expect(ids(before.kept)).toEqual(['a', 'b'])
    const next = { elements: 100, filter, writeFilter: join(folder.path, 'next.bloom') }
    expect(ids((await deduplicate({ bloom: next }, documents)).kept)).toEqual([])
    const other = { level: 'ngram' as const, filter }
    await expect(deduplicate({ bloom: other }, documents, [], 'x')).rejects.toThrow('holds "document xxhash"')
  })

  it('take paragraphs out that were seen', async () => {
    const { kept, removed } = await deduplicate({ bloom: { level: 'paragraph', elements: 100 } }, documents)
    expect(kept.map(({ text }) => text)).toEqual([documents[0].text, `${passage(10, 3)}\n`])
    expect(removed).toMatchObject([
      { id: 'b', text: sentence(9), removed: { part: true } },
      { id: 'c', removed: { reason: 'bloom_duplicate' } },
    ])
  })

  it('remove documents most of whose n-grams were seen', async () => {
    const level = { level: 'ngram', elements: 1000, ngrams: 5 } as const
    expect(ids((await deduplicate({ bloom: level }, documents)).kept)).toEqual(['a', 'b'])
  })
})

describe('hostile input', () => {
  const equal = Array.from({ length: 300 }, (_, i) => ({ id: `${i}`, text: passage(0, 12) }))
  const tiny = Array.from({ length: 50 }, (_, i) => ({ id: `${i}`, text: '.' }))
  const kinds: DedupInput[] = [
    { exact: {} },
    { simhash: {} },
    { simhash: { tokenization: 'space' } },
    { sentences: {} },
    { substrings: {} },
    { bloom: { elements: 1000 } },
    { bloom: { elements: 10_000, level: 'ngram' } },
    { bloom: { elements: 10_000, level: 'paragraph' } },
  ]

  it.each(kinds)('leaves one of equal documents: %j', async (config) => {
    const { kept, summary } = await deduplicate(config, equal.slice(0, 150), equal.slice(150))
    expect(ids(kept)).toEqual(['0'])
    expect(summary.written).toBe(1)
  })

  it.each(kinds)('takes documents of a single sign: %j', async (config) => {
    const { summary } = await deduplicate(config, tiny)
    expect(summary.written).toBeGreaterThanOrEqual(1)
  })
})
