import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { compileCharsmap, nmtNfkcRules } from './charsmap.ts'
import { buildDoubleArray, longestPrefix } from './doubleArray.ts'
import { Normalizer } from './normalizer.ts'
import { SentencePiece } from './sentencePiece.ts'
import { fromUtf8, toUtf8 } from './utf8.ts'

describe('the map of characters', () => {
  const rules = nmtNfkcRules()
  const normalizer = new Normalizer({ precompiled_charsmap: compileCharsmap(rules) }, () => 0)
  const normalize = (text: string) =>
    fromUtf8(normalizer.normalize(toUtf8(text)))
      .replaceAll('▁', ' ')
      .slice(1)

  it('replaces single characters as nmt_nfkc of SentencePiece does', () => {
    const path = fileURLToPath(new URL('../../goldens/tokenizers/unigram.model.gz', import.meta.url))
    const reference = SentencePiece.fromBytes(gunzipSync(readFileSync(path)))
    const different: string[] = []
    for (let code = 1; code <= 0x10ffff; code++) {
      if (code >= 0xd800 && code <= 0xdfff) continue
      const text = `1${String.fromCodePoint(code)}1`
      const expected = reference.normalize(text).slice(1).replaceAll('▁', ' ')
      const found = normalize(text)
      // A later Unicode version may have given the character a compatible form.
      if (found !== expected && !(expected === text && found === text.normalize('NFKC'))) {
        different.push(code.toString(16))
      }
    }
    expect(different).toEqual([])
  })

  it('composes decomposed spellings', () => {
    const texts = ['Việt Nam', 'Ελλάδα', 'é', 'ｶﾞ', '각', 'क़', 'Å']
    for (const text of texts) {
      expect(normalize(text.normalize('NFD'))).toBe(text.normalize('NFKC'))
    }
    expect(normalize('ô\u0301')).toBe('ố')
  })

  it('makes all spaces one and drops controls', () => {
    expect(normalize('\t a\u3000\u200b\r\n b\u0007c \u2028')).toBe('a bc')
    expect(normalize('')).toBe('')
    expect(normalize('10～20 क्\u200dष')).toBe('10～20 क्\u200dष')
  })
})

describe('double arrays', () => {
  it('find every key of a large set, and nothing else', () => {
    const keys = Array.from({ length: 20_000 }, (_, i) => toUtf8(((i * 2654435761) % 2 ** 32).toString(36)))
    keys.sort(Buffer.compare)
    const trie = buildDoubleArray(keys, [...keys.keys()])
    const match = { length: 0, value: 0 }
    const wrong = keys.filter((key, i) => {
      const { length, value } = longestPrefix(trie, key, 0, match)
      return length !== key.length || value !== i
    })
    expect(wrong).toEqual([])
    expect(longestPrefix(trie, toUtf8('~'), 0, match).length).toBe(0)
    expect(longestPrefix(trie, Uint8Array.of(0, 0), 0, match).length).toBe(0)
    expect(longestPrefix(buildDoubleArray([], []), toUtf8('a'), 0, match).length).toBe(0)
  })
})
