import { createHash } from 'node:crypto'
import { readFileSync, truncateSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { corpus } from '../testing/corpus.ts'
import { temporaryFolder } from '../testing/folders.ts'
import { metric, openMegatronFile, openTokenFile, readTokenFile } from './files.ts'
import { mergeTokens } from './merge.ts'
import { packBestFit } from './pack.ts'
import { openTokenizer } from './tokenizer.ts'

const golden = JSON.parse(
  gunzipSync(readFileSync(new URL('../../goldens/tokens.json.gz', import.meta.url))).toString(),
)
const END = '<|endoftext|>'
let work: Awaited<ReturnType<typeof temporaryFolder>>
let tokenizerPath: string
let pieces: string[][]

beforeAll(async () => {
  work = await temporaryFolder()
  tokenizerPath = join(work.path, 'tokenizer.json')
  await writeFile(tokenizerPath, JSON.stringify(golden.tokenizer))
  const texts = corpus()
    .slice(0, 120)
    .map(({ text }) => text)
  pieces = [texts.slice(0, golden.pieces[0]), texts.slice(golden.pieces[0])]
  const tokenizer = await openTokenizer(tokenizerPath, { endOfText: END })
  const options = { bytesPerToken: tokenizer.bytesPerToken, tokenizer: 'tokenizer.json' }
  for (const [i, piece] of pieces.entries()) {
    const ds = await openTokenFile(join(work.path, `ds/0000${i}_unshuffled.ds`), options)
    const megatron = await openMegatronFile(join(work.path, `megatron/0000${i}_tokens`), options)
    for (const text of piece) {
      await ds.add(tokenizer.encode(text))
      await megatron.add(tokenizer.encode(text))
    }
    await ds.commit()
    await megatron.commit()
  }
})
afterAll(() => work.remove())

async function hashes(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(join(work.path, folder))).sort()
  const entries = names.map(async (name) => [
    name,
    createHash('sha256')
      .update(await readFile(join(work.path, folder, name)))
      .digest('hex'),
  ])
  return Object.fromEntries(await Promise.all(entries))
}

/** The documents of a folder's token files, each as its tokens in a string. */
async function documentsOf(folder: string): Promise<string[]> {
  const documents: string[] = []
  for (const name of (await readdir(join(work.path, folder))).filter((name) => name.endsWith('.ds')).sort()) {
    const file = await readTokenFile(join(work.path, folder, name))
    let start = 0
    for (const end of file.ends) {
      const bytes = await file.read(start, end)
      documents.push(
        Array.from({ length: end - start }, (_, i) => Buffer.from(bytes).readUInt16LE(2 * i)).join(' '),
      )
      start = end
    }
    await file.close()
  }
  return documents
}

describe('datatrove’s files', () => {
  it.each(['ds', 'megatron'])('%s: the same bytes', async (folder) => {
    expect(await hashes(folder)).toEqual(golden[folder])
  })

  it('merged: the same bytes', async () => {
    await mergeTokens({
      input: join(work.path, 'ds'),
      output: join(work.path, 'merged'),
      name: 'all',
      order: 'as-is',
      maxTokensPerFile: 4000,
    })
    // datatrove adds metadata of all files together under a name that no file has.
    const { 'all.ds.metadata': _, ...files } = golden.merged
    expect(await hashes('merged')).toEqual(files)
  })

  it('counts as people read them', () => {
    expect([0, 7, 999, 1000, 22_076, 123_456, 1_000_000, 29_960_000_000].map(metric)).toEqual([
      '0.00 T',
      '7.00 T',
      '999 T',
      '1.00 kT',
      '22.1 kT',
      '123 kT',
      '1.00 MT',
      '30.0 GT',
    ])
  })
})

