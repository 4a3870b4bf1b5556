/**
 * Sixteen normal samples from sixteen uniform ones, in float32, with the very roundings of PyTorch on x86-64
 * (its AVX2 kernel: Cephes' single-precision logarithm and sine, products fused into the sums after them).
 *
 * PyTorch without vector instructions (`ATEN_CPU_CAPABILITY=default`) calls the C library instead and differs in
 * the last bits of 38 % of the samples, by at most 2.2e-6; on other processors it may differ in the same way.
 */

const f = Math.fround

/** `a · b + c` of float32 numbers with one rounding to float32. */
function fma(a: number, b: number, c: number): number {
  const product = a * b // exact: 24 + 24 bits fit in 53
  const sum = product + c
  const rounded = f(sum)
  const rest = sum - rounded
  const other = rounded + 2 * rest
  if (rest === 0 || f(other) !== other) return rounded
  // The double lies half-way between two floats: what it lost itself decides.
  const back = sum - product
  const lost = product - (sum - back) + (c - back)
  return lost * rest > 0 ? other : rounded
}

const bits = new Uint32Array(1)
const asFloat = new Float32Array(bits.buffer)

const LOG = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
  2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
].map(f)
/** ln 2 in two parts, the larger exact in few bits. */
const LN2_HIGH = f(0.693359375)
const LN2_LOW = f(-2.1219444e-4)
const SQRT_HALF = f(Math.SQRT1_2)

/** Natural logarithm of a float32 in (0, 1]. */
function log(value: number): number {
  asFloat[0] = value
  let exponent = (bits[0] >>> 23) - 126
  bits[0] = (bits[0] & 0x7fffff) | 0x3f000000
  const mantissa = asFloat[0] // in [0.5, 1)
  let x = f(mantissa - 1)
  if (mantissa < SQRT_HALF) {
    exponent -= 1
    x = f(x + mantissa)
  }
  const square = f(x * x)
  let y = LOG[0]
  for (let i = 1; i < LOG.length; i++) y = fma(y, x, LOG[i])
  y = fma(f(y * x), square, f(exponent * LN2_LOW))
  y = f(y - square * 0.5)
  return fma(exponent, LN2_HIGH, f(x + y))
}

const COS = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2].map(f)
const SIN = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1].map(f)
const FOUR_OVER_PI = f(4 / Math.PI)
/** -π/4 in three parts. */
const QUARTER_PI = [-0.78515625, -2.4187564849853516e-4, -3.774894977445941e-8].map(f)
const TWO_PI = f(2 * Math.PI)

/** Writes radius·cos θ at `i` and radius·sin θ at `i + 8`, θ ≥ 0. */
function polar(data: Float32Array, i: number, radius: number, theta: number): void {
  const octant = (Math.trunc(f(theta * FOUR_OVER_PI)) + 1) & ~1
  let x = theta
  for (const part of QUARTER_PI) x = fma(octant, part, x)
  const square = f(x * x)

  let cosine = fma(fma(COS[0], square, COS[1]), square, COS[2])
  cosine = f(fma(f(cosine * square), square, f(square * -0.5)) + 1)
  let sine = fma(fma(SIN[0], square, SIN[1]), square, SIN[2])
  sine = fma(f(sine * square), x, x)

  if (octant & 2) [sine, cosine] = [cosine, sine]
  if (octant & 4) sine = -sine
  if (!((octant - 2) & 4)) cosine = -cosine
  data[i] = f(radius * cosine)
  data[i + 8] = f(radius * sine)
}

/** Turns `data[start … start + 16)` from uniform in [0, 1) to normal, pairing element j with j + 8. */
export function boxMuller16(data: Float32Array, start: number): void {
  for (let i = start; i < start + 8; i++) {
    const radius = f(Math.sqrt(f(-2 * log(f(1 - data[i])))))
    polar(data, i, radius, f(TWO_PI * data[i + 8]))
  }
}
