// fastText computes in 32-bit floats. JavaScript's numbers are 64-bit, and rounding them after each operation gives the
// same bits; the C library's own functions for floats do not, and the one that fastText calls is written out here.

const N = 32
const POWERS = Float64Array.from({ length: N }, (_, i) => 2 ** (i / N))
const SHIFT = 1.5 * 2 ** 52
const SCALE = N * Math.LOG2E
const [C0, C1, C2] = [0.05550361559341535 / N ** 3, 0.2402284522445722 / N ** 2, 0.6931471806916203 / N]

/**
 * The exponential of a 32-bit float as a 32-bit float, in the bits of glibc 2.27 and later: 2^(k/32) from a table times
 * a cubic polynomial in the rest (Szabolcs Nagy's expf of ARM's optimized routines). It is not always the nearest float.
 */
export function expf(x: number): number {
  if (!(x > -104)) return x <= -104 ? 0 : Number.NaN
  if (x > 88.72283935546875) return Number.POSITIVE_INFINITY
  const z = SCALE * x
  const k = z + SHIFT - SHIFT
  const r = z - k
  const low = ((k % N) + N) % N
  const y = (C0 * r + C1) * (r * r) + (C2 * r + 1)
  return Math.fround(y * POWERS[low] * 2 ** ((k - low) / N))
}

/** fastText's logarithm of a probability: never of zero. */
export const stdLog = (x: number): number => Math.fround(Math.log(x + 1e-5))
