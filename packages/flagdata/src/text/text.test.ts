import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EnglishTokenizer } from './englishTokenizer.ts'
import { PUNCTUATION } from './punctuation.ts'
import { simplify } from './simplify.ts'
import { codePoints, splitAtLineFeeds, splitLines, splitSpaces, strip } from './whitespace.ts'

const tokenizer = new EnglishTokenizer()
const wordsOf = (text: string, by = tokenizer) => {
  const { ids, vocabulary } = by.words(text)
  return Array.from(ids, (id) => vocabulary.texts[id])
}

describe('words', () => {
  // Expected by spaCy 3.8, spacy.blank('en').
  it.each([
    ["I can't go, it's 10km", "I ca n't go , it 's 10 km"],
    ['Mr. O\'Neill said "don\'t!" (v.1)', 'Mr. O\'Neill said " do n\'t ! " ( v.1 )'],
    ['see http://a.com/x?y=1 or foo.bar@x.org...', 'see http://a.com/x?y=1 or foo.bar@x.org ...'],
    ['U.S.A. well-known 3-4 C++ e.g. 5p.m. :)', 'U.S.A. well - known 3 - 4 C++ e.g. 5 p.m. :)'],
    ['  two\n\nlines\t.', 'two lines .'],
    ['$5 for US$1.50, £0 or 20€ ©2020 🙂ok', '$ 5 for US$ 1.50 , £ 0 or 20 € © 2020 🙂 ok'],
    ['', ''],
  ])('%s', (text, words) => {
    expect(wordsOf(text).join(' ')).toBe(words)
  })

  it('lose nothing but white space, and do not depend on what was cut before', () => {
    const part = fc.constantFrom(
      'a',
      "n't",
      '.',
      ':',
      ')',
      '-',
      ' ',
      '\n',
      '1',
      '$',
      'U.S.',
      '@',
      '…',
      'é',
      '\u{1f600}',
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        const text = parts.join('')
        expect(wordsOf(text).join('')).toBe(splitSpaces(text).join(''))
        expect(wordsOf(text)).toEqual(wordsOf(text, new EnglishTokenizer()))
      }),
      { numRuns: 100 },
    )
  })

  it.each([
    ['', 1],
    ['No end', 1],
    ['One. Two! Three?', 3],
    ['Mr. Smith went. He (really) did.', 2],
    ['Wait... what?! Yes.', 2],
  ])('sentences of %j: %i', (text, count) => {
    expect(tokenizer.sentenceCount(text)).toBe(count)
  })
})

describe('simplify', () => {
  it.each([
    ['|$17.56||1|\n|$15.37||2599|', '0 0 0 0'],
    [PUNCTUATION, '0'],
    ['Ça  VA, élève?\u00a0Ok', 'ca va eleve ok'],
    ['١٢٣٫٤ and 5,678', '0 and 0'],
  ])('%j', (text, simple) => {
    expect(simplify(text)).toBe(simple)
  })
})

describe('like Python', () => {
  it('splits lines at ten ends', () => {
    expect(splitLines('a\r\nb\rc\nd\ve\ff\x1cg\x1dh\x1ei\x85j\u2028k\u2029l')).toEqual([...'abcdefghijkl'])
    expect(splitLines('a\n')).toEqual(['a'])
    expect(splitLines('\n\n')).toEqual(['', ''])
    expect(splitLines('')).toEqual([])
  })
  it('strips and splits at its white space', () => {
    expect(strip('\x1f\u3000 a\ufeff \x85')).toBe('a\ufeff')
    expect(splitSpaces(' a\x1cb\u2003c ')).toEqual(['a', 'b', 'c'])
  })
  it('splits at runs of line feeds', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '\n') })
    fc.assert(
      fc.property(text, (text) => {
        expect(splitAtLineFeeds(text, 1)).toEqual(text.split(/\n+/))
        expect(splitAtLineFeeds(text, 2)).toEqual(text.split(/\n{2,}/))
      }),
    )
  })
  it('counts code points', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => codePoints(text) === [...text].length))
    expect(codePoints('\udc00\ud800\u{1f600}')).toBe(3)
  })
})
