import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { minhashSchema } from '../config.ts'
import { Signer } from './signature.ts'

// datasketch's values, made by tools/oracles/flagdata_minhash.py.
const golden = JSON.parse(
  readFileSync(new URL('../../../goldens/flagdata_minhash.json', import.meta.url), 'utf8'),
)

interface Case {
  text: string
  ngrams: number
  minLength: number
  first: number[]
  sha256: string
}

const flagdata = (more: object = {}) => minhashSchema.parse({ compatible: 'flagdata', ...more })
/** The low halves of the hashes; the high ones are 0. */
const low = (signature: Uint32Array) => signature.filter((_, i) => i % 2 === 0)

describe('MinHash as FlagData computes it', () => {
  it('has the bands and rows of its threshold', () => {
    expect(flagdata()).toMatchObject(golden.config)
  })

  it('has the values of datasketch', () => {
    for (const { text, ngrams, minLength, first, sha256 } of golden.cases as Case[]) {
      const signer = new Signer(flagdata({ ngrams, minLength, shortDocuments: 'collapse' }))
      expect(signer.sign(text)).toBe(true)
      expect(signer.signature.every((half, i) => i % 2 === 0 || half === 0)).toBe(true)
      const ours = low(signer.signature)
      expect([text, ...ours.subarray(0, 3)]).toEqual([text, ...first])
      expect(createHash('sha256').update(ours).digest('hex')).toBe(sha256)
    }
  })

  it('gives short documents one signature only if asked to', () => {
    const collapse = new Signer(flagdata({ shortDocuments: 'collapse' }))
    expect(collapse.sign('two words')).toBe(true)
    const signature = collapse.signature.slice()
    expect(collapse.sign('other three words')).toBe(true)
    expect(collapse.signature).toEqual(signature)
    const keep = new Signer(flagdata())
    expect(keep.sign('two words')).toBe(false)
    expect(keep.sign('as many as five words')).toBe(true)
  })

  it('refuses what only the other form has', () => {
    expect(() => flagdata({ hash: 'xxhash' })).toThrow()
    expect(() => minhashSchema.parse({ shortDocuments: 'keep' })).toThrow()
  })
})
