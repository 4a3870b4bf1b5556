/**
 * Sixteen normal samples from sixteen uniform ones, in float32, with the very roundings of PyTorch on x86-64
 * (its AVX2 kernel: Cephes' single-precision logarithm and sine, one rounding after every operation).
 *
 * PyTorch without vector instructions (`ATEN_CPU_CAPABILITY=default`) calls the C library instead and differs in
 * the last bits of 38 % of the samples, by at most 2.2e-6; on other processors it may differ in the same way.
 */

const f = Math.fround
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
  for (let i = 1; i < LOG.length; i++) y = f(f(y * x) + LOG[i])
  y = f(f(y * x) * square)
  y = f(y + f(exponent * LN2_LOW))
  y = f(y - f(square * 0.5))
  return f(f(x + y) + f(exponent * LN2_HIGH))
}

const COS = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2].map(f)
const SIN = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1].map(f)
const FOUR_OVER_PI = f(4 / Math.PI)
/** -π/4 in three parts. */
const QUARTER_PI = [-0.78515625, -2.4187564849853515625e-4, -3.77489497744594108e-8].map(f)
const TWO_PI = f(2 * Math.PI)

/** Writes radius·cos θ at `i` and radius·sin θ at `i + 8`, θ ≥ 0. */
function polar(data: Float32Array, i: number, radius: number, theta: number): void {
  const octant = (Math.trunc(f(theta * FOUR_OVER_PI)) + 1) & ~1
  let x = theta
  for (const part of QUARTER_PI) x = f(x + f(octant * part))
  const square = f(x * x)

  let cosine = COS[0]
  cosine = f(f(cosine * square) + COS[1])
  cosine = f(f(cosine * square) + COS[2])
  cosine = f(f(cosine * square) * square)
  cosine = f(f(cosine - f(square * 0.5)) + 1)

  let sine = SIN[0]
  sine = f(f(sine * square) + SIN[1])
  sine = f(f(sine * square) + SIN[2])
  sine = f(f(f(sine * square) * x) + x)

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
