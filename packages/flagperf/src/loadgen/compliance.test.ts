import { describe, expect, test } from 'vitest'
import {
  complianceSettings,
  score,
  verifyAccuracyInPerformanceMode,
  verifyAccuracyOfAll,
  verifyNoCaching,
  verifyOutputLength,
  verifyTokens,
} from './compliance.ts'
import type { SystemUnderTest } from './driver.ts'
import { runLoadTest } from './loadTest.ts'
import type { LoadResult } from './result.ts'
import type { TestSettings } from './settings.ts'
import { VirtualClock } from './testing/virtualClock.ts'

const library = { name: 'numbers', total: 40, performance: 40 }
const settings: Partial<TestSettings> = { scenario: 'SingleStream', minDurationMs: 300, minQueryCount: 100 }

/** Answers a sample with its index, after so many milliseconds. */
function run(
  serviceMs: (index: number, seen: number) => number,
  more: Partial<TestSettings> = {},
  answer = (index: number) => index,
) {
  const clock = new VirtualClock()
  const seen = new Map<number, number>()
  const system: SystemUnderTest = {
    name: 'numbers',
    async issueQuery(samples, complete) {
      for (const sample of samples) {
        const times = seen.get(sample.index) ?? 0
        seen.set(sample.index, times + 1)
        await clock.sleepUntil(clock.now() + BigInt(Math.round(serviceMs(sample.index, times) * 1e6)))
        complete(sample, Uint8Array.of(answer(sample.index)))
      }
    },
  }
  return runLoadTest(system, library, { ...settings, ...more }, { clock })
}

const passed = (checks: { passed: boolean }[]) => checks.map((each) => each.passed)

describe('TEST01', () => {
  test('answers of a timed run are those of the accuracy run', async () => {
    const submitted = (await run(() => 2)).result as LoadResult
    const accuracy = (await run(() => 2, { mode: 'AccuracyOnly' })).answers
    const audit = complianceSettings.TEST01(30)
    const honest = await run(() => 2, audit)
    expect(honest.answers.length).toBeGreaterThan(10)
    expect(honest.answers.length).toBeLessThan(60)
    const verify = (audited: typeof honest) =>
      passed(
        verifyAccuracyInPerformanceMode('SingleStream', {
          submitted,
          audited: audited.result as LoadResult,
          accuracy,
          answers: audited.answers,
        }),
      )
    expect(verify(honest)).toEqual([true, true])
    // Numbers instead of answers when nobody is expected to look, and a run that is slower when somebody does.
    expect(
      verify(
        await run(
          () => 2,
          audit,
          () => 7,
        ),
      ),
    ).toEqual([false, true])
    expect(verify(await run(() => 2.3, audit))).toEqual([true, false])
    expect(verify({ ...honest, answers: [] })).toEqual([false, true])
  })

  test('runs that are not valid are not compared', async () => {
    const { result, answers } = await run(() => 2, { minQueryCount: 10, minDurationMs: 0 })
    const runs = {
      submitted: result as LoadResult,
      audited: result as LoadResult,
      accuracy: answers,
      answers,
    }
    expect(() => verifyAccuracyInPerformanceMode('SingleStream', runs)).toThrow(/compares valid runs/)
  })
})

test('TEST04: a system that keeps its answers is faster with one sample', async () => {
  const honest = () => 2
  const keeps = (_: number, seen: number) => (seen > 20 ? 0.5 : 2)
  const verify = async (service: (index: number, seen: number) => number) =>
    passed(
      verifyNoCaching('SingleStream', {
        submitted: (await run(service)).result as LoadResult,
        same: (await run(service, complianceSettings.TEST04())).result as LoadResult,
      }),
    )
  expect(await verify(honest)).toEqual([true])
  expect(await verify(keeps)).toEqual([false])
})

test('TEST06: first tokens, ends and lengths', () => {
  const good = { tokens: [5, 6, 7, 2], firstTokens: [5], reportedTokens: 4 }
  const verify = (answer: object, scenario: 'Server' | 'Offline' = 'Server') =>
    passed(verifyTokens(scenario, [good, { ...good, ...answer }], 2))
  expect(verify({})).toEqual([true, true, true])
  expect(verify({ firstTokens: [6] })).toEqual([false, true, true])
  expect(verify({ firstTokens: undefined }, 'Offline')).toEqual([true, true])
  expect(verify({ tokens: [5, 6, 2, 2] })).toEqual([true, false, true])
  expect(verify({ tokens: [5, 2, 6, 2] })).toEqual([true, true, true])
  expect(verify({ reportedTokens: 5 })).toEqual([true, true, false])
  expect(passed(verifyTokens('Server', [], 2))).toEqual([false, false, false])
})

test('TEST07: every sample once, and accurate', async () => {
  const { answers } = await run(() => 2, complianceSettings.TEST07(40))
  expect(passed(verifyAccuracyOfAll(answers, 40, 0.7, 0.6))).toEqual([true, true])
  expect(passed(verifyAccuracyOfAll(answers, 40, 0.5, 0.6))).toEqual([true, false])
  expect(passed(verifyAccuracyOfAll(answers.slice(1), 40, 0.7, 0.6))).toEqual([false, true])
})

test('TEST09: answers that were cut short', () => {
  expect(passed(verifyOutputLength([95, 105], 100))).toEqual([true])
  expect(verifyOutputLength([80, 90], 100)[0]).toEqual({
    name: 'output length',
    passed: false,
    found: 'mean of 85.00 tokens over 2 answers, expected 90.00 to 110.00',
  })
  expect(passed(verifyOutputLength([115], 100))).toEqual([false])
  expect(passed(verifyOutputLength([], 100))).toEqual([false])
})

test('the score is higher the faster', async () => {
  const [slow, fast] = [await run(() => 2), await run(() => 1)]
  const ratio =
    score('SingleStream', fast.result as LoadResult) / score('SingleStream', slow.result as LoadResult)
  expect(ratio).toBeCloseTo(2, 12)
})
