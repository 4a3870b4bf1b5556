const MODULUS = 2147483647
const MULTIPLIER = 48271
/** Its values are 1 … 2^31 − 2. */
const RANGE = MODULUS - 1

/**
 * C++'s `minstd_rand` (Park, Miller and Stockmeyer 1993) with the distributions of GNU's library, from which fastText
 * draws.
 */
export class MinimalStandard {
  #state: number

  constructor(seed: number) {
    this.#state = seed % MODULUS || 1
  }

  #next(): number {
    this.#state = (this.#state * MULTIPLIER) % MODULUS
    return this.#state
  }

  /** A number in [low, high), from two values. */
  uniform(low: number, high: number): number {
    const first = this.#next() - 1
    const share = (first + (this.#next() - 1) * RANGE) / (RANGE * RANGE)
    return (share >= 1 ? 1 - 2 ** -53 : share) * (high - low) + low
  }

  /** A whole number in [0, size). */
  below(size: number): number {
    const step = Math.floor((RANGE - 1) / size)
    for (;;) {
      const value = this.#next() - 1
      if (value < size * step) return Math.floor(value / step)
    }
  }
}
