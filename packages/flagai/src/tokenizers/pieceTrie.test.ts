import fc from 'fast-check'
import { expect, it } from 'vitest'
import { trieOf } from './pieceTrie.ts'

const key = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '中', '🍓'), minLength: 1, maxLength: 8 })

it('finds the longest key, as a search through all keys does', () => {
  fc.assert(
    fc.property(fc.uniqueArray(key, { minLength: 1, maxLength: 40 }), key, (keys, text) => {
      const trie = trieOf(keys, [...keys.keys()])
      const expected = keys.filter((k) => text.startsWith(k)).map((k) => Buffer.byteLength(k))
      expect(trie.longest(Buffer.from(`${text}x`), 0)).toBe(Math.max(0, ...expected))
    }),
  )
})

it('gives every one of 100,000 keys its id', () => {
  const keys = Array.from({ length: 100_000 }, (_, i) => (i * 7919).toString(36))
  const trie = trieOf(keys, [...keys.keys()])
  for (const [id, text] of keys.entries()) {
    let node = 0
    for (const byte of Buffer.from(text)) node = trie.child(node, byte)
    expect(trie.idAt(node)).toBe(id)
  }
})
