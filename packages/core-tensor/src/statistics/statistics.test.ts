import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bcaInterval } from './bootstrap.ts'
import {
  benjaminiHochberg,
  betaQuantile,
  binomialCdf,
  binomialPmf,
  binomialQuantile,
  bootstrap,
  bootstrapDifference,
  bootstrapMean,
  clopperPearsonInterval,
  detectableMean,
  detectablePairedDifference,
  detectableUnpairedDifference,
  erfc,
  holm,
  incompleteBeta,
  logGamma,
  mannWhitney,
  mcnemar,
  mcnemarOf,
  nearestRank,
  normalCdf,
  normalQuantile,
  quantile,
  quantileInterval,
  sorted,
  studentQuantile,
  wilcoxon,
  wilsonInterval,
} from './index.ts'
import { simulate } from './testing/coverage.ts'
import { golden } from './testing/golden.ts'
import { theilSen } from './theilSen.ts'

function near(found: number, expected: number, relative: number, what: unknown = '') {
  const error = Math.abs(found - expected)
  expect(error, `${what}: ${found}, expected ${expected}`).toBeLessThanOrEqual(
    relative * Math.max(Math.abs(expected), 1e-300),
  )
}

describe('special functions, against SciPy', () => {
  it('normal distribution', () => {
    for (const [x, value] of golden.normalCdf) near(normalCdf(x), value, 1e-12, x)
    for (const [p, value] of golden.normalQuantile) near(normalQuantile(p), value, 1e-12, p)
    expect(normalQuantile(0)).toBe(Number.NEGATIVE_INFINITY)
    expect(normalQuantile(1)).toBe(Number.POSITIVE_INFINITY)
  })

  it('gamma, error function, beta', () => {
    for (const [x, value] of golden.logGamma)
      expect(Math.abs(logGamma(x) - value), `${x}`).toBeLessThan(1e-14 * Math.max(1, Math.abs(value)))
    for (const [x, value] of golden.erfc) near(erfc(x), value, 1e-12, x)
    for (const [x, a, b, value] of golden.incompleteBeta)
      near(incompleteBeta(x, a, b), value, 1e-9, [x, a, b])
  })

  it('binomial distribution', () => {
    for (const [k, n, p, pmf, cdf, q, least] of golden.binomial) {
      near(binomialPmf(k, n, p), pmf, 1e-10, [k, n, p])
      near(binomialCdf(k, n, p), cdf, 1e-10, [k, n, p])
      expect(binomialQuantile(q, n, p)).toBe(least)
    }
  })

  it('the quantiles of Student’s t, where they have a closed form, and its limit', () => {
    for (const p of [1e-7, 0.005, 0.3, 0.5, 0.7, 0.975, 0.9999]) {
      const x = 2 * p - 1
      const four = () => {
        const a = 4 * p * (1 - p)
        return Math.sign(x) * 2 * Math.sqrt(Math.cos(Math.acos(Math.sqrt(a)) / 3) / Math.sqrt(a) - 1)
      }
      const scale = (found: number, expected: number) =>
        expect(Math.abs(found - expected)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(expected)))
      scale(studentQuantile(p, 1), Math.tan(Math.PI * (p - 0.5)))
      scale(studentQuantile(p, 2), x * Math.sqrt(2 / (1 - x * x)))
      scale(studentQuantile(p, 4), four())
      scale(studentQuantile(p, 1e7), normalQuantile(p) * (1 + 1e-9))
    }
    expect(() => studentQuantile(1, 3)).toThrow(/expected 0 < p < 1/)
    expect(() => studentQuantile(0.5, 0)).toThrow(/degrees of freedom above 0/)
  })
  it('the beta quantile undoes the beta distribution', () => {
    const parameter = fc.double({ min: 0.5, max: 500, noNaN: true })
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 0.999, noNaN: true }), parameter, parameter, (p, a, b) => {
        near(incompleteBeta(betaQuantile(p, a, b), a, b), p, 1e-9)
      }),
    )
  })
})

