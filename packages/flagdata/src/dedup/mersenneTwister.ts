/**
 * MT19937 as NumPy's `RandomState(seed)` runs it: seeded by `init_genrand` (Matsumoto and Nishimura, 1998/2002). Kept
 * here because the permutations of MinHash are defined by its raw output.
 */
export class MersenneTwister {
  readonly #state = new Uint32Array(624)
  #at = 624

  constructor(seed: number) {
    const state = this.#state
    state[0] = seed
    for (let i = 1; i < 624; i++) {
      const previous = state[i - 1] ^ (state[i - 1] >>> 30)
      state[i] = Math.imul(1812433253, previous) + i
    }
  }

  /** The next 32 random bits. */
  next32(): number {
    if (this.#at === 624) this.#twist()
    let y = this.#state[this.#at++]
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    return (y ^ (y >>> 18)) >>> 0
  }

  /** A random integer in [low, high), as NumPy's legacy `randint` with dtype uint64 draws it. */
  nextUint64(low: bigint, high: bigint): bigint {
    const range = high - 1n - low
    const mask = (1n << BigInt(range.toString(2).length)) - 1n
    for (;;) {
      const bits = (BigInt(this.next32()) << 32n) | BigInt(this.next32())
      if ((bits & mask) <= range) return low + (bits & mask)
    }
  }

  #twist(): void {
    const state = this.#state
    for (let i = 0; i < 624; i++) {
      const y = (state[i] & 0x80000000) | (state[(i + 1) % 624] & 0x7fffffff)
      state[i] = state[(i + 397) % 624] ^ (y >>> 1) ^ ((y & 1) * 0x9908b0df)
    }
    this.#at = 0
  }
}
