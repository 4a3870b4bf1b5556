import { DataError } from '../../errors.ts'
import { MersenneTwister } from '../mersenneTwister.ts'
import { dot, type Kmeans, type KmeansOptions, kmeans, type Matrix, normalizeRows } from './kmeans.ts'

/** Which of alike items stays: the one farthest from its centroid (`hard`), the nearest (`easy`), or any. */
export type WhichToKeep = 'hard' | 'easy' | 'random'

export interface SemanticOptions extends KmeansOptions {
  /** Items are alike if the cosine of their vectors is at least 1 − eps. */
  eps: number
  keep: WhichToKeep
}

/** An item that goes, the one that stays in its place, and the cosine of the two. */
export interface SemanticDuplicate {
  row: number
  keptRow: number
  cosine: number
}

export interface SemanticResult {
  duplicates: SemanticDuplicate[]
  kmeans: Kmeans
}

/**
 * SemDeDup (Abbas et al. 2023, https://arxiv.org/abs/2303.09540): vectors are clustered, and within each cluster, in the
 * order of the distance to its centroid, an item goes if some earlier one has a cosine of at least 1 − eps with it, whether
 * or not that one goes itself, as in NeMo Curator. Time: rows² / clusters × columns. Memory: the vectors scaled to length
 * 1, and 24 bytes per row; never a matrix of all pairs.
 *
 * @throws DataError `invalid-argument` for a vector that holds NaN or infinity
 */
export function semanticDuplicates(vectors: Matrix, options: SemanticOptions): SemanticResult {
  const bad = vectors.data.findIndex((value) => !Number.isFinite(value))
  if (bad >= 0)
    throw new DataError(
      'invalid-argument',
      `embedding ${Math.floor(bad / vectors.columns)}: value ${bad % vectors.columns} is ${vectors.data[bad]}`,
    )
  const matrix = normalizeRows(vectors)
  const clustered = kmeans(matrix, options)
  const { labels, centroids } = clustered
  const members: number[][] = Array.from({ length: centroids.rows }, () => [])
  labels.forEach((label, row) => {
    members[label].push(row)
  })
  const rank = rankOf(matrix, clustered, options)
  const duplicates: SemanticDuplicate[] = []
  for (const rows of members) {
    rows.sort((a, b) => rank[a] - rank[b] || a - b)
    rows.forEach((row, i) => {
      for (let k = 0; k < i; k++) {
        const cosine = dot(matrix, row, matrix, rows[k])
        if (cosine < 1 - options.eps) continue
        duplicates.push({ row, keptRow: rows[k], cosine })
        break
      }
    })
  }
  // An item that goes itself cannot stay in another's place: name the one at the end of the chain.
  const kept = new Map(duplicates.map(({ row, keptRow }) => [row, keptRow]))
  for (const duplicate of duplicates)
    for (let next = kept.get(duplicate.keptRow); next !== undefined; next = kept.get(next))
      duplicate.keptRow = next
  duplicates.sort((a, b) => a.row - b.row)
  return { duplicates, kmeans: clustered }
}

/** Where each row stands among its cluster; rows of small numbers are looked at first, and stay. */
function rankOf(matrix: Matrix, { labels, centroids }: Kmeans, options: SemanticOptions): Float64Array {
  if (options.keep === 'random') {
    const generator = new MersenneTwister(options.seed)
    return Float64Array.from({ length: matrix.rows }, () => generator.next32())
  }
  const sign = options.keep === 'hard' ? 1 : -1
  return Float64Array.from(
    { length: matrix.rows },
    (_, row) => sign * dot(matrix, row, centroids, labels[row]),
  )
}
