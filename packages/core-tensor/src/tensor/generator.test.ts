import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { FlagError } from '../errors.ts'
import { Generator } from './generator.ts'
import type { Tensor } from './tensor.ts'

interface Result {
  call: 'rand' | 'randn' | 'randperm' | 'randint' | 'bernoulli'
  arguments: number[]
  base64?: string
  sha256?: string
  head?: string
}
interface Goldens {
  'state of seed 0': string
  cases: { seed: string; results: Result[]; state: string }[]
}
const goldens: Goldens = JSON.parse(
  readFileSync(new URL('../../goldens/generator/torch.json', import.meta.url), 'utf8'),
)

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

function draw(generator: Generator, { call, arguments: [a, b, c] }: Result): Tensor {
  switch (call) {
    case 'rand':
      return generator.rand([a])
    case 'randn':
      return generator.randn([a])
    case 'randperm':
      return generator.randperm(a)
    case 'randint':
      // 2^63 - 1 is not a number that JSON keeps.
      return generator.randint(a, b === 2 ** 63 ? 2n ** 63n - 1n : b, [c])
    case 'bernoulli':
      return generator.bernoulli(a, [b])
  }
}

describe('Generator', () => {
  const title = ({ call, arguments: args }: Result) => `${call}(${args.join(', ')})`
  for (const { seed, results, state } of goldens.cases) {
    it(`equals torch bit for bit: seed ${seed}, ${results.map(title).join(', ')}`, () => {
      const generator = new Generator(BigInt(seed))
      for (const result of results) {
        const { bytes } = draw(generator, result)
        if (result.base64 !== undefined) expect(base64(bytes)).toBe(result.base64)
        else {
          expect(base64(bytes.subarray(0, 64))).toBe(result.head)
          expect(sha256(bytes)).toBe(result.sha256)
        }
      }
      expect(sha256(generator.getState())).toBe(state)
    })
  }

  it('continues exactly from a saved state', () => {
    const original = new Generator(5)
    original.randn([3])
    original.rand([700])
    const copy = new Generator(99)
    copy.setState(original.getState())
    expect(copy.randn([3])).toEqual(original.randn([3]))
    expect(copy.randn([1000])).toEqual(original.randn([1000]))
    expect(copy.getState()).toEqual(original.getState())
  })

  it('reads a state that torch saved', () => {
    const generator = new Generator(1)
    generator.setState(Buffer.from(goldens['state of seed 0'], 'base64'))
    expect(generator.randn([20])).toEqual(new Generator(0).randn([20]))
  })

  it('takes a negative seed modulo 2^64', () => {
    expect(new Generator(-1).uint32()).toBe(new Generator(2n ** 64n - 1n).uint32())
  })

  it('keeps the shape, also of nothing', () => {
    expect(new Generator(0).randn([2, 0, 3]).shape).toEqual([2, 0, 3])
    expect(new Generator(0).rand([]).size).toBe(1)
    expect(new Generator(0).randperm(0).size).toBe(0)
  })

  it('refuses what torch refuses', () => {
    expect(() => new Generator(0.5)).toThrow(FlagError)
    expect(() => new Generator(0).randint(3, 3, [1])).toThrow(FlagError)
    expect(() => new Generator(0).bernoulli(1.5, [1])).toThrow(FlagError)
    expect(() => new Generator(0).randperm(-1)).toThrow(FlagError)
    expect(() => new Generator(0).setState(new Uint8Array(10))).toThrow(FlagError)
    expect(() => new Generator(0).setState(new Uint8Array(5056))).toThrow(FlagError)
  })
})
