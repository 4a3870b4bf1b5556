import fc from 'fast-check'
import { expect, it } from 'vitest'
import { firstDuplicate } from './duplicates.ts'
import type { ByteStrings } from './pieceTable.ts'
import { PieceTrie } from './pieceTrie.ts'
import { binaryOf } from './utf8.ts'

/** The keys with bytes between them that belong to none. */
function tableOf(keys: readonly Uint8Array[]): ByteStrings {
  const starts = new Uint32Array(keys.length)
  const ends = new Uint32Array(keys.length)
  let size = 1
  for (const [id, key] of keys.entries()) {
    starts[id] = size
    ends[id] = size + key.length
    size += key.length + 1
  }
  const bytes = new Uint8Array(size).fill(0x2d)
  for (const [id, key] of keys.entries()) bytes.set(key, starts[id])
  return { bytes, starts, ends }
}

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text))
const trieOf = (texts: readonly string[]) => new PieceTrie(tableOf(texts.map(bytesOf)))

/** Few different bytes, so that keys share beginnings and occur twice. */
const bytes = fc
  .array(fc.constantFrom(0, 1, 0x61, 0x80, 0xfe, 0xff), { maxLength: 6 })
  .map((list) => Uint8Array.from(list))
const keys = fc.array(bytes, { maxLength: 40 })

/** Id by key: the first of equal ones. */
function mapOf(all: readonly Uint8Array[], ids: readonly number[]): Map<string, number> {
  const map = new Map<string, number>()
  for (const id of ids) if (!map.has(binaryOf(all[id]))) map.set(binaryOf(all[id]), id)
  return map
}

it('agrees with a map: ids, longest keys and walks, over all keys and over some', () => {
  const sample = fc.record({
    all: keys,
    kept: fc.option(fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }), { nil: undefined }),
    texts: fc.array(bytes, { minLength: 1, maxLength: 8 }),
  })
  fc.assert(
    fc.property(sample, ({ all, kept, texts }) => {
      const ids = [...all.keys()].filter((id) => kept?.[id] ?? true)
      const map = mapOf(all, ids)
      const prefixes = new Set([...map.keys()].flatMap((key) => [...key].map((_, i) => key.slice(0, i + 1))))
      const trie = new PieceTrie(tableOf(all), kept && ids)
      for (const text of [...texts, ...all]) {
        const binary = binaryOf(text)
        const lengths = [...binary].map((_, i) => i + 1).filter((length) => map.has(binary.slice(0, length)))
        expect(trie.longest(text, 0)).toBe(Math.max(0, ...lengths))
        expect(trie.idOf(text)).toBe(map.get(binary) ?? -1)
        let node = 0
        for (let length = 0; ; ) {
          expect(trie.idAt(node)).toBe(map.get(binary.slice(0, length)) ?? -1)
          if (length === text.length) break
          node = trie.child(node, text[length++])
          expect(node > 0).toBe(prefixes.has(binary.slice(0, length)))
          if (node === 0) break
        }
      }
    }),
    { numRuns: 500 },
  )
})

it('gives every prefix one node, whatever is asked first', () => {
  fc.assert(
    fc.property(keys, fc.array(bytes), (all, texts) => {
      const trie = new PieceTrie(tableOf(all))
      const nodes = new Map<number, string>([[0, '']])
      for (const text of [...texts, ...all, ...texts]) {
        let node = 0
        for (let at = 0; at < text.length; at++) {
          node = trie.child(node, text[at])
          if (node === 0) break
          const prefix = binaryOf(text.subarray(0, at + 1))
          expect(nodes.get(node) ?? prefix).toBe(prefix)
          nodes.set(node, prefix)
        }
      }
      expect(new Set(nodes.values()).size).toBe(nodes.size)
    }),
  )
})

it('gives every one of 100,000 keys its id', () => {
  const texts = Array.from({ length: 100_000 }, (_, i) => (i * 7919).toString(36))
  const trie = trieOf(texts)
  expect(texts.map((text) => trie.idOf(bytesOf(text)))).toEqual([...texts.keys()])
})

it('knows no other keys', () => {
  const trie = trieOf(['ab', 'abcd'])
  expect(['', 'a', 'abc', 'abcde', 'b'].map((text) => trie.idOf(bytesOf(text)))).toEqual(Array(5).fill(-1))
  expect(trieOf([]).longest(bytesOf('ab'), 0)).toBe(0)
})

it('follows keys of 300,000 bytes', () => {
  const long = 'a'.repeat(300_000)
  const trie = trieOf([long, `${long}b`, 'aa'])
  expect([long, `${long}b`, 'aa', `${long}a`].map((text) => trie.idOf(bytesOf(text)))).toEqual([0, 1, 2, -1])
})

it('finds the first string that occurred before', () => {
  fc.assert(
    fc.property(keys, (all) => {
      const seen = all.map(binaryOf)
      expect(firstDuplicate(tableOf(all))).toBe(seen.findIndex((key, id) => seen.indexOf(key) < id))
    }),
  )
})
