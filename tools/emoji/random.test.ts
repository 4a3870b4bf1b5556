import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Random } from './random.ts'

describe('Random', () => {
  it('is xoshiro128++: the first outputs from the state 1, 2, 3, 4', () => {
    const random = new Random(0)
    Object.assign(random, { a: 1, b: 2, c: 3, d: 4 })
    expect(Array.from({ length: 6 }, () => random.uint32())).toEqual([
      641, 1573767, 3222811527, 3517856514, 836907274, 4247214768,
    ])
  })

  it('gives every step a stream of its own, the same each time', () => {
    const first = (seed: number, stream: number) => {
      const random = new Random(seed, stream)
      return Array.from({ length: 4 }, () => random.uint32()).join()
    }
    expect(first(12, 7)).toBe(first(12, 7))
    const streams = Array.from({ length: 2000 }, (_, stream) => first(12, stream))
    expect(new Set(streams).size).toBe(2000)
    expect(first(13, 7)).not.toBe(first(12, 7))
  })

  it('permutes: every number below n once', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(), (n, seed) => {
        const order = new Random(seed).permutation(n)
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i))
      }),
    )
  })

  it('has the moments of the uniform and the normal distribution', () => {
    const random = new Random(5)
    const moments = (draw: () => number) => {
      const values = Array.from({ length: 20_000 }, draw)
      const mean = values.reduce((sum, value) => sum + value) / values.length
      return [mean, values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length]
    }
    const [uniform, normal] = [moments(() => random.uniform(-1, 3)), moments(() => random.normal())]
    expect(uniform[0]).toBeCloseTo(1, 1)
    expect(uniform[1]).toBeCloseTo(16 / 12, 1)
    expect(normal[0]).toBeCloseTo(0, 1)
    expect(normal[1]).toBeCloseTo(1, 1)
  })
})
