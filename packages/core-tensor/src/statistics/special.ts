import { FlagError } from '../errors.ts'

const LOG_SQRT_2PI = 0.9189385332046727
/** Coefficients of Stirling's series for ln Γ: B₂ₖ / (2k (2k − 1)) (DLMF 5.11.1). */
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156]
/** From here on seven terms of the series are exact in float64. */
const STIRLING_FROM = 12
const TINY = 1e-300

/** ln Γ(x) for x > 0. Throws `invalid-argument`. */
export function logGamma(x: number): number {
  if (!(x > 0)) throw new FlagError('invalid-argument', `logGamma(${x}): expected a number above 0`)
  let shift = 1
  let y = x
  // Γ(x) = Γ(x + 1) / x, up to where the series holds.
  while (y < STIRLING_FROM) shift *= y++
  const inverse = 1 / (y * y)
  let series = 0
  for (let k = STIRLING.length - 1; k >= 0; k--) series = series * inverse + STIRLING[k]
  return (y - 0.5) * Math.log(y) - y + LOG_SQRT_2PI + series / y - Math.log(shift)
}

/** ln of the binomial coefficient n over k, for whole numbers 0 ≤ k ≤ n. */
export function logChoose(n: number, k: number): number {
  return logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1)
}

/** The continued fraction b₀ + a₁/(b₁ + a₂/(b₂ + …)) by Lentz's method (DLMF 3.10(iii)). */
function continuedFraction(b0: number, term: (i: number) => readonly [a: number, b: number]): number {
  let value = b0 || TINY
  let c = value
  let d = 0
  for (let i = 1; i < 10_000; i++) {
    const [a, b] = term(i)
    d = 1 / (b + a * d || TINY)
    c = b + a / c || TINY
    const factor = c * d
    value *= factor
    if (Math.abs(factor - 1) < 2 ** -52) break
  }
  return value
}

/** The complementary error function, with relative precision in the right tail (DLMF 7.6.2 and 7.9.1). */
export function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x)
  if (x < 2) {
    let term = x
    let sum = x
    for (let n = 1; term > sum * 2 ** -54; n++) {
      term *= (2 * x * x) / (2 * n + 1)
      sum += term
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
  }
  // √π e^{x²} erfc(x) = 1 / (x + ½/(x + 1/(x + 3⁄2/(x + …))))
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / continuedFraction(x, (i) => [i / 2, x])
}

/** P(Z ≤ z) of the standard normal distribution. */
export function normalCdf(z: number): number {
  return erfc(-z / Math.SQRT2) / 2
}

/** The z with P(Z ≤ z) = p: ±Infinity at 0 and 1. Throws `invalid-argument` outside 0 to 1. */
export function normalQuantile(p: number): number {
  checkProbability('normalQuantile', p)
  if (p === 0) return Number.NEGATIVE_INFINITY
  if (p > 0.5) return p === 1 ? Number.POSITIVE_INFINITY : -normalQuantile(1 - p)
  // Abramowitz and Stegun 26.2.23 is right to 4.5e-4; each of Halley's steps triples the digits.
  const t = Math.sqrt(-2 * Math.log(p))
  let z =
    (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))) - t
  for (let i = 0; i < 3; i++) {
    const step = (normalCdf(z) - p) * Math.sqrt(2 * Math.PI) * Math.exp((z * z) / 2)
    z -= step / (1 + (z * step) / 2)
  }
  return z
}

/** The regularised incomplete beta function Iₓ(a, b) for a, b > 0 (DLMF 8.17.22). Throws `invalid-argument`. */
export function incompleteBeta(x: number, a: number, b: number): number {
  checkProbability('incompleteBeta', x)
  if (x === 0 || x === 1) return x
  // The fraction converges fast only left of the mean.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a)
  const front = Math.exp(
    a * Math.log(x) + b * Math.log1p(-x) - logGamma(a) - logGamma(b) + logGamma(a + b) - Math.log(a),
  )
  const fraction = continuedFraction(1, (i) => {
    const m = Math.floor(i / 2)
    const top = i % 2 === 0 ? m * (b - m) : -(a + m) * (a + b + m)
    return [(top * x) / ((a + i - 1) * (a + i)), 1]
  })
  return front / fraction
}

/** The x with Iₓ(a, b) = p, by bisection down to neighbouring floating-point numbers. */
export function betaQuantile(p: number, a: number, b: number): number {
  checkProbability('betaQuantile', p)
  return bisect((x) => incompleteBeta(x, a, b) < p, 0, 1)
}

/**
 * The p-th quantile (0 to 1, exclusive) of Student's t distribution: t² / (degrees + t²) is beta distributed. Throws
 * `invalid-argument`.
 */
export function studentQuantile(p: number, degrees: number): number {
  if (!(p > 0 && p < 1 && degrees > 0))
    throw new FlagError(
      'invalid-argument',
      `studentQuantile(${p}, ${degrees}): expected 0 < p < 1 and degrees of freedom above 0`,
    )
  if (p === 0.5) return 0
  const tail = 2 * Math.min(p, 1 - p)
  // 1 - t² / (degrees + t²), which keeps its digits where t is large.
  const rest = betaQuantile(tail, degrees / 2, 0.5)
  return Math.sign(p - 0.5) * Math.sqrt((degrees * (1 - rest)) / rest)
}

/**
 * Where a condition that holds at `low` and not at `high` ceases to hold, between neighbouring floating-point numbers.
 */
export function bisect(holds: (x: number) => boolean, low: number, high: number): number {
  for (;;) {
    const middle = (low + high) / 2
    if (middle <= low || middle >= high) return middle
    if (holds(middle)) low = middle
    else high = middle
  }
}

/** P(X = k) of k successes in n trials of probability p. */
export function binomialPmf(k: number, n: number, p: number): number {
  if (p === 0 || p === 1) return k === n * p ? 1 : 0
  return Math.exp(logChoose(n, k) + k * Math.log(p) + (n - k) * Math.log1p(-p))
}

/** P(X ≤ k) of at most k successes in n trials of probability p. */
export function binomialCdf(k: number, n: number, p: number): number {
  if (k < 0) return 0
  return k >= n ? 1 : incompleteBeta(1 - p, n - k, k + 1)
}

/** The least k with P(X ≤ k) ≥ q in n trials of probability p. */
export function binomialQuantile(q: number, n: number, p: number): number {
  let [low, high] = [-1, n]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (binomialCdf(middle, n, p) < q) low = middle
    else high = middle
  }
  return high
}

/** Throws `invalid-argument` unless 0 ≤ p ≤ 1. */
export function checkProbability(name: string, p: number): void {
  if (!(p >= 0 && p <= 1)) throw new FlagError('invalid-argument', `${name}: ${p} is not between 0 and 1`)
}
