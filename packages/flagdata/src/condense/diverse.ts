import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DedupKind } from '../dedup/kind.ts'
import { DataError } from '../errors.ts'
import { writeAtomic } from '../writers/atomic.ts'
import type { DiverseConfig } from './config.ts'
import { fieldOf } from './field.ts'
import { uniform } from './random.ts'

/**
 * Farthest-first traversal: begins with a point and then takes again and again the one that is farthest from all that were
 * taken, which covers the points within twice the least possible distance (Gonzalez 1985). Distances are those of the
 * normalised vectors. Time: count × points × dimension.
 *
 * @param vectors rows of `dimension` numbers
 * @returns the rows taken, in order, and how far each was from those before (the first: Infinity)
 */
export function farthestFirst(
  vectors: Float32Array,
  dimension: number,
  count: number,
  first: number,
): { rows: number[]; distances: number[] } {
  const points = vectors.length / dimension
  const unit = normalised(vectors, dimension)
  /** The largest cosine to any row taken so far: the nearest of them. */
  const nearest = new Float32Array(points).fill(-2)
  const [rows, distances]: [number[], number[]] = [[], []]
  let next = first
  let distance = Number.POSITIVE_INFINITY
  while (rows.length < Math.min(count, points)) {
    rows.push(next)
    distances.push(distance)
    nearest[next] = Number.POSITIVE_INFINITY
    const from = next * dimension
    let least = Number.POSITIVE_INFINITY
    for (let point = 0; point < points; point++) {
      if (nearest[point] === Number.POSITIVE_INFINITY) continue
      let cosine = 0
      for (let i = 0, at = point * dimension; i < dimension; i++) cosine += unit[from + i] * unit[at + i]
      if (cosine > nearest[point]) nearest[point] = cosine
      if (nearest[point] < least) {
        least = nearest[point]
        next = point
      }
    }
    distance = Math.sqrt(Math.max(0, 2 - 2 * least))
  }
  return { rows, distances }
}

function normalised(vectors: Float32Array, dimension: number): Float32Array {
  const unit = Float32Array.from(vectors)
  for (let row = 0; row < unit.length; row += dimension) {
    let square = 0
    for (let i = 0; i < dimension; i++) square += unit[row + i] ** 2
    const scale = square > 0 ? 1 / Math.sqrt(square) : 0
    for (let i = 0; i < dimension; i++) unit[row + i] *= scale
  }
  return unit
}

/** Keeps documents whose embeddings are far from each other. Memory: all embeddings, twice, in 32 bits. */
export const diverse: DedupKind<DiverseConfig> = {
  collect({ field }, folder, piece) {
    const rows: Float32Array[] = []
    return {
      add(document) {
        const value = fieldOf(document, field)
        if (!Array.isArray(value) || value.length === 0 || !value.every((it) => typeof it === 'number'))
          throw new DataError(
            'invalid-argument',
            `document ${document.id}: ${field} is not a list of numbers`,
            {
              hint: 'diverse selects by embeddings that the documents carry',
            },
          )
        if (rows.length > 0 && rows[0].length !== value.length)
          throw new DataError(
            'invalid-argument',
            `document ${document.id}: ${field} has ${value.length} numbers, those before have ${rows[0].length}`,
          )
        rows.push(Float32Array.from(value as number[]))
      },
      async commit() {
        const dimension = rows[0]?.length ?? 0
        const vectors = new Float32Array(rows.length * dimension)
        rows.forEach((row, i) => {
          vectors.set(row, i * dimension)
        })
        await writeAtomic(
          join(folder, 'notes', `${piece}-${dimension}.vectors`),
          new Uint8Array(vectors.buffer),
        )
      },
    }
  },
  phases: [
    {
      name: 'traversal',
      items: () => ['all'],
      async run({ fraction, count, seed }, folder) {
        const files = (await readdir(join(folder, 'notes')))
          .filter((name) => name.endsWith('.vectors'))
          .sort()
        const parts = await Promise.all(
          files.map(async (name) => {
            const [, piece, dimension] = name.match(/^(\d+)-(\d+)\.vectors$/) as string[]
            const bytes = await readFile(join(folder, 'notes', name))
            const vectors = new Float32Array(
              bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
            )
            return { piece, dimension: Number(dimension), vectors }
          }),
        )
        const filled = parts.filter(({ vectors }) => vectors.length > 0)
        const dimension = filled[0]?.dimension ?? 1
        const other = filled.find((part) => part.dimension !== dimension)
        if (other)
          throw new DataError(
            'invalid-argument',
            `embeddings of ${dimension} numbers in piece ${filled[0].piece}, of ${other.dimension} in piece ${other.piece}`,
          )
        const all = new Float32Array(filled.reduce((sum, { vectors }) => sum + vectors.length, 0))
        const firsts: number[] = []
        let at = 0
        for (const { vectors } of filled) {
          firsts.push(at / dimension)
          all.set(vectors, at)
          at += vectors.length
        }
        const points = all.length / dimension
        const wanted = count ?? Math.ceil((fraction as number) * points)
        const first = Math.floor(uniform(seed, '0', 0) * points)
        const { rows, distances } = farthestFirst(all, dimension, wanted, first)
        const kept = new Uint8Array(points)
        for (const row of rows) kept[row] = 1
        for (const [i, { piece, vectors }] of filled.entries())
          await writeAtomic(
            join(folder, 'kept', piece),
            kept.subarray(firsts[i], firsts[i] + vectors.length / dimension),
          )
        return { kept: rows.length, radius: distances.at(-1) ?? null }
      },
    },
  ],
  async decide(_, folder, piece) {
    // A piece without documents has no file.
    const kept = await readFile(join(folder, 'kept', piece)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return new Uint8Array()
      throw error
    })
    return (_, number) => (kept[number] === 1 ? undefined : { reason: 'near_to_kept' })
  },
}
