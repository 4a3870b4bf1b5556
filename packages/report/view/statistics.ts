/** Element floor(n p) of sorted values, without interpolation. */
export const quantile = (sorted: ArrayLike<number>, p: number) =>
  sorted[Math.min(sorted.length - 1, Math.trunc(sorted.length * p))]

export interface Bins {
  readonly edges: readonly number[]
  readonly counts: readonly number[]
}

/**
 * Edges that all series share, by the rule of Freedman and Diaconis (1981), at least 10 and at most 60 bins. With `log`
 * the bins are of equal ratio.
 */
export function edgesOf(series: readonly Float64Array[], log: boolean): number[] {
  const scaled = series
    .map((sorted) => (log ? sorted.map(Math.log10) : sorted))
    .filter(({ length }) => length > 0)
  const low = Math.min(...scaled.map((sorted) => sorted[0]))
  const high = Math.max(...scaled.map((sorted) => sorted[sorted.length - 1]))
  const width = Math.min(
    ...scaled.map(
      (sorted) => (2 * (quantile(sorted, 0.75) - quantile(sorted, 0.25))) / Math.cbrt(sorted.length),
    ),
  )
  const wanted = width > 0 ? Math.ceil((high - low) / width) : 10
  const bins = high > low ? Math.min(60, Math.max(10, wanted)) : 1
  const step = (high - low) / bins || (log ? 0.1 : Math.abs(high) / 10 || 1)
  const edges = Array.from({ length: bins + 1 }, (_, i) => (i === bins && high > low ? high : low + i * step))
  return log ? edges.map((x) => 10 ** x) : edges
}

/** Counts of sorted values between edges; the last bin has both its edges. */
export function binned(sorted: Float64Array, edges: readonly number[]): Bins {
  const counts = new Array<number>(edges.length - 1).fill(0)
  let bin = 0
  for (const value of sorted) {
    while (bin < counts.length - 1 && value >= edges[bin + 1]) bin++
    counts[bin]++
  }
  return { edges, counts }
}

/** Points of the empirical distribution function: all, or those of a thousand evenly spaced ranks. */
export function ecdf(sorted: Float64Array): [number, number][] {
  const n = sorted.length
  const steps = Math.min(n, 1000)
  return Array.from({ length: steps }, (_, i) => {
    const rank = Math.ceil(((i + 1) * n) / steps)
    return [sorted[rank - 1], rank / n]
  })
}

/** The same of counts. */
export function ecdfOfBins({ edges, counts }: Bins): [number, number][] {
  const total = counts.reduce((a, b) => a + b, 0) || 1
  const points: [number, number][] = [[edges[0], 0]]
  let seen = 0
  counts.forEach((n, i) => {
    seen += n
    points.push([edges[i + 1], seen / total])
  })
  return points
}

/** Of many points in order of x, the lowest and the highest of each of `buckets`: what a line can show. */
export function thinned(
  points: readonly (readonly [number, number])[],
  buckets = 800,
): (readonly [number, number])[] {
  if (points.length <= 2 * buckets) return [...points]
  const size = points.length / buckets
  return Array.from({ length: buckets }, (_, i) => {
    const part = points.slice(Math.floor(i * size), Math.floor((i + 1) * size))
    const low = part.reduce((a, b) => (b[1] < a[1] ? b : a))
    const high = part.reduce((a, b) => (b[1] > a[1] ? b : a))
    return low === high ? [low] : low[0] <= high[0] ? [low, high] : [high, low]
  }).flat()
}
