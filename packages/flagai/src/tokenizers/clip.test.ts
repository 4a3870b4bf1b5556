import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { mergePairs } from './bytePairs.ts'
import { ClipTokenizer } from './clip.ts'
import { openTokenizer } from './open.ts'

const read = (path: string) =>
  gunzipSync(readFileSync(fileURLToPath(new URL(`../../${path}.gz`, import.meta.url)))).toString('utf8')
// Made by tools/oracles/clip_tokenizer.py with open_clip 3.3.0.
const golden = JSON.parse(read('goldens/tokenizers/clip.json'))
const strings: string[] = [...JSON.parse(read('goldens/tokenizers/strings.json')), ...golden.extra]
const merges = read('models/clip-bpe/merges.txt')
const tokenizer = await ClipTokenizer.embedded()
const folder = mkdtempSync(join(tmpdir(), 'flag-clip-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('ClipTokenizer', () => {
  it("gives the ids of open_clip's SimpleTokenizer for 2,800 texts of 48 scripts", () => {
    expect(strings.length).toBe(golden.ids.length)
    const compared = strings.flatMap((text, i) => (golden.skipped.includes(i) ? [] : [[text, i] as const]))
    expect(compared.length).toBeGreaterThan(2500)
    const different = compared.filter(
      ([text, i]) => tokenizer.encode(text, { maxLength: 77 }).join() !== golden.ids[i].join(),
    )
    expect(different.map(([text]) => text)).toEqual([])
  })

  it('has 49,408 ids, cuts before the end mark and leaves marks out when asked', () => {
    expect(tokenizer.vocabSize).toBe(49408)
    expect(tokenizer.encode('a diagram')).toEqual([49406, 320, 22697, 49407])
    expect(tokenizer.encode('a diagram', { maxLength: 3 })).toEqual([49406, 320, 49407])
    expect(tokenizer.encode('a diagram', { specialTokens: false })).toEqual([320, 22697])
    expect(tokenizer.encode('')).toEqual([49406, 49407])
    expect(() => tokenizer.encode('a', { maxLength: 1 })).toThrow(/maxLength/)
  })

  it('decodes what it encoded, in lower case', () => {
    expect(tokenizer.decode([...tokenizer.encode('A Photo of 東京!'), 0, 0])).toBe('a photo of 東京 !')
    expect(() => tokenizer.decode([60000])).toThrow(/60000/)
  })

  it('cuts a long run of letters in less than quadratic time', () => {
    // A loop over all pairs for every merge would take hours here.
    expect(tokenizer.encode('ab'.repeat(100_000)).length).toBeGreaterThan(1000)
  })

  it('opens the files of OpenAI and of transformers, whose ids are in vocab.json', async () => {
    writeFileSync(join(folder, 'merges.txt'), merges)
    const opened = await openTokenizer(folder)
    expect(opened.encode('a dog')).toEqual(tokenizer.encode('a dog'))
    const file = join(folder, 'few.txt')
    const vocabulary = join(folder, 'few.json')
    const ids = {
      a: 1,
      b: 2,
      'a</w>': 3,
      'b</w>': 4,
      'ab</w>': 9,
      '<|startoftext|>': 10,
      '<|endoftext|>': 11,
    }
    writeFileSync(file, '#version: 0.2\na b</w>\n')
    writeFileSync(vocabulary, JSON.stringify(ids))
    const few = await ClipTokenizer.fromFile(file, vocabulary)
    expect(few.encode('AB ba')).toEqual([10, 9, 2, 3, 11])
    expect(() => few.encode('c')).toThrow(/no token "c<\/w>"/)
  })

  it('says what is wrong with a file', async () => {
    const file = join(folder, 'bad.txt')
    await expect(ClipTokenizer.fromFile(file)).rejects.toThrow(/no such file/)
    writeFileSync(file, '#version\na b c\n')
    await expect(ClipTokenizer.fromFile(file)).rejects.toThrow(/bad\.txt: no list of merges/)
    writeFileSync(`${file}.gz`, 'x')
    await expect(ClipTokenizer.fromFile(`${file}.gz`)).rejects.toThrow(/cannot be unpacked/)
    writeFileSync(file, merges)
    const vocabulary = join(folder, 'vocab.json')
    writeFileSync(vocabulary, '[1]')
    await expect(ClipTokenizer.fromFile(file, vocabulary)).rejects.toThrow(/vocab\.json/)
    writeFileSync(vocabulary, '{"a": 0}')
    await expect(ClipTokenizer.fromFile(file, vocabulary)).rejects.toThrow(/marks of begin and end/)
    rmSync(vocabulary)
  })
})

it('merges pairs as the plain loop over all pairs does', () => {
  const plain = (symbols: string[], ranks: Map<string, number>): string[] => {
    for (;;) {
      let best = Number.POSITIVE_INFINITY
      for (let i = 1; i < symbols.length; i++) {
        best = Math.min(best, ranks.get(`${symbols[i - 1]} ${symbols[i]}`) ?? best)
      }
      if (best === Number.POSITIVE_INFINITY) return symbols
      const joined: string[] = []
      for (let i = 0; i < symbols.length; i++) {
        const pair = `${symbols[i]} ${symbols[i + 1]}`
        joined.push(ranks.get(pair) === best ? symbols[i] + symbols[++i] : symbols[i])
      }
      symbols = joined
    }
  }
  // Merges as they are learned: each joins two symbols that exist by then.
  const learned = fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 25 }).map((choices) => {
    const symbols = ['a', 'b', 'c']
    const ranks = new Map<string, number>()
    for (const [i, j] of choices) {
      const pair = [symbols[i % symbols.length], symbols[j % symbols.length]]
      if (ranks.has(pair.join(' '))) continue
      ranks.set(pair.join(' '), ranks.size)
      if (!symbols.includes(pair.join(''))) symbols.push(pair.join(''))
    }
    return ranks
  })
  const words = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(learned, words, (ranks, symbols) => {
      expect(mergePairs(symbols, (a, b) => ranks.get(`${a} ${b}`))).toEqual(plain(symbols, ranks))
    }),
    { numRuns: 300 },
  )
})
