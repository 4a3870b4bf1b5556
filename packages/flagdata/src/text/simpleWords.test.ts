import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { corpus } from '../testing/corpus.ts'
import { exceptions } from './englishRules.ts'
import { cutExceptions } from './englishTokenizer.ts'
import { PUNCTUATION } from './punctuation.ts'
import { SimpleWords } from './simpleWords.ts'
import { simplify } from './simplify.ts'
import { englishTokenizer } from './text.ts'

const kernel = new SimpleWords()
const inKernel = (text: string) => Buffer.from(kernel.of(text)).toString()
const plainly = (text: string) => {
  const { ids, vocabulary } = englishTokenizer().words(simplify(text))
  return Array.from(ids, (id) => `${vocabulary.texts[id]} `).join('')
}

describe('simplified words from the kernel', () => {
  it('are those of the tokenizer over the corpus', () => {
    for (const { text } of corpus().filter((_, i) => i % 5 === 0)) expect(inKernel(text)).toBe(plainly(text))
  })

  it('are those of the tokenizer for every character that changes', () => {
    let text = ''
    for (let code = 0; code < 0x20000; code++) {
      if ((code > 0xac10 && code < 0xd7a0) || (code >= 0xd800 && code <= 0xdfff)) continue
      const around = `a${String.fromCodePoint(code)}b1${String.fromCodePoint(code)}2`
      if (simplify(around) !== around.replace(/\d/g, '0')) text += `${around} `
      if (text.length < 2000) continue
      expect(inKernel(text)).toBe(plainly(text))
      text = ''
    }
  })

  it('are those of the tokenizer for hostile mixtures', () => {
    const unit = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.constantFrom(..."aA0159 .,\n‘s’'-ΣσΑΐÅé\u0301\u0345\u302e٣٫4≠;\u00a0ﬁ한İßǅ😀𝟘𐐀"),
      },
      { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 2 }) },
      { weight: 1, arbitrary: fc.constantFrom(...exceptions.keys()) },
      { weight: 1, arbitrary: fc.constantFrom(...PUNCTUATION) },
    )
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 40 }), (units) => {
        const text = units.join('')
        expect(inKernel(text)).toBe(plainly(text))
      }),
      { numRuns: 2000 },
    )
  })

  it('are those of the tokenizer when chunks are long, and after more chunks than are remembered', () => {
    const long = `${'x'.repeat(60)} don’t ${'y0'.repeat(500)} cannot`
    expect(inKernel(long)).toBe(plainly(long))
    const few = new SimpleWords(64)
    for (let i = 0; i < 1000; i++) {
      const text = `a${(i % 300).toString(2).replace(/\d/g, (digit) => 'xy'[Number(digit)])} ${long}`
      expect(Buffer.from(few.of(text)).toString()).toBe(plainly(text))
    }
  })

  it('may be cut between spaces, as no exception that reaches over a space can overlap another', () => {
    const signs = new Set(PUNCTUATION)
    const left = [...cutExceptions].filter(
      ([, tokens]) => !tokens.some((token) => [...token].some((it) => signs.has(it))),
    )
    expect(left).toEqual([
      ['‘S', ['‘', 'S']],
      ['‘s', ['‘', 's']],
    ])
  })
})
