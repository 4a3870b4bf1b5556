/** Stirling's series for ln Γ(x), shifted to where eight terms reach double precision (DLMF 5.11.1). */
function lnGamma(x: number): number {
  let shift = 0
  let z = x
  while (z < 16) shift += Math.log(z++)
  const inverse = 1 / (z * z)
  const series =
    (1 / 12 +
      inverse *
        (-1 / 360 +
          inverse * (1 / 1260 + inverse * (-1 / 1680 + inverse * (1 / 1188 - inverse * (691 / 360360)))))) /
    z
  return (z - 0.5) * Math.log(z) - z + Math.log(2 * Math.PI) / 2 + series - shift
}

const SMALLEST = 1e-300

/** The continued fraction of the incomplete beta function, by Lentz's method (DLMF 8.17.22). */
function betaFraction(x: number, a: number, b: number): number {
  let c = 1
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1))
  let fraction = d
  for (let m = 1; m < 100_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / nonZero(1 + even * d)
    c = nonZero(1 + even / c)
    fraction *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / nonZero(1 + odd * d)
    c = nonZero(1 + odd / c)
    const step = d * c
    fraction *= step
    if (Math.abs(step - 1) < 1e-15) break
  }
  return fraction
}

const nonZero = (value: number) => (Math.abs(value) < SMALLEST ? SMALLEST : value)

/** The regularised incomplete beta function I_x(a, b), with 1 - x given too, for precision near 1. */
function betaRegularized(x: number, oneMinusX: number, a: number, b: number): number {
  const front = Math.exp(lnGamma(a + b) - lnGamma(a) - lnGamma(b) + a * Math.log(x) + b * Math.log(oneMinusX))
  if (x < (a + 1) / (a + b + 2)) return (front * betaFraction(x, a, b)) / a
  return 1 - (front * betaFraction(oneMinusX, b, a)) / b
}

/** P[Binomial(n, p) <= k]; `q` is 1 - p. */
export function lowerTail(n: number, k: number, p: number, q: number): number {
  return k >= n ? 1 : betaRegularized(q, p, n - k, k + 1)
}
