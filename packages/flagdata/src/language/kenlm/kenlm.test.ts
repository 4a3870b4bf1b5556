import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../testing/folders.ts'
import { LanguageModel } from './model.ts'

// Models of KenLM's programs and their scores, made by tools/oracles/kenlm_scores.py.
const golden: {
  texts: string[]
  models: Record<string, { model: string; scores?: [number, number, number][] }>
} = JSON.parse(
  gunzipSync(readFileSync(new URL('../../../goldens/kenlm.json.gz', import.meta.url))).toString(),
)

let work: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  work = await temporaryFolder()
})
afterAll(() => work.remove())

const put = (name: string, content: string | Uint8Array) => {
  const path = join(work.path, name)
  writeFileSync(path, content)
  return path
}
const bytesOf = (name: string) => Buffer.from(golden.models[name].model, 'base64')
const arpa = golden.models.arpa.model

describe('like KenLM', () => {
  const compare = async (path: string, name: string) => {
    const model = await LanguageModel.open(path)
    const expected = golden.models[name].scores ?? golden.models.arpa.scores ?? []
    const found = golden.texts.map((text) => [
      model.score(text),
      model.score(text, { bos: false, eos: false }),
      model.perplexity(text),
    ])
    expect(found.length).toBe(100)
    found.forEach(([whole, part, perplexity], i) => {
      // Scores are equal to the last bit; the C library and JavaScript raise 10 to a power a little differently.
      expect([whole, part]).toEqual(expected[i].slice(0, 2))
      expect(Math.abs(perplexity / expected[i][2] - 1)).toBeLessThan(1e-12)
    })
  }

  it('ARPA, plain and gzip', async () => {
    await compare(put('a.arpa', arpa), 'arpa')
    await compare(put('a.arpa.gz', gzipSync(arpa)), 'arpa')
  })

  it.each(Object.keys(golden.models).filter((name) => name !== 'arpa'))('%s', (name) =>
    compare(put(`${name}.bin`, bytesOf(name)), name),
  )
})

describe('what goes wrong', () => {
  it.each([
    ['', 'the file ends before'],
    ['hello', 'x.arpa:1: "hello", not \\data\\'],
    ['\\data\\\nngram 2=1\n', 'x.arpa:2: "ngram 2=1" after 0 orders'],
    ['\\data\\\nngram 1=1\n\n-1\ta\n', 'x.arpa:4: "-1\ta" before any n-grams'],
    ['\\data\\\nngram 1=1\n\n\\2-grams:\n', 'x.arpa:4: "\\2-grams:" out of order'],
    ['\\data\\\nngram 1=2\n\n\\1-grams:\n-1\ta\n\\end\\\n', 'x.arpa:6: 1 1-grams, of 2 that its head says'],
    ['\\data\\\nngram 1=1\n\n\\1-grams:\none\ta\n', 'x.arpa:5: "one\ta" is no 1-gram'],
    ['\\data\\\nngram 1=1\n\n\\1-grams:\n1\ta\n', 'is no 1-gram'],
    [
      '\\data\\\nngram 1=1\nngram 2=1\n\n\\1-grams:\n-1\ta\n\n\\2-grams:\n-1\ta b\n',
      '"a b" has a word that is no unigram',
    ],
    ['\\data\\\nngram 1=1\n\n\\1-grams:\n-1\ta\n', 'the file ends before'],
  ])('refuses %j', async (text, message) => {
    await expect(LanguageModel.open(put('x.arpa', text))).rejects.toThrow(message)
  })

  it('names missing and broken files', async () => {
    await expect(LanguageModel.open(join(work.path, 'none.arpa'))).rejects.toThrow('none.arpa: ENOENT')
    await expect(LanguageModel.open(put('cut.arpa.gz', gzipSync(arpa).subarray(0, 1000)))).rejects.toThrow(
      /cut\.arpa\.gz: /,
    )
  })

  it.each(['probing', 'rest', 'trie', 'quantised-array'])('says that %s is cut short', async (name) => {
    const whole = bytesOf(name)
    for (const share of [0.001, 0.002, 0.01, 0.2, 0.5, 0.9]) {
      const path = put('cut.bin', whole.subarray(0, Math.max(9, Math.floor(share * whole.length))))
      await expect(LanguageModel.open(path), `${share}`).rejects.toThrow(/cut\.bin: /)
    }
  })

  it('refuses heads that no model has', async () => {
    const changed = (at: number, value: number) => {
      const bytes = bytesOf('trie')
      bytes[at] = value
      return LanguageModel.open(put('head.bin', bytes))
    }
    await expect(changed(49, 0x34)).rejects.toThrow("version 4 of KenLM's format")
    await expect(changed(62, 0)).rejects.toThrow('numbers of another machine')
    await expect(changed(88, 99)).rejects.toThrow('order 99')
    await expect(changed(96, 9)).rejects.toThrow('a model of type 9')
    await expect(changed(104, 7)).rejects.toThrow('version 7 of its tables')
    await expect(changed(114, 255)).rejects.toThrow('n-grams in')
  })
})

it('scores the empty sentence and unknown words', async () => {
  const model = await LanguageModel.open(put('a.arpa', arpa))
  expect(model.score('')).toBeLessThan(0)
  expect(model.score('', { eos: false })).toBe(0)
  expect(model.perplexity('qqqqq')).toBeGreaterThan(1)
  expect(model.order).toBe(4)
})
