import { readFileSync } from 'node:fs'

interface Ranks {
  a: number[]
  b: number[]
  exact: number | null
  normal: number
}

interface Golden {
  normalCdf: [x: number, value: number][]
  normalQuantile: [p: number, value: number][]
  logGamma: [x: number, value: number][]
  erfc: [x: number, value: number][]
  incompleteBeta: [x: number, a: number, b: number, value: number][]
  binomial: [k: number, n: number, p: number, pmf: number, cdf: number, q: number, quantile: number][]
  proportions: [k: number, n: number, confidence: number, wilson: [number, number], exact: [number, number]][]
  mcnemar: [b: number, c: number, exact: number, midP: number, asymptotic: number][]
  wilcoxon: Ranks[]
  mannWhitney: (Ranks & { u: number })[]
  multiple: { p: number[]; holm: number[]; bh: number[] }[]
  quantileValues: Record<string, number[]>
  quantiles: {
    n: number
    p: number
    linear: number
    nearest: number
    confidence: number
    interval: [number | null, number | null]
  }[]
  bootstrap: {
    estimate: number
    distribution: number[]
    left: number[]
    method: 'bca' | 'percentile'
    interval: [number, number]
    standardError: number
  }[]
  power: [n: number, deviation: number, difference: number, power: number][]
  theilSen: {
    x: number[]
    y: number[]
    confidence: number
    line: [slope: number, intercept: number, low: number, high: number]
  }[]
  unpairedPower: [n: number, proportion: number, rise: number, power: number][]
}

/** Values of SciPy and statsmodels, made by tools/oracles/scipy_statistics.py. */
export const golden = JSON.parse(
  readFileSync(new URL('../../../goldens/statistics/scipy.json', import.meta.url), 'utf8'),
) as Golden
