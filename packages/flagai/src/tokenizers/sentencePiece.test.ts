import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { SentencePiece } from './sentencePiece.ts'

const goldens = fileURLToPath(new URL('../../goldens/tokenizers/', import.meta.url))
const read = (name: string) => gunzipSync(readFileSync(`${goldens}${name}.gz`))
const readJson = (name: string) => JSON.parse(read(name).toString('utf8'))

interface Golden {
  ids: number[][]
  pieces: Record<string, string[]>
  decoded: [ids: number[], text: string][]
}

const strings: string[] = readJson('strings.json')

/** Scripts that have at least three strings mostly written in them. */
function scriptsOf(texts: readonly string[]): string[] {
  const names =
    'Latin Greek Cyrillic Arabic Hebrew Armenian Georgian Ethiopic Devanagari Bengali Gurmukhi Gujarati Tamil Telugu Kannada Malayalam Sinhala Thai Lao Tibetan Myanmar Khmer Mongolian Han Hiragana Hangul Yi Cherokee Canadian_Aboriginal Tifinagh Vai Thaana Adlam Syriac Chakma Javanese'
  return names.split(' ').filter((name) => {
    const pattern = new RegExp(`\\p{Script=${name}}{4}`, 'u')
    return texts.filter((text) => pattern.test(text)).length >= 3
  })
}

it('has strings of many scripts', () => {
  expect(strings.length).toBeGreaterThanOrEqual(2000)
  expect(scriptsOf(strings).length).toBeGreaterThanOrEqual(30)
  expect(strings.some((text) => text.length >= 10_000)).toBe(true)
})

describe.each(['unigram', 'bytes', 'bpe', 'trained'])('the model %s', (name) => {
  const golden: Golden = readJson(`${name}.json`)
  const model = SentencePiece.fromBytes(read(`${name}.model`))

  it('gives the ids of the sentencepiece package', () => {
    const wrong = strings.flatMap((text, i) => {
      const ids = model.encode(text)
      return ids.join() === golden.ids[i].join() ? [] : [{ text, ids, expected: golden.ids[i] }]
    })
    expect(wrong.slice(0, 5)).toEqual([])
  })

  it('gives its pieces and texts', () => {
    for (const [i, pieces] of Object.entries(golden.pieces)) {
      expect(model.encodeAsPieces(strings[Number(i)])).toEqual(pieces)
    }
    for (const [ids, text] of golden.decoded) expect(model.decode(ids)).toBe(text)
  })
})
