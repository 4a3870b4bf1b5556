/**
 * Ridge regression over rows of ones and zeros, with an intercept that is not penalised: least squares plus `alpha`
 * times the squared weights. A row is the list of its columns that are one.
 */
export interface RidgeModel {
  readonly weights: Float64Array
  readonly intercept: number
}

/**
 * Solves the centred normal equations (Xᵀ X + alpha I) w = Xᵀ y by conjugate gradients, without ever forming Xᵀ X.
 *
 * @param rows columns that are one, each below `columns`
 * @param targets one number per row
 * @param alpha above 0, which makes the system positive definite
 */
export function fitRidge(
  rows: readonly Uint32Array[],
  targets: readonly number[],
  columns: number,
  alpha: number,
): RidgeModel {
  const n = rows.length
  const means = new Float64Array(columns)
  for (const row of rows) for (const column of row) means[column] += 1 / n
  const mean = targets.reduce((sum, target) => sum + target, 0) / n

  /** Xᵀ X v + alpha v for centred X. */
  const product = (v: Float64Array): Float64Array => {
    const result = new Float64Array(columns)
    const offset = dot(means, v)
    let total = 0
    for (const row of rows) {
      let value = -offset
      for (const column of row) value += v[column]
      total += value
      for (const column of row) result[column] += value
    }
    for (let j = 0; j < columns; j++) result[j] += alpha * v[j] - total * means[j]
    return result
  }

  const residual = new Float64Array(columns)
  rows.forEach((row, i) => {
    for (const column of row) residual[column] += targets[i] - mean
  })
  const weights = new Float64Array(columns)
  let direction = residual.slice()
  let norm = dot(residual, residual)
  const enough = norm * 1e-24
  for (let step = 0; norm > enough && step < 10 * (columns + 1); step++) {
    const image = product(direction)
    const size = norm / dot(direction, image)
    for (let j = 0; j < columns; j++) {
      weights[j] += size * direction[j]
      residual[j] -= size * image[j]
    }
    const next = dot(residual, residual)
    direction = direction.map((value, j) => residual[j] + (next / norm) * value)
    norm = next
  }
  return { weights, intercept: mean - dot(means, weights) }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}

/** The model's value for a row. */
export function predictRidge({ weights, intercept }: RidgeModel, row: Iterable<number>): number {
  let value = intercept
  for (const column of row) value += weights[column]
  return value
}
