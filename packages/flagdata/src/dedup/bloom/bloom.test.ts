import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../testing/folders.ts'
import { MersenneTwister } from '../mersenneTwister.ts'
import { xxhash32 } from '../xxhash32.ts'
import { Bloom, bloomShape, falsePositiveRate } from './filter.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder.remove())

describe('Bloom filters', () => {
  // 20,000 elements, 100,000 others: the count of false positives is binomial, and four standard deviations are exceeded
  // once in 16,000 times. The numbers are fixed by the seed.
  it.each([0.1, 0.01, 0.001])('have the rate of false positives that was asked for: %f', (rate) => {
    const [elements, probes] = [20_000, 100_000]
    const shape = bloomShape(elements, rate)
    const filter = new Bloom(shape, 'test')
    const generator = new MersenneTwister(7)
    for (let i = 0; i < elements; i++) filter.add(generator.next32(), generator.next32())
    expect(filter.rate).toBeCloseTo(falsePositiveRate(shape, elements), 12)
    expect(filter.rate / rate).toBeLessThan(1.02)
    let found = 0
    for (let i = 0; i < probes; i++) if (filter.has(generator.next32(), generator.next32())) found++
    const deviation = Math.sqrt(probes * filter.rate * (1 - filter.rate))
    expect(Math.abs(found - probes * filter.rate)).toBeLessThan(4 * deviation)
  })

  it('are as even for counted hashes as for random ones', () => {
    const shape = bloomShape(10_000, 0.01)
    const filter = new Bloom(shape, 'test')
    for (let i = 0; i < 10_000; i++) filter.add(i, 0)
    let found = 0
    for (let i = 10_000; i < 60_000; i++) if (filter.has(i, 0)) found++
    expect(Math.abs(found - 500)).toBeLessThan(4 * Math.sqrt(500))
  })

  it('never lose an element, also when they are saved and opened again', async () => {
    const path = join(folder.path, 'a.bloom')
    const element = fc.tuple(fc.nat(0xffffffff), fc.nat(0xffffffff))
    await fc.assert(
      fc.asyncProperty(fc.array(element, { minLength: 1, maxLength: 50 }), async (elements) => {
        const filter = new Bloom(bloomShape(elements.length, 0.05), 'test', 3)
        for (const [low, high] of elements) filter.add(low, high)
        await filter.save(path)
        const opened = await Bloom.open(path, 'test')
        expect(opened.elements).toBe(elements.length)
        for (const [low, high] of elements) expect(opened.has(low, high)).toBe(true)
      }),
      { numRuns: 10 },
    )
  })

  it('refuse files that are none', async () => {
    const path = join(folder.path, 'b.bloom')
    await new Bloom(bloomShape(10, 0.1), 'test').save(path)
    await expect(Bloom.open(path, 'other')).rejects.toThrow('holds "test", expected "other"')
    const bytes = await readFile(path)
    await writeFile(path, bytes.subarray(0, bytes.length - 1))
    await expect(Bloom.open(path, 'test')).rejects.toThrow(
      `${bytes.length - 1} bytes, expected ${bytes.length}`,
    )
    await writeFile(path, 'something else')
    await expect(Bloom.open(path, 'test')).rejects.toThrow('begins with "something el"')
    await expect(Bloom.open(join(folder.path, 'none'), 'test')).rejects.toThrow('no such Bloom filter')
    expect(() => bloomShape(1e12, 0.001)).toThrow('more than 4294967296')
  })
})

it.each([
  ['', 0x02cc5d05],
  ['a', 0x550d7456],
  ['abc', 0x32d153ff],
  ['Nobody inspects the spammish repetition', 0xe2293b2f],
])('XXH32 of %j', (text, expected) => {
  const bytes = Buffer.from(text)
  expect(xxhash32(bytes, 0, bytes.length)).toBe(expected)
})
