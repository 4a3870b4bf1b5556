/**
 * A small counter-free generator for augmentation: xoshiro128++ (Blackman and Vigna, 2019), seeded through
 * splitmix32. Picture augmentation draws dozens of scalars per picture; this keeps them in registers, where
 * core-tensor's Generator (bit-equal to torch) works in whole tensors.
 *
 * The state is four 32-bit words. `new Random(seed, step)` gives every training step its own stream, so a
 * resumed run needs no saved state: step 1,000 draws the same numbers whether or not step 999 ran just before.
 */
export class Random {
  private a: number
  private b: number
  private c: number
  private d: number

  /** Streams of different `seed` or different `stream` numbers are independent for practical purposes. */
  constructor(seed: number, stream = 0) {
    let z = (Math.imul(seed | 0, 0x9e3779b1) ^ Math.imul((stream | 0) + 0x632be5ab, 0x85ebca77)) | 0
    const next = () => {
      z = (z + 0x9e3779b9) | 0
      let t = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
      t = Math.imul(t ^ (t >>> 15), 0x735a2d97)
      return t ^ (t >>> 15)
    }
    this.a = next()
    this.b = next()
    this.c = next()
    this.d = next() | 1 // the all-zero state is the one fixed point
  }

  /** The next 32 random bits, as an unsigned integer. */
  uint32(): number {
    const sum = (this.a + this.d) | 0
    const result = (((sum << 7) | (sum >>> 25)) + this.a) >>> 0
    const shifted = this.b << 9
    this.c ^= this.a
    this.d ^= this.b
    this.b ^= this.c
    this.a ^= this.d
    this.c ^= shifted
    this.d = (this.d << 11) | (this.d >>> 21)
    return result
  }

  /** Uniform in [low, high). */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * (this.uint32() / 4294967296)
  }

  /** True with probability `p`. */
  chance(p: number): boolean {
    return this.uniform() < p
  }

  /** A uniform integer in [0, n). The bias of the multiplication is below n / 2^32. */
  below(n: number): number {
    return Math.floor(this.uniform() * n)
  }

  /** A standard normal number (Box-Muller, one of the pair). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()))
    return radius * Math.cos(2 * Math.PI * this.uniform())
  }

  /** One element of `items`. */
  pick<T>(items: ArrayLike<T>): T {
    return items[this.below(items.length)]
  }

  /** A permutation of 0 … n-1 (Fisher-Yates). */
  permutation(n: number): Uint32Array {
    const order = Uint32Array.from({ length: n }, (_, i) => i)
    for (let i = n - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const kept = order[i]
      order[i] = order[j]
      order[j] = kept
    }
    return order
  }
}
