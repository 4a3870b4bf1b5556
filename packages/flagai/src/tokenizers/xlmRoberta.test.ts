import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { openTokenizer } from './open.ts'
import { SentencePiece } from './sentencePiece.ts'
import { encodeBatch } from './tokenizer.ts'
import { JsonTokenizer } from './tokenizerJson.ts'
import { XlmRobertaTokenizer } from './xlmRoberta.ts'

const golden = (name: string) =>
  gunzipSync(readFileSync(fileURLToPath(new URL(`../../goldens/tokenizers/${name}.gz`, import.meta.url))))
const model = golden('trained.model')
const pieces = SentencePiece.fromBytes(model)
const tokenizer = new XlmRobertaTokenizer(pieces)
const folder = mkdtempSync(join(tmpdir(), 'flag-tokenizer-'))
afterAll(() => rmSync(folder, { recursive: true }))

const json = {
  version: '1.0',
  added_tokens: ['<s>', '<pad>', '</s>', '<unk>'].map((content, id) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  })),
  normalizer: null,
  pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
  post_processor: {
    type: 'TemplateProcessing',
    single: [
      { SpecialToken: { id: '<s>', type_id: 0 } },
      { Sequence: { id: 'A', type_id: 0 } },
      { SpecialToken: { id: '</s>', type_id: 0 } },
    ],
    pair: [],
    special_tokens: {
      '<s>': { id: '<s>', ids: [0], tokens: ['<s>'] },
      '</s>': { id: '</s>', ids: [2], tokens: ['</s>'] },
    },
  },
  decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
  model: {
    type: 'Unigram',
    unk_id: 3,
    vocab: [
      ['<s>', 0],
      ['<pad>', 0],
      ['</s>', 0],
      ['<unk>', 0],
      ['▁a', -1],
      ['▁cat', -2],
      ['▁dog', -2],
    ],
  },
}

describe('ids of XLM-R', () => {
  it('are those of the pieces moved by one, between <s> and </s>', () => {
    const ids = pieces.encode('red flag')
    expect(tokenizer.encode('red flag')).toEqual([0, ...ids.map((id) => id + 1), 2])
    expect(tokenizer.encode('red flag', { specialTokens: false })).toEqual(ids.map((id) => id + 1))
    expect(tokenizer.encode('')).toEqual([0, 2])
    expect(tokenizer.vocabSize).toBe(pieces.size + 2)
    expect(tokenizer.maskId).toBe(pieces.size + 1)
  })

  it('have one 3 for a run of unknown characters', () => {
    const ids = tokenizer.encode('\u{13000}\u{13001}')
    expect(ids.filter((id) => id === 3)).toHaveLength(1)
  })

  it('take a lone surrogate as the replacement character', () => {
    expect(tokenizer.encode('a\ud800b')).toEqual(tokenizer.encode('a\ufffdb'))
    expect(tokenizer.encode('\udfff')).toEqual(tokenizer.encode('\ufffd'))
  })

  it('decode to the text', () => {
    const text = 'grinning face улыбка'
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text)
    expect(tokenizer.decode([0, tokenizer.maskId, 1, 2])).toBe('')
    expect(() => tokenizer.decode([tokenizer.vocabSize])).toThrow(/the model has pieces/)
  })

  it('are cut to a length, keeping </s>', () => {
    const text = 'face '.repeat(50)
    const ids = tokenizer.encode(text, { maxLength: 7 })
    expect(ids).toEqual([...tokenizer.encode(text).slice(0, 6), 2])
    expect(tokenizer.encode(text, { maxLength: 2 })).toEqual([0, 2])
    expect(tokenizer.encode('', { maxLength: 77 })).toEqual([0, 2])
    expect(() => tokenizer.encode(text, { maxLength: 1 })).toThrow(/maxLength must be a whole number from 2/)
    expect(() => tokenizer.encode(text, { maxLength: 7.5 })).toThrow(/maxLength/)
  })

  it('go into batches padded on the right', () => {
    const rows = ['face', 'a much longer text'].map((text) => tokenizer.encode(text))
    const { inputIds, attentionMask } = encodeBatch(tokenizer, ['face', 'a much longer text'])
    expect(inputIds.dtype).toBe('int64')
    expect(inputIds.shape).toEqual([2, rows[1].length])
    expect(inputIds.toArray()).toEqual([
      [...rows[0], ...new Array(rows[1].length - rows[0].length).fill(1)],
      rows[1],
    ])
    expect(attentionMask.row(0).toNumbers().filter(Boolean)).toHaveLength(rows[0].length)
    const fixed = encodeBatch(tokenizer, ['face'], { maxLength: 77, padding: 'maxLength' })
    expect(fixed.inputIds.shape).toEqual([1, 77])
    expect(encodeBatch(tokenizer, []).inputIds.shape).toEqual([0, 0])
    expect(() => encodeBatch(tokenizer, ['a'], { padding: 'maxLength' })).toThrow(/needs a maxLength/)
  })
})

describe('tokenizer.json', () => {
  const tokenizer = new JsonTokenizer(json, { pad_token: { content: '<pad>' } })

  it('is read by the same interface', () => {
    expect(tokenizer.vocabSize).toBe(7)
    expect(tokenizer.padId).toBe(1)
    expect(tokenizer.encode('a cat')).toEqual([0, 4, 5, 2])
    expect(tokenizer.encode('a cat', { specialTokens: false })).toEqual([4, 5])
    expect(tokenizer.decode([0, 4, 5, 2])).toBe('a cat')
  })

  it('is cut keeping the end mark', () => {
    expect(tokenizer.encode('a cat a dog', { maxLength: 4 })).toEqual([0, 4, 5, 2])
    expect(tokenizer.encode('a cat a dog', { maxLength: 4, specialTokens: false })).toEqual([4, 5, 4, 6])
    expect(() => tokenizer.encode('a cat a dog', { maxLength: 1 })).toThrow(/maxLength/)
  })
})

describe('openTokenizer', () => {
  it('prefers sentencepiece.bpe.model, then takes tokenizer.json', async () => {
    await expect(openTokenizer(folder)).rejects.toThrow(/no tokenizer/)
    writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(json))
    expect(await openTokenizer(folder)).toBeInstanceOf(JsonTokenizer)
    writeFileSync(join(folder, 'sentencepiece.bpe.model'), model)
    expect(await openTokenizer(folder)).toBeInstanceOf(XlmRobertaTokenizer)
  })

  it.each(['{"a"', '[]', '{}', '{"model": {"type": "Nothing"}}'])(
    'names the file for %s',
    async (content) => {
      const path = join(folder, 'other.json')
      writeFileSync(path, content)
      await expect(JsonTokenizer.fromFile(path)).rejects.toThrow(/other\.json/)
      await expect(JsonTokenizer.fromFile(path)).rejects.toMatchObject({ code: 'corrupt-file' })
    },
  )
})
