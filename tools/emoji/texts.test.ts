import { expect, it } from 'vitest'
import { type Concept, LANGUAGES } from './concepts.ts'
import { Random } from './random.ts'
import { drawText, padIds, WordVocabulary } from './texts.ts'

const inAll = <T>(value: T) => Object.fromEntries(LANGUAGES.map((language) => [language, value]))
const concept = {
  names: { ...inAll('strawberry'), ja: 'イチゴ' },
  keywords: { ...inAll(['berry', 'fruit', 'red']), ja: ['果物', '赤'], hi: [] },
} as unknown as Concept

it('a text is the name, or keywords with or without it', () => {
  const texts = new Set(
    Array.from({ length: 3000 }, (_, i) => drawText(concept, 'en', new Random(1, i), 0.5)),
  )
  expect(texts).toContain('strawberry')
  for (const text of texts) {
    const words = text.split(', ')
    expect(new Set(words).size).toBe(words.length)
    for (const word of words) expect(['strawberry', 'berry', 'fruit', 'red']).toContain(word)
  }
  // Three keywords in every choice and order (15), with the name before them (15), and the name alone.
  expect(texts.size).toBe(31)
})

it('keywords are joined as the language does, and a language without them gives the name', () => {
  const japanese = Array.from({ length: 50 }, (_, i) => drawText(concept, 'ja', new Random(2, i), 1))
  expect(japanese).toContain('イチゴ、赤、果物')
  expect(drawText(concept, 'hi', new Random(3), 1)).toBe('strawberry')
})

it('the vocabulary knows the words of its texts, whatever their case, and no others', () => {
  const vocabulary = new WordVocabulary(['Red apple', 'green apple', 'keycap: 10'])
  // apple, green, keycap, red, ":", "1", "0" after the four special ids.
  expect(vocabulary.size).toBe(11)
  const [begin, red, apple, end] = vocabulary.encode('RED apple')
  expect([begin, end]).toEqual([0, 2])
  expect(vocabulary.encode('apple, red')).toEqual([0, apple, 3, red, 2])
})

it('id lists are padded to the right, or cut before the end mark', () => {
  const padded = padIds(
    [
      [0, 9, 2],
      [0, 5, 6, 7, 8, 2],
    ],
    4,
  )
  expect(padded.shape).toEqual([2, 4])
  expect([...padded.data].map(Number)).toEqual([0, 9, 2, 1, 0, 5, 6, 2])
})
