import { FlagError } from '@flag/core-tensor'

type Outcomes = ArrayLike<boolean | number>

function check(confidences: ArrayLike<number>, right: Outcomes): number {
  const n = confidences.length
  if (n === 0 || right.length !== n) {
    throw new FlagError(
      'invalid-argument',
      `${n} confidences and ${right.length} outcomes: expected equally many`,
    )
  }
  return n
}

function errorOfBins(confidences: ArrayLike<number>, right: Outcomes, binOf: (confidence: number) => number) {
  const bins = new Map<number, { confidence: number; right: number }>()
  for (let i = 0; i < confidences.length; i++) {
    const bin = binOf(confidences[i])
    const sums = bins.get(bin) ?? { confidence: 0, right: 0 }
    sums.confidence += confidences[i]
    sums.right += Number(right[i])
    bins.set(bin, sums)
  }
  let sum = 0
  for (const bin of bins.values()) sum += Math.abs(bin.confidence - bin.right)
  return sum / confidences.length
}

/** Upper edges of bins with equally many values: midpoints between neighbouring chunks; the last is 1. */
function equalMassEdges(confidences: ArrayLike<number>, bins: number): number[] {
  const rising = Float64Array.from(confidences).sort()
  const [n, edges] = [rising.length, [] as number[]]
  const count = Math.min(bins, n)
  // As NumPy splits: the first n mod bins chunks have one value more.
  let end = 0
  for (let bin = 0; bin < count - 1; bin++) {
    end += Math.floor(n / count) + (bin < n % count ? 1 : 0)
    edges.push((rising[end - 1] + rising[end]) / 2)
  }
  return [...new Set([...edges, 1])]
}

/**
 * Expected calibration error: Σ over bins of their share · |mean confidence − share right|. Bins of equal mass (HELM's,
 * after Kumar et al. 2019) or of equal width. Throws `invalid-argument`.
 */
export function calibrationError(
  confidences: ArrayLike<number>,
  right: Outcomes,
  { bins = 10, kind = 'equal mass' }: { bins?: number; kind?: 'equal mass' | 'equal width' } = {},
): number {
  check(confidences, right)
  if (kind === 'equal width')
    return errorOfBins(confidences, right, (p) => Math.max(0, Math.ceil(p * bins) - 1))
  const edges = equalMassEdges(confidences, bins)
  return errorOfBins(confidences, right, (p) => edges.findIndex((edge) => p <= edge))
}

/** Accuracy of the most confident samples: its mean over all cut-offs, and at the most confident tenth. */
export function selectiveAccuracy(
  confidences: ArrayLike<number>,
  right: Outcomes,
): { area: number; tenth: number } {
  const n = check(confidences, right)
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => confidences[b] - confidences[a])
  let hits = 0
  const accuracy = order.map((at, i) => {
    hits += Number(right[at])
    return hits / (i + 1)
  })
  // HELM takes the entry at ⌊n/10⌋ counted from 0, hence one sample more than a tenth.
  return { area: accuracy.reduce((sum, x) => sum + x, 0) / n, tenth: accuracy[Math.floor(0.1 * n)] }
}

/**
 * Platt scaling: logistic regression of the outcomes on the log-odds of the confidences, by Newton's method. Throws
 * `invalid-argument` when the outcomes are all alike or separate perfectly, where no optimum exists.
 */
export function plattScaling(
  confidences: ArrayLike<number>,
  right: Outcomes,
): { slope: number; intercept: number } {
  const n = check(confidences, right)
  const x = Array.from(confidences, (p) => {
    const clipped = Math.min(Math.max(p, 1e-9), 1 - 1e-9)
    return Math.log(clipped / (1 - clipped))
  })
  let [slope, intercept] = [0, 0]
  for (let step = 0; step < 100; step++) {
    let [g0, g1, h00, h01, h11] = [0, 0, 0, 0, 0]
    for (let i = 0; i < n; i++) {
      const p = 1 / (1 + Math.exp(-(slope * x[i] + intercept)))
      const error = p - Number(right[i])
      const weight = p * (1 - p)
      g0 += error
      g1 += error * x[i]
      h00 += weight
      h01 += weight * x[i]
      h11 += weight * x[i] * x[i]
    }
    const determinant = h00 * h11 - h01 * h01
    if (!(determinant > 1e-12 * n)) break
    const change = [(h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant]
    intercept -= change[0]
    slope -= change[1]
    if (Math.abs(change[0]) + Math.abs(change[1]) < 1e-12) return { slope, intercept }
  }
  throw new FlagError(
    'invalid-argument',
    'Platt scaling has no optimum: the outcomes are all alike or separable',
  )
}

/** A confidence after Platt scaling. */
export function plattProbability(
  confidence: number,
  { slope, intercept }: { slope: number; intercept: number },
) {
  const clipped = Math.min(Math.max(confidence, 1e-9), 1 - 1e-9)
  return 1 / (1 + Math.exp(-(slope * Math.log(clipped / (1 - clipped)) + intercept)))
}
