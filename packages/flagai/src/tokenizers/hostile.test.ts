import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { decodeMessage, encodeMessage, FlagError, Generator } from '@flag/core-tensor'
import { describe, expect, it } from 'vitest'
import { Model, type ModelProto, PieceType } from './modelProto.ts'
import { SentencePiece } from './sentencePiece.ts'

const golden = (name: string) =>
  gunzipSync(readFileSync(fileURLToPath(new URL(`../../goldens/tokenizers/${name}.gz`, import.meta.url))))

const TEXT = ' ﬁrst e\u0301 日本 <sep>\u3000\u{13000}x '.repeat(3)

/** Opens and uses a model; any error must be a FlagError. Returns whether there was one. */
function fails(bytes: Uint8Array): boolean {
  try {
    const model = SentencePiece.fromBytes(bytes, 'damaged.model')
    model.decode(model.encode(TEXT))
    return false
  } catch (error) {
    expect(error).toBeInstanceOf(FlagError)
    return true
  }
}

/** A small part of a golden model, so that damage hits every kind of field. */
function small(name: string): Uint8Array {
  const model = decodeMessage(Model, golden(`${name}.model`))
  return encodeMessage(Model, { ...model, pieces: model.pieces?.slice(0, 400) })
}

describe.each(['unigram', 'bytes', 'bpe'])('damaged copies of %s', (name) => {
  const bytes = small(name)
  const random = new Generator(11)
  const below = (limit: number) => random.uint32() % limit

  it('give nothing but FlagErrors when cut', () => {
    let failures = 0
    for (let i = 0; i < 150; i++) if (fails(bytes.slice(0, below(bytes.length)))) failures++
    expect(failures).toBeGreaterThan(100)
  })

  it('give nothing but FlagErrors when bytes change', () => {
    let failures = 0
    for (let i = 0; i < 250; i++) {
      const copy = bytes.slice()
      // Most of the file is the map of characters: half of the damage goes to the pieces.
      const span = i % 2 === 0 ? 6000 : copy.length
      for (let n = 0; n <= below(6); n++) copy[below(Math.min(span, copy.length))] = below(256)
      if (fails(copy)) failures++
    }
    expect(failures).toBeGreaterThan(20)
  })
})

describe('bad models', () => {
  const normal = { piece: '▁a', score: -1, type: PieceType.normal }
  const unknown = { piece: '<unk>', score: 0, type: PieceType.unknown }
  const map = (units: number[], tail: number[]) =>
    new Uint8Array([...new Uint8Array(Uint32Array.of(units.length * 4, ...units).buffer), ...tail])
  const cases: [string, ModelProto, RegExp, string][] = [
    ['no pieces', {}, /no pieces/, 'corrupt-file'],
    ['no unknown piece', { pieces: [normal] }, /no unknown piece/, 'corrupt-file'],
    [
      'two unknown pieces',
      { pieces: [unknown, { ...unknown, piece: 'x' }] },
      /second unknown/,
      'corrupt-file',
    ],
    ['a piece twice', { pieces: [unknown, normal, normal] }, /defined twice/, 'corrupt-file'],
    ['an empty piece', { pieces: [unknown, { ...normal, piece: '' }] }, /empty/, 'corrupt-file'],
    ['a score of NaN', { pieces: [unknown, { ...normal, score: Number.NaN }] }, /score NaN/, 'corrupt-file'],
    ['an unknown type', { pieces: [unknown, { ...normal, type: 9 }] }, /type 9/, 'corrupt-file'],
    [
      'bytes that are missing',
      { pieces: [unknown, normal], trainer_spec: { byte_fallback: 1 } },
      /no piece <0x00>/,
      'corrupt-file',
    ],
    ['a word model', { pieces: [unknown], trainer_spec: { model_type: 3 } }, /model type 3/, 'unsupported'],
    [
      'a trie longer than the map',
      { pieces: [unknown], normalizer_spec: { precompiled_charsmap: Uint8Array.of(255, 255, 255, 255, 0) } },
      /precompiled_charsmap/,
      'corrupt-file',
    ],
    [
      'a replacement that does not end',
      { pieces: [unknown], normalizer_spec: { precompiled_charsmap: map([0], [65]) } },
      /does not end/,
      'corrupt-file',
    ],
  ]

  it.each(cases)('are refused: %s', (_, model, message, code) => {
    const open = () => SentencePiece.fromBytes(encodeMessage(Model, model), 'bad.model')
    expect(open).toThrow(/^bad\.model: /)
    expect(open).toThrow(message)
    expect(open).toThrow(expect.objectContaining({ code }))
  })

  it('with a piece of 200,000 characters are read', () => {
    const long = { piece: 'a'.repeat(200_000), score: -1, type: PieceType.normal }
    const model = SentencePiece.fromBytes(encodeMessage(Model, { pieces: [unknown, long, normal] }))
    expect(model.encode('a')).toEqual([2])
  })
})
