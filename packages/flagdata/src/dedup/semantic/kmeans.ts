import { MersenneTwister } from '../mersenneTwister.ts'

/** Vectors of equal length, row after row. */
export interface Matrix {
  data: Float32Array
  rows: number
  columns: number
}

export interface KmeansOptions {
  clusters: number
  /** Chooses the first centroids and the batches. */
  seed: number
  /** The most passes over the rows, or batches where `batch` is given. */
  iterations: number
  /** Stops when no centroid moved by more than this. */
  tolerance: number
  /** Rows per step of mini-batch k-means; all rows at a time without it. */
  batch?: number
}

export interface Kmeans {
  centroids: Matrix
  /** The cluster of each row. */
  labels: Uint32Array
  iterations: number
}

/** The rows scaled to length 1; rows of zeros, which have no direction, stay zero. */
export function normalizeRows({ data, rows, columns }: Matrix): Matrix {
  const result = new Float32Array(data.length)
  for (let row = 0; row < rows; row++) {
    const start = row * columns
    let sum = 0
    for (let i = start; i < start + columns; i++) sum += data[i] * data[i]
    const scale = sum > 0 ? 1 / Math.sqrt(sum) : 0
    for (let i = start; i < start + columns; i++) result[i] = data[i] * scale
  }
  return { data: result, rows, columns }
}

/** The scalar product of two rows. */
export function dot(a: Matrix, i: number, b: Matrix, k: number): number {
  const { columns } = a
  const [x, y] = [a.data, b.data]
  const [from, to] = [i * columns, k * columns]
  let sum = 0
  for (let c = 0; c < columns; c++) sum += x[from + c] * y[to + c]
  return sum
}

/** A random number in [0, 1) of 53 bits. */
const uniform = (generator: MersenneTwister) =>
  ((generator.next32() >>> 5) * 0x4000000 + (generator.next32() >>> 6)) / 2 ** 53

/**
 * Spherical k-means (Dhillon and Modha 2001) with first centroids by k-means++ (Arthur and Vassilvitskii 2007), or its
 * mini-batch form (Sculley 2010). Distances are 1 − cosine. A cluster that becomes empty keeps its centroid.
 * Time: rows × clusters × columns per pass. Memory: rows × 12 bytes besides the vectors.
 *
 * @param matrix rows of length 1
 */
export function kmeans(matrix: Matrix, options: KmeansOptions): Kmeans {
  const { rows, columns } = matrix
  const clusters = Math.min(options.clusters, rows)
  const generator = new MersenneTwister(options.seed)
  const centroids = firstCentroids(matrix, clusters, generator)
  const labels = new Uint32Array(rows)
  const members = new Float64Array(clusters)
  let iterations = 0
  while (iterations < options.iterations && clusters > 0) {
    iterations++
    const chosen = options.batch
      ? Uint32Array.from({ length: Math.min(options.batch, rows) }, () =>
          Math.floor(uniform(generator) * rows),
        )
      : undefined
    const moved = chosen ? stepBatch(matrix, centroids, chosen, members) : stepAll(matrix, centroids, labels)
    if (moved <= options.tolerance) break
  }
  for (let row = 0; row < rows; row++) labels[row] = nearest(matrix, row, centroids)
  return { centroids: { data: centroids.data, rows: clusters, columns }, labels, iterations }
}

function nearest(matrix: Matrix, row: number, centroids: Matrix): number {
  let best = 0
  let most = -Infinity
  for (let k = 0; k < centroids.rows; k++) {
    const cosine = dot(matrix, row, centroids, k)
    if (cosine > most) {
      most = cosine
      best = k
    }
  }
  return best
}

function firstCentroids(matrix: Matrix, clusters: number, generator: MersenneTwister): Matrix {
  const { data, rows, columns } = matrix
  const centroids = { data: new Float32Array(clusters * columns), rows: clusters, columns }
  const distances = new Float64Array(rows).fill(Infinity)
  let row = Math.floor(uniform(generator) * rows)
  for (let k = 0; k < clusters; k++) {
    centroids.data.set(data.subarray(row * columns, (row + 1) * columns), k * columns)
    let sum = 0
    for (let i = 0; i < rows; i++) {
      const distance = Math.max(0, 1 - dot(matrix, i, centroids, k))
      if (distance < distances[i]) distances[i] = distance
      sum += distances[i]
    }
    // Next a row by chance, in proportion to its distance from the nearest centroid.
    let left = uniform(generator) * sum
    row = 0
    while (row < rows - 1 && left >= distances[row]) left -= distances[row++]
  }
  return centroids
}

/** Moves every centroid to the mean of its rows; returns how far the one went that went farthest. */
function stepAll(matrix: Matrix, centroids: Matrix, labels: Uint32Array): number {
  const { data, rows, columns } = matrix
  const sums = new Float64Array(centroids.data.length)
  for (let row = 0; row < rows; row++) {
    const k = nearest(matrix, row, centroids)
    labels[row] = k
    for (let c = 0; c < columns; c++) sums[k * columns + c] += data[row * columns + c]
  }
  let moved = 0
  for (let k = 0; k < centroids.rows; k++)
    moved = Math.max(moved, moveTo(centroids, k, sums.subarray(k * columns, (k + 1) * columns)))
  return moved
}

function stepBatch(matrix: Matrix, centroids: Matrix, chosen: Uint32Array, members: Float64Array): number {
  const { data, columns } = matrix
  const labels = Array.from(chosen, (row) => nearest(matrix, row, centroids))
  const before = centroids.data.slice()
  chosen.forEach((row, i) => {
    const k = labels[i]
    const rate = 1 / ++members[k]
    for (let c = 0; c < columns; c++) {
      const at = k * columns + c
      centroids.data[at] += rate * (data[row * columns + c] - centroids.data[at])
    }
  })
  let moved = 0
  for (let k = 0; k < centroids.rows; k++) {
    const mean = Float64Array.from(centroids.data.subarray(k * columns, (k + 1) * columns))
    centroids.data.set(before.subarray(k * columns, (k + 1) * columns), k * columns)
    moved = Math.max(moved, moveTo(centroids, k, mean))
  }
  return moved
}

/** Sets a centroid to a vector scaled to length 1; returns the distance. A vector of zeros leaves it where it is. */
function moveTo(centroids: Matrix, k: number, sum: Float64Array): number {
  const { data, columns } = centroids
  let square = 0
  for (const value of sum) square += value * value
  if (square === 0) return 0
  const scale = 1 / Math.sqrt(square)
  let moved = 0
  for (let c = 0; c < columns; c++) {
    const value = sum[c] * scale
    moved += (value - data[k * columns + c]) ** 2
    data[k * columns + c] = value
  }
  return Math.sqrt(moved)
}
