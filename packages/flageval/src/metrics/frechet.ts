import { FlagError, type Tensor } from '@flag/core-tensor'

/** Mean `[E]` and covariance `[E · E]` of features. */
export interface Gaussian {
  readonly mean: ArrayLike<number>
  readonly covariance: ArrayLike<number>
}

/** Mean and unbiased covariance of float32 `[samples, E]`. Throws `invalid-argument` below two samples. */
export function gaussianOf({ data, shape: [rows, width] }: Tensor<'float32'>): Gaussian {
  if (rows < 2) throw new FlagError('invalid-argument', `a covariance of ${rows} samples`)
  const mean = new Float64Array(width)
  for (let i = 0; i < data.length; i++) mean[i % width] += data[i] / rows
  const covariance = new Float64Array(width * width)
  const centred = new Float64Array(width)
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < width; k++) centred[k] = data[row * width + k] - mean[k]
    for (let i = 0; i < width; i++)
      for (let j = i; j < width; j++) covariance[i * width + j] += (centred[i] * centred[j]) / (rows - 1)
  }
  for (let i = 0; i < width; i++)
    for (let j = 0; j < i; j++) covariance[i * width + j] = covariance[j * width + i]
  return { mean, covariance }
}

/**
 * The Fréchet distance of two Gaussians, ‖μ₁ − μ₂‖² + Tr(Σ₁ + Σ₂ − 2 (Σ₁Σ₂)^½): the FID when they describe Inception
 * features (Heusel et al. 2017); with another encoder name it beside the number. The root's trace is taken from the
 * eigenvalues of Σ₁^½ Σ₂ Σ₁^½, which are those of Σ₁Σ₂ and never complex. Throws `shape-mismatch`.
 */
export function frechetDistance(a: Gaussian, b: Gaussian): number {
  const width = a.mean.length
  for (const { mean, covariance } of [a, b]) {
    if (mean.length !== width || covariance.length !== width * width) {
      throw new FlagError(
        'shape-mismatch',
        `means of ${a.mean.length} and ${b.mean.length} numbers, a covariance of ${covariance.length}`,
      )
    }
  }
  const { values, vectors } = symmetricEigen(a.covariance, width)
  const roots = values.map((value) => Math.sqrt(Math.max(0, value)))
  // Row k of `half`: the k-th eigenvector times the root of its eigenvalue.
  const half = vectors.map((x, i) => x * roots[Math.floor(i / width)])
  const inner = new Float64Array(width * width)
  const product = new Float64Array(width)
  for (let i = 0; i < width; i++) {
    for (let k = 0; k < width; k++) {
      product[k] = 0
      for (let j = 0; j < width; j++) product[k] += half[i * width + j] * b.covariance[j * width + k]
    }
    for (let j = 0; j < width; j++)
      for (let k = 0; k < width; k++) inner[i * width + j] += product[k] * half[j * width + k]
  }
  let distance = 0
  for (let i = 0; i < width; i++) {
    distance += (a.mean[i] - b.mean[i]) ** 2
    distance += a.covariance[i * width + i] + b.covariance[i * width + i]
  }
  for (const value of symmetricEigen(inner, width).values) distance -= 2 * Math.sqrt(Math.max(0, value))
  return distance
}

/** Eigenvalues and eigenvectors (as rows) of a symmetric matrix by cyclic Jacobi rotations. */
function symmetricEigen(
  matrix: ArrayLike<number>,
  n: number,
): { values: Float64Array; vectors: Float64Array } {
  const a = Float64Array.from(matrix)
  const vectors = new Float64Array(n * n)
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1
  const turnRows = (m: Float64Array, p: number, q: number, c: number, s: number) => {
    for (let k = 0; k < n; k++) {
      const [x, y] = [m[p * n + k], m[q * n + k]]
      m[p * n + k] = c * x - s * y
      m[q * n + k] = s * x + c * y
    }
  }
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0
    let on = 0
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        if (i === j) on += a[i * n + j] ** 2
        else off += a[i * n + j] ** 2
      }
    if (off <= 1e-30 * on) break
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        if (a[p * n + q] === 0) continue
        const theta = (a[q * n + q] - a[p * n + p]) / (2 * a[p * n + q])
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
        const c = 1 / Math.sqrt(t * t + 1)
        turnRows(a, p, q, c, t * c)
        for (let k = 0; k < n; k++) {
          const [x, y] = [a[k * n + p], a[k * n + q]]
          a[k * n + p] = c * x - t * c * y
          a[k * n + q] = t * c * x + c * y
        }
        turnRows(vectors, p, q, c, t * c)
      }
  }
  return { values: Float64Array.from({ length: n }, (_, i) => a[i * n + i]), vectors }
}

/**
 * The unbiased squared maximum mean discrepancy with the kernel (x·y / E + 1)³: the KID (Bińkowski et al. 2018) over all
 * samples at once, without random subsets. Throws `invalid-argument` below two samples.
 */
export function kernelDistance(a: Tensor<'float32'>, b: Tensor<'float32'>): number {
  const [n, width] = a.shape
  const [m] = b.shape
  if (n < 2 || m < 2 || b.shape[1] !== width) {
    throw new FlagError('invalid-argument', `kernel distance of [${a.shape}] and [${b.shape}]`)
  }
  const mean = (x: Tensor<'float32'>, y: Tensor<'float32'>, same: boolean) => {
    let sum = 0
    for (let i = 0; i < x.shape[0]; i++)
      for (let j = 0; j < y.shape[0]; j++) {
        if (same && i === j) continue
        let dot = 0
        for (let k = 0; k < width; k++) dot += x.data[i * width + k] * y.data[j * width + k]
        sum += (dot / width + 1) ** 3
      }
    return sum / (x.shape[0] * (same ? x.shape[0] - 1 : y.shape[0]))
  }
  return mean(a, a, true) + mean(b, b, true) - 2 * mean(a, b, false)
}
