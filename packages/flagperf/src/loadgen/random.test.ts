import { Generator } from '@flag/core-tensor'
import { expect, test } from 'vitest'
import { loadableSets, planQueries } from './queries.ts'
import { shuffle, uniformBelow } from './random.ts'
import { defaultSettings, effectiveSettings, type TestSettings } from './settings.ts'

/** Sequences of LoadGen 6.0.17 built with GCC, 2048 samples of which 1024 are loaded, and the published seeds. */
function planOf(settings: Partial<TestSettings>) {
  const effective = effectiveSettings(settings, { total: 2048, performance: 1024 })
  const [set] = loadableSets(effective, 2048)
  return { set, ...planQueries(effective, set) }
}

test('the samples of a timed run', () => {
  const { set, queries } = planOf({ scenario: 'SingleStream', minDurationMs: 0 })
  expect(set.samples.slice(0, 8)).toEqual([216, 267, 822, 906, 663, 580, 710, 908])
  expect(queries.slice(0, 8).flatMap(({ samples }) => samples)).toEqual([
    784, 618, 960, 248, 513, 635, 155, 667,
  ])
})

test('multi-stream starts at random places of the set', () => {
  const { set, queries } = planOf({ scenario: 'MultiStream', minDurationMs: 0, minQueryCount: 662 })
  const starts = queries.slice(0, 8).map(({ samples }) => samples[0])
  expect(starts).toEqual([678, 935, 80, 546, 95, 33, 679, 183].map((x) => (set.samples.includes(x) ? x : -1)))
})

test('the schedule of Server is a Poisson process', () => {
  const { queries, durationNs } = planOf({ scenario: 'Server', serverTargetQps: 100, minDurationMs: 1500 })
  const gaps = queries.slice(1, 9).map(({ scheduledNs }, i) => scheduledNs - queries[i].scheduledNs)
  expect(gaps).toEqual([18436540, 4579236, 12858623, 7129947, 3864066, 22483416, 10915799, 1017469])
  expect([queries.length, durationNs]).toEqual([147, 1539281511])
})

test('an accuracy run goes through the set in random order', () => {
  const { queries } = planOf({ mode: 'AccuracyOnly', scenario: 'SingleStream' })
  const asked = queries.flatMap(({ samples }) => samples)
  expect(asked.slice(0, 8)).toEqual([1541, 1378, 285, 544, 1171, 1831, 1889, 1321])
  expect(new Set(asked).size).toBe(1024)
})

test('only the low 32 bits of a seed count', () => {
  const low = BigInt.asUintN(32, defaultSettings.qslRngSeed)
  expect(low).toBe(3438689976n)
  expect(new Generator(low).uint32()).toBe(new Generator(defaultSettings.qslRngSeed).uint32())
})

test('uniform draws reject what would favour small numbers', () => {
  const words = [0, 0x80000000, 5]
  const random = { uint32: () => words.shift() ?? 0 }
  // 2^32 mod 3 = 1: the draw 0 is rejected.
  expect(uniformBelow(random, 3)).toBe(1)
  expect(words).toEqual([5])
})

test('shuffles of more than 65535 elements draw one by one', () => {
  const list = Array.from({ length: 70000 }, (_, i) => i)
  const random = new Generator(5489)
  shuffle(list, random)
  expect(new Set(list).size).toBe(70000)
  // Exactly one draw for each element but the first, none of which was rejected.
  const expected = new Generator(5489)
  for (let i = 0; i < 69999; i++) expected.uint32()
  expect(random.uint32()).toBe(expected.uint32())
})