describe('proportions, against statsmodels', () => {
  it('Wilson and Clopper-Pearson', () => {
    for (const [k, n, confidence, wilson, exact] of golden.proportions) {
      const ours = [wilsonInterval(k, n, confidence), clopperPearsonInterval(k, n, confidence)]
      for (const [i, [low, high]] of [wilson, exact].entries()) {
        expect(Math.abs(ours[i].low - low)).toBeLessThan(1e-12)
        expect(Math.abs(ours[i].high - high)).toBeLessThan(1e-12)
      }
    }
  })

  it('refuses what is no proportion', () => {
    expect(() => wilsonInterval(3, 2)).toThrow('3 successes in 2 trials')
    expect(() => wilsonInterval(0, 0)).toThrow('0 trials')
    expect(() => clopperPearsonInterval(1, 2, 95)).toThrow('confidence is 95')
  })
})

describe('tests, against SciPy and statsmodels', () => {
  it('McNemar', () => {
    for (const [b, c, exact, midP, asymptotic] of golden.mcnemar) {
      const result = mcnemar(b, c)
      near(result.exact, exact, 1e-11, [b, c])
      near(result.midP, midP, 1e-11, [b, c])
      near(result.asymptotic, asymptotic, 1e-11, [b, c])
    }
    expect(mcnemarOf([1, 1, 0, 0], [true, false, true, true]).discordant).toEqual([1, 2])
    expect(() => mcnemarOf([1], [])).toThrow('pairs need equally many')
  })

  it('Wilcoxon signed-rank', () => {
    for (const { a, b, exact, normal } of golden.wilcoxon) {
      near(wilcoxon(a, b, { method: 'normal' }).p, normal, 1e-11)
      if (exact !== null) near(wilcoxon(a, b).p, exact, 1e-11)
    }
    expect(wilcoxon([1, 2], [1, 2]).p).toBe(1)
  })

  it('Mann-Whitney', () => {
    for (const { a, b, u, exact, normal } of golden.mannWhitney) {
      expect(mannWhitney(a, b).u).toBe(u)
      near(mannWhitney(a, b, { method: 'normal' }).p, normal, 1e-11)
      if (exact !== null) near(mannWhitney(a, b).p, exact, 1e-11)
    }
    expect(mannWhitney([3, 4], [1, 2]).superiority).toBe(1)
    expect(() => mannWhitney([], [1])).toThrow('empty')
    expect(() => mannWhitney([Number.NaN], [1])).toThrow('NaN')
  })

  it('Holm and Benjamini-Hochberg', () => {
    for (const { p, holm: holmed, bh } of golden.multiple) {
      holm(p).forEach((value, i) => void near(value, holmed[i], 1e-13))
      benjaminiHochberg(p).forEach((value, i) => void near(value, bh[i], 1e-13))
    }
    expect(() => holm([0.5, 1.5])).toThrow('1.5')
  })
})

describe('percentiles, against NumPy and SciPy', () => {
  it('linear, nearest rank and their interval', () => {
    for (const { n, p, linear, nearest, confidence, interval } of golden.quantiles) {
      const values = golden.quantileValues[n]
      near(quantile(values, p), linear, 1e-12)
      expect(nearestRank(values, p)).toBe(nearest)
      const { low, high, coverage } = quantileInterval(values, p, confidence)
      expect([low, high], `${n} ${p}`).toEqual(interval)
      if (low !== null && high !== null) expect(coverage).toBeGreaterThanOrEqual(confidence)
    }
  })

  it('refuses NaN and nothing', () => {
    expect(() => sorted([1, Number.NaN])).toThrow('NaN')
    expect(() => quantile([], 0.5)).toThrow('no values')
    expect(() => quantile([1], 50)).toThrow('between 0 and 1')
  })
})

