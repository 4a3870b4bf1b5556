/** Bins per doubling: the bounds of a bin differ by 1.1 %. */
const PER_OCTAVE = 64

/** The bin of a number: 0 holds zero, and negative numbers have negative bins. */
function binOf(value: number): number {
  if (value === 0) return 0
  const bin = Math.floor(Math.log2(Math.abs(value)) * PER_OCTAVE) + OFFSET
  return value < 0 ? -bin : bin
}

/** The smallest double has a logarithm of -1074. */
const OFFSET = 1075 * PER_OCTAVE

const lowOf = (bin: number) => 2 ** ((bin - OFFSET) / PER_OCTAVE)
/** The middle of a bin, in proportion. */
const middleOf = (bin: number) =>
  bin === 0 ? 0 : Math.sign(bin) * lowOf(Math.abs(bin)) * 2 ** (0.5 / PER_OCTAVE)

/**
 * What is known of a stream of numbers in little memory: count, mean, standard deviation, extremes (exact), and quantiles
 * from a histogram with logarithmic bins, within 0.6 % of the value.
 */
export class NumberSummary {
  count = 0
  mean = 0
  min = Number.POSITIVE_INFINITY
  max = Number.NEGATIVE_INFINITY
  /** Sum of squared deviations, updated after Welford (1962). */
  #squares = 0
  readonly #bins = new Map<number, number>()

  /** NaN and the infinities are not numbers that can be summarised; the caller says what they mean. */
  add(value: number): void {
    this.count++
    const delta = value - this.mean
    this.mean += delta / this.count
    this.#squares += delta * (value - this.mean)
    if (value < this.min) this.min = value
    if (value > this.max) this.max = value
    const bin = binOf(value)
    this.#bins.set(bin, (this.#bins.get(bin) ?? 0) + 1)
  }

  get deviation(): number {
    return this.count > 1 ? Math.sqrt(this.#squares / (this.count - 1)) : 0
  }

  /** The value below which the share `q` lies. */
  quantile(q: number): number {
    const bins = this.#sorted()
    let rank = Math.max(1, Math.ceil(q * this.count))
    for (const [bin, count] of bins) {
      rank -= count
      if (rank <= 0) return Math.min(Math.max(middleOf(bin), this.min), this.max)
    }
    return this.max
  }

  /** Counts between edges that grow in proportion when all numbers are positive, and evenly else. */
  histogram(bins = 40): { edges: number[]; counts: number[] } {
    const logarithmic = this.min > 0 && this.max > 20 * this.min
    const [low, high] = logarithmic ? [Math.log(this.min), Math.log(this.max)] : [this.min, this.max]
    const width = (high - low) / bins || 1
    const edges = Array.from({ length: bins + 1 }, (_, i) =>
      logarithmic ? Math.exp(low + i * width) : low + i * width,
    )
    const counts = new Array<number>(bins).fill(0)
    for (const [bin, count] of this.#bins) {
      const value = Math.min(Math.max(middleOf(bin), this.min), this.max)
      const at = Math.floor(((logarithmic ? Math.log(value) : value) - low) / width)
      counts[Math.min(Math.max(at, 0), bins - 1)] += count
    }
    return { edges, counts }
  }

  #sorted(): [number, number][] {
    return [...this.#bins].sort(([a], [b]) => a - b)
  }
}
