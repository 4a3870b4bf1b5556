import { Generator } from '@flag/core-tensor'
import { bootstrapMean } from '@flag/core-tensor/statistics'
import { describe, expect, test } from 'vitest'
import { comparisonNumbers, errorAt, ratioInterval } from './judge.ts'
import { comparisonPlans } from './plans.ts'
import { checkPlan } from './schema.ts'
import { type MadeUpMachine, madeUpBlocks, madeUpComparison, shareOfDifferences } from './testing/machine.ts'

const quiet: MadeUpMachine = { processes: 0.006, unlucky: 0, rounds: 0.02, samples: 0.01, interrupted: 0.02 }
const noisy: MadeUpMachine = { processes: 0.013, unlucky: 0.02, rounds: 0.3, samples: 0.05, interrupted: 0.3 }

describe('on machines whose truth is known', () => {
  // Seeded: these are the shares of these machines, with standard errors of up to 2 %.
  test('what is the same is called different less often than the level says', () => {
    expect(shareOfDifferences(quiet, 60, 1)).toBeLessThanOrEqual(0.02)
    expect(shareOfDifferences(noisy, 120, 1)).toBeLessThanOrEqual(0.05)
  })

  test('looking three times does not make more of them', () => {
    const threshold = 0
    expect(shareOfDifferences(noisy, 80, 1, { looks: [4, 6, 8], threshold })).toBeLessThanOrEqual(0.05)
  })

  test('a slowdown of 5 % is found', () => {
    expect(shareOfDifferences(quiet, 40, 1.05)).toBe(1)
    expect(shareOfDifferences(noisy, 40, 1.05)).toBeGreaterThanOrEqual(0.7)
    // Where four blocks are not enough, eight are.
    expect(shareOfDifferences(noisy, 40, 1.05, { looks: [4, 8] })).toBeGreaterThanOrEqual(0.9)
  })

  test('one that is found early ends the comparison, and is not weighed against later blocks', () => {
    const blocks = madeUpBlocks(quiet, 16, 1.3, new Generator(0))
    const plan = { looks: [4, 8, 16] }
    const all = comparisonNumbers(madeUpComparison(blocks, plan))
    expect(all).toMatchObject({ verdict: 'slower', pairs: 8, finished: true })
    expect(all).toEqual(comparisonNumbers(madeUpComparison(blocks.slice(0, 4), plan)))
    // The other way round, the second is faster.
    const turned = blocks.map(({ processes: [a, b, a2, b2], ...rest }) => ({
      ...rest,
      processes: [
        { ...b, side: 'a' as const },
        { ...a, side: 'b' as const },
        { ...b2, side: 'a' as const },
        { ...a2, side: 'b' as const },
      ],
    }))
    const other = comparisonNumbers(madeUpComparison(turned, plan))
    expect(other.verdict).toBe('faster')
    expect(other.ratio * all.ratio).toBeCloseTo(1, 12)
  })

  test('a precise comparison that shows nothing ends early too', () => {
    const still = { processes: 1e-4, unlucky: 0, rounds: 0, samples: 1e-4, interrupted: 0 }
    const blocks = madeUpBlocks(still, 4, 1.005, new Generator(0))
    const numbers = comparisonNumbers(madeUpComparison(blocks, { looks: [4, 8] }))
    // Half a per cent is beyond doubt here, and below what is called a difference.
    expect(numbers).toMatchObject({ verdict: 'no difference found', finished: true })
    expect(numbers.low).toBeGreaterThan(1)
    expect(numbers.detectable).toBeLessThan(0.011)
  })

  test('a difference has to be beyond the noise floor, though its interval does not hold 1', () => {
    const blocks = madeUpBlocks(quiet, 4, 1.05, new Generator(0))
    // Two processes of the same subject are far apart, always the same way: pairs agree, and still mean nothing.
    const apart = blocks.map(({ processes, ...rest }) => ({
      ...rest,
      processes: processes.map((each, i) =>
        i < 2 ? each : { ...each, wallNs: each.wallNs.map((samples) => samples.map((ns) => ns * 1.2)) },
      ),
    }))
    const numbers = comparisonNumbers(madeUpComparison(apart, { clock: 'wall' }))
    expect(numbers.low).toBeGreaterThan(1)
    expect(numbers.noiseFloor).toBeGreaterThan(0.1)
    expect(numbers.verdict).toBe('no difference found')
  })
})

test('the clock: on a busy machine that of the processor, unless waiting is part of the work', () => {
  const blocks = madeUpBlocks({ ...quiet, interrupted: 0.9 }, 4, 1.05, new Generator(0))
  const raw = madeUpComparison(blocks)
  const byTheProcessor = comparisonNumbers(raw)
  expect(byTheProcessor.waitingShare).toBeGreaterThan(0.2)
  expect(byTheProcessor).toMatchObject({ clock: 'cpu', verdict: 'slower' })
  const byTheWall = comparisonNumbers({ ...raw, singleThreaded: false })
  expect(byTheWall.clock).toBe('wall')
  expect(byTheWall.otherClock.ratio).toBe(byTheProcessor.ratio)
  expect(comparisonNumbers(madeUpComparison(madeUpBlocks(quiet, 4, 1.05, new Generator(0)))).clock).toBe(
    'wall',
  )
})

test('the interval of few pairs holds the truth about as often as it says', () => {
  const random = new Generator(5)
  let covered = 0
  let plain = 0
  const experiments = 250
  for (let i = 0; i < experiments; i++) {
    const pairs = Array.from(random.randn([8]).data as Float32Array, (x) => x / 100)
    const { low, high } = ratioInterval(pairs, 0.95, i)
    if (low <= 1 && high >= 1) covered++
    const without = bootstrapMean(pairs, { resamples: 1000, seed: i })
    if (without.low <= 0 && without.high >= 0) plain++
  }
  // 0.93, with a standard error of 0.016, where the bootstrap at its own level has less than 0.9.
  expect(covered / experiments).toBeGreaterThan(0.91)
  expect(covered / experiments).toBeLessThan(0.97)
  expect(covered - plain).toBeGreaterThan(experiments * 0.03)
})

test('all looks together use up the level, the later ones more', () => {
  const plan = { ...comparisonPlans.normal }
  const errors = plan.looks.map((_, i) => errorAt(plan, i))
  expect(errors.reduce((a, b) => a + b)).toBeCloseTo(0.05, 15)
  expect([...errors].sort((a, b) => a - b)).toEqual(errors)
})

test.each([
  [{ looks: [8, 4] }, /looks are 8, 4, expected rising numbers/],
  [{ looks: [] }, /looks/],
  [{ confidence: 1 }, /confidence/],
  [{ rounds: 2 }, /rounds/],
])('a plan that cannot be followed: %j', (wrong, message) => {
  expect(() => checkPlan({ ...comparisonPlans.quick, ...wrong })).toThrow(message)
})
