import fc from 'fast-check'
import { expect, it } from 'vitest'
import { PieceTrie } from './pieceTrie.ts'

function trieOf(keys: readonly string[]): PieceTrie {
  const trie = new PieceTrie()
  const entered = keys.map((text, id) => {
    const bytes = Buffer.from(`-${text}-`)
    return trie.add(bytes, 1, bytes.length - 1, id)
  })
  expect(entered).not.toContain(false)
  return trie
}

const key = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '中', '🍓'), minLength: 1, maxLength: 8 })

it('finds the longest key, as a search through all keys does', () => {
  fc.assert(
    fc.property(fc.uniqueArray(key, { minLength: 1, maxLength: 40 }), key, (keys, text) => {
      const trie = trieOf(keys)
      const expected = keys.filter((k) => text.startsWith(k)).map((k) => Buffer.byteLength(k))
      expect(trie.longest(Buffer.from(`${text}x`), 0)).toBe(Math.max(0, ...expected))
    }),
  )
})

it('gives every one of 100,000 keys its id', () => {
  const keys = Array.from({ length: 100_000 }, (_, i) => (i * 7919).toString(36))
  const trie = trieOf(keys)
  expect(keys.map((text) => trie.idOf(Buffer.from(text)))).toEqual([...keys.keys()])
})

it('knows no other keys, and takes each once', () => {
  const trie = trieOf(['ab', 'abcd'])
  expect(['', 'a', 'abc', 'abcde', 'b'].map((text) => trie.idOf(Buffer.from(text)))).toEqual(
    Array(5).fill(-1),
  )
  expect(trie.add(Buffer.from('ab'), 0, 2, 7)).toBe(false)
  expect(trie.idOf(Buffer.from('ab'))).toBe(0)
})