describe('bootstrap', () => {
  it('puts the bounds where SciPy puts them', () => {
    for (const { estimate, distribution, left, method, interval } of golden.bootstrap) {
      const rising = sorted(distribution)
      const ours =
        method === 'bca'
          ? bcaInterval(rising, estimate, Float64Array.from(left), 0.95)
          : { low: quantile(rising, 0.025), high: quantile(rising, 0.975) }
      near(ours.low, interval[0], 1e-9, method)
      near(ours.high, interval[1], 1e-9, method)
    }
  })

  it('gives the same from the same seed, by the fast path and the general one', () => {
    const values = [1, 5, 2, 8, 3, 9, 4]
    const mean = (places: Int32Array) => places.reduce((sum, at) => sum + values[at], 0) / places.length
    for (const clusters of [undefined, ['a', 'b', 'a', 'b', 'c', 'd', 'c']]) {
      const options = { seed: 5, resamples: 200, ...(clusters && { clusters }) }
      const general = bootstrap(values.length, mean, options)
      const fast = bootstrapMean(values, options)
      for (const key of ['low', 'high', 'estimate', 'standardError'] as const)
        near(fast[key], general[key], 1e-12)
      expect(fast.units).toBe(clusters ? 4 : 7)
    }
    expect(bootstrapMean(values, { seed: 6 })).not.toEqual(bootstrapMean(values, { seed: 5 }))
  })

  it('knows that pairs go together', () => {
    const first = Array.from({ length: 50 }, (_, i) => i)
    const paired = bootstrapDifference(
      first,
      first.map((x) => x - 1),
    )
    expect([paired.low, paired.high, paired.method]).toEqual([1, 1, 'percentile'])
  })

  it('refuses what it cannot draw from', () => {
    const [few] = [bootstrapMean([0, 1])]
    expect([few.low, few.high]).toEqual([0, 1])
    expect(() => bootstrapMean([])).toThrow('no samples')
    expect(() => bootstrapMean([1, 2], { clusters: [1] })).toThrow('1 cluster labels for 2 samples')
    expect(() => bootstrapMean([1, 2], { resamples: 1 })).toThrow('1 resamples')
    expect(() => bootstrapDifference([1], [])).toThrow('pairs')
  })
})

describe('power', () => {
  it('is that of statsmodels', () => {
    for (const [n, deviation, difference, power] of golden.power)
      near(detectableMean(n, deviation, { power }), difference, 1e-9, 'mean')
    for (const [n, proportion, rise, power] of golden.unpairedPower)
      near(detectableUnpairedDifference(n, proportion, { power }) as number, rise, 1e-9)
  })

  it('has no answer where nothing could be found', () => {
    expect(detectablePairedDifference(10, 0.1)).toBeNull()
    expect(detectablePairedDifference(400, 0)).toBeNull()
    expect(detectableUnpairedDifference(2, 0.9)).toBeNull()
    expect(() => detectableMean(0, 1)).toThrow('0 samples')
  })
})

describe('simulated experiments', () => {
  const table = new Map(simulate(400).map(({ what, share }) => [what, share]))
  const shares = (words: RegExp) => [...table].filter(([what]) => words.test(what)).map(([, share]) => share)

  it('intervals contain the truth as often as they say', () => {
    const honest = [...shares(/^Wilson/), ...shares(/bca/), ...shares(/by picture/)]
    expect(honest.length).toBe(4)
    // 400 experiments: four standard errors of a share of 0.95 are 0.044.
    for (const share of honest) expect(Math.abs(share - 0.95)).toBeLessThan(0.044)
    for (const share of [...shares(/^Clopper/), ...shares(/^order/)]) expect(share).toBeGreaterThan(0.92)
    expect(shares(/by caption/)[0]).toBeLessThan(0.8)
  })

  it('tests do not see what is not there, and the paired one sees what the unpaired one misses', () => {
    for (const share of shares(/^no difference/)) expect(share).toBeLessThan(0.094)
    const [exact, midP, unpaired] = shares(/^a difference/)
    expect(exact).toBeGreaterThan(0.65)
    expect(midP).toBeGreaterThan(0.7)
    expect(unpaired).toBeLessThan(0.25)
    expect(shares(/^a difference .* paired bootstrap/)[0]).toBeGreaterThan(0.7)
    expect(shares(/^a difference .* Welch/)[0]).toBeLessThan(0.05)
  })
})

describe('lines', () => {
  it('Theil and Sen, with ties and outliers', () => {
    for (const { x, y, confidence, line } of golden.theilSen) {
      const { slope, intercept, interval } = theilSen(x, y, confidence)
      const got = [slope, intercept, interval.low, interval.high]
      got.forEach((value, i) => void near(value, line[i], 1e-12))
    }
    // A third of the points far away does not turn it.
    const times = Array.from({ length: 30 }, (_, i) => i)
    expect(
      theilSen(
        times,
        times.map((t) => (t % 3 === 0 ? 1000 : 2 * t)),
      ).slope,
    ).toBeCloseTo(2, 0)
    expect(() => theilSen([1, 1], [0, 1])).toThrow(/x differs/)
    expect(() => theilSen([1], [0, 1])).toThrow(/not points/)
  })
})