describe('mergeTokens', () => {
  const input = () => join(work.path, 'ds')

  it('shuffles whole documents over all files, the same for the same seed', async () => {
    const result = await mergeTokens({
      input: input(),
      output: join(work.path, 'a'),
      seed: 3,
      maxTokensPerFile: 9000,
    })
    await mergeTokens({ input: input(), output: join(work.path, 'b'), seed: 3, maxTokensPerFile: 9000 })
    const [before, after] = [await documentsOf('ds'), await documentsOf('a')]
    expect(result).toMatchObject({ documents: 120, tokens: 29_960, cut: 0 })
    expect(result.files).toBeGreaterThan(2)
    expect(after).not.toEqual(before)
    expect([...after].sort()).toEqual([...before].sort())
    expect(await hashes('b')).toEqual(await hashes('a'))
  })

  it('cuts windows through documents, whose ends stay in the index', async () => {
    const result = await mergeTokens({
      input: input(),
      output: join(work.path, 'w'),
      order: 'windows',
      length: 129,
    })
    const stream = (await documentsOf('ds')).map((document) => document.split(' '))
    const first = stream.slice(0, golden.pieces[0]).flat()
    const windows = Math.floor(first.length / 129) + Math.floor((29_960 - first.length) / 129)
    expect([result.tokens, result.dropped]).toEqual([129 * windows, 29_960 - 129 * windows])
    const all = (await documentsOf('w')).flatMap((document) => document.split(' '))
    const cut = Array.from({ length: windows }, (_, i) => all.slice(129 * i, 129 * (i + 1)).join(' '))
    const expected = Array.from({ length: Math.floor(first.length / 129) }, (_, i) =>
      first.slice(129 * i, 129 * (i + 1)).join(' '),
    )
    expect(cut).toEqual(expect.arrayContaining(expected))
    const file = await readTokenFile(join(work.path, 'w/000_tokens.ds'))
    // Every window ends where a document of the index ends, and documents end inside of windows.
    expect(Array.from({ length: windows }, (_, i) => file.ends.includes(129 * (i + 1)))).not.toContain(false)
    expect(file.ends.length).toBeGreaterThan(windows + 50)
    await file.close()
  })

  it('packs whole documents and says which tokens only fill up', async () => {
    const packed = { input: input(), output: join(work.path, 'p'), order: 'packed', length: 512 } as const
    await expect(mergeTokens(packed)).rejects.toThrow('packed sequences need a padding token')
    const result = await mergeTokens({ ...packed, padding: 0 })
    expect(result.tokens).toBe(29_960)
    expect((result.tokens + result.padded) % 512).toBe(0)
    expect(result.padded / result.tokens).toBeLessThan(0.02)
    const loss = await readFile(join(work.path, 'p/000_tokens.ds.loss'))
    expect([loss.length, loss.filter((byte) => byte === 0).length]).toEqual([
      result.tokens + result.padded,
      result.padded,
    ])
    const before = (await documentsOf('ds')).filter((document) => document.split(' ').length <= 512)
    expect(await documentsOf('p')).toEqual(expect.arrayContaining(before))
  })

  it('refuses what is damaged, missing or mixed', async () => {
    const broken = join(work.path, 'broken')
    const write = async (name: string, bytesPerToken: 2 | 4) => {
      const file = await openTokenFile(join(broken, name), { bytesPerToken, tokenizer: 't' })
      await file.add([1, 2, 3])
      await file.add([4])
      await file.commit()
    }
    const merge = (folder: string) => mergeTokens({ input: folder, output: join(work.path, 'none') })
    await expect(merge(join(work.path, 'megatron'))).rejects.toThrow('no file of tokens')
    await write('a.ds', 2)
    await write('b.ds', 4)
    await expect(merge(broken)).rejects.toThrow(/b\.ds: 4 bytes per token, .*a\.ds: 2/)
    truncateSync(join(broken, 'b.ds'), 13)
    await expect(merge(broken)).rejects.toThrow(
      /b\.ds: 13 bytes, but its index says 4 tokens and its metadata 4 bytes/,
    )
    truncateSync(join(broken, 'b.ds.index'), 9)
    await expect(merge(broken)).rejects.toThrow(/b\.ds\.index: 9 bytes, expected a multiple of 8/)
  })
})

describe('packBestFit', () => {
  it('holds every token once, and puts each part where the least room is left', () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 60 })
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 17 }), (lengths, length) => {
        const sequences = packBestFit(lengths, length)
        const seen = lengths.map((tokens) => new Uint8Array(tokens))
        for (const parts of sequences) {
          expect(parts.reduce((sum, { start, end }) => sum + end - start, 0)).toBeLessThanOrEqual(length)
          for (const { document, start, end } of parts) for (let i = start; i < end; i++) seen[document][i]++
        }
        expect(seen.every((tokens) => tokens.every((times) => times === 1))).toBe(true)
        // The same by brute force.
        const sizes = lengths
          .flatMap((tokens) =>
            Array.from({ length: Math.ceil(tokens / length) }, (_, i) =>
              Math.min(length, tokens - i * length),
            ),
          )
          .sort((a, b) => b - a)
        const rooms: number[] = []
        for (const size of sizes) {
          const best = rooms.reduce(
            (best, room, i) => (room >= size && (best < 0 || room < rooms[best]) ? i : best),
            -1,
          )
          if (best < 0) rooms.push(length - size)
          else rooms[best] -= size
        }
        const left = sequences.map(
          (parts) => length - parts.reduce((sum, { start, end }) => sum + end - start, 0),
        )
        expect(left.sort()).toEqual(rooms.sort())
      }),
    )
  })
})

describe('openTokenizer', () => {
  it('names what is wrong', async () => {
    await expect(openTokenizer(join(work.path, 'none.json'))).rejects.toThrow(/none\.json: cannot be read/)
    await expect(openTokenizer(tokenizerPath, { endOfText: '</s>' })).rejects.toThrow('has no token "</s>"')
    const other = join(work.path, 'other.json')
    await writeFile(other, '{"version": "1.0"}')
    await expect(openTokenizer(other)).rejects.toThrow(/other\.json: not a tokenizer\.json/)
  })
})
