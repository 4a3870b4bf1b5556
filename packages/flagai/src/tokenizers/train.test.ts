import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { SentencePiece } from './sentencePiece.ts'
import { trainUnigram } from './train.ts'

const golden = (name: string) =>
  gunzipSync(readFileSync(fileURLToPath(new URL(`../../goldens/tokenizers/${name}.gz`, import.meta.url))))
const texts: string[] = JSON.parse(golden('training.json').toString('utf8'))

describe('trainUnigram', () => {
  const bytes = trainUnigram(texts, { vocabSize: 2000, characterCoverage: 0.999 })
  const model = SentencePiece.fromBytes(bytes)

  it('makes the model that the sentencepiece package was tried on', () => {
    const expected = SentencePiece.fromBytes(golden('trained.model'))
    expect(model.size).toBe(2000)
    // By piece, not by id: the last bits of Math.log differ between versions of Node, and decide between near-ties.
    const scores = (of: SentencePiece) =>
      new Map(Array.from({ length: of.size }, (_, id) => [of.pieceOf(id), of.scoreOf(id)]))
    const made = scores(model)
    for (const [piece, score] of scores(expected)) expect(made.get(piece), piece).toBeCloseTo(score, 4)
  })

  it('makes the same bytes again', () => {
    const some = texts.slice(0, 800)
    const options = { vocabSize: 300, characterCoverage: 0.99 }
    expect(trainUnigram(some, options)).toEqual(trainUnigram(some, options))
  })

  it('needs far fewer pieces per text than characters', () => {
    const english = texts.slice(0, 300)
    const ids = english.reduce((sum, text) => sum + model.encode(text).length, 0)
    const characters = english.reduce((sum, text) => sum + text.length, 0)
    expect(ids).toBeLessThan(characters / 2)
    for (const text of english) expect(model.decode(model.encode(text)).length).toBeGreaterThan(0)
  })

  it('finds the words of a repeated text', () => {
    const small = SentencePiece.fromBytes(
      trainUnigram(new Array(50).fill('the cat sat on the mat, the dog sat on the log'), {
        vocabSize: 26,
        characterCoverage: 1,
      }),
    )
    expect(small.encodeAsPieces('the cat')[0]).toBe('▁the')
  })

  it('keeps pieces within scripts and numbers', () => {
    for (let id = 3; id < model.size; id++) {
      const piece = model.pieceOf(id)
      expect(/\p{Script=Latin}/u.test(piece) && /[\p{Script=Cyrillic}\p{N}\p{Script=Han}]/u.test(piece)).toBe(
        false,
      )
      expect(piece.indexOf('▁', 1)).toBe(-1)
    }
  })

  it.each([
    [[], { vocabSize: 100 }, /no text/],
    [[' ', ''], { vocabSize: 100 }, /no text/],
    [['abc'], { vocabSize: 100 }, /the texts give \d+ pieces/],
    [texts, { vocabSize: 100 }, /each of which is a piece/],
    [['a'], { vocabSize: 1.5 }, /vocabSize must be/],
    [['a'], { vocabSize: 10, characterCoverage: 0 }, /characterCoverage/],
    [['a'], { vocabSize: 10, shrinkingFactor: 1 }, /shrinkingFactor/],
  ])('refuses %#', (some: string[], options, message) => {
    expect(() => trainUnigram(some, options)).toThrow(message)
    expect(() => trainUnigram(some, options)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })
})
