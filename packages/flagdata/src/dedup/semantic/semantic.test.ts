import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tensor, writeNpy } from '@flag/core-tensor'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dedup, pipeline, readJsonl, run, writeJsonl } from '../../index.ts'
import { outputFiles, temporaryFolder, writeFiles } from '../../testing/folders.ts'
import { MersenneTwister } from '../mersenneTwister.ts'
import { dot, kmeans, type Matrix, normalizeRows } from './kmeans.ts'
import { semanticDuplicates } from './prune.ts'
import { readEmbeddings } from './vectors.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder.remove())

/** `groups` directions, and around each of them `size` vectors; every fourth one is nearly the one before it. */
function clusters(groups: number, size: number, columns = 16, seed = 5): Matrix {
  const generator = new MersenneTwister(seed)
  const noise = () => generator.next32() / 2 ** 31 - 1
  const data = new Float32Array(groups * size * columns)
  for (let g = 0; g < groups; g++) {
    const center = Array.from({ length: columns }, () => 4 * noise())
    for (let i = 0; i < size; i++) {
      const row = (g * size + i) * columns
      for (let c = 0; c < columns; c++)
        data[row + c] =
          i % 4 === 3 ? data[row + c - columns] * 1.5 + 0.001 * noise() : center[c] + 0.7 * noise()
    }
  }
  return { data, rows: groups * size, columns }
}

const options = { clusters: 6, seed: 1, iterations: 50, tolerance: 1e-6, eps: 0.01, keep: 'hard' as const }

describe('spherical k-means', () => {
  it.each([undefined, 64])('finds clusters that lie apart (batch %j)', (batch) => {
    const matrix = normalizeRows(clusters(6, 40))
    const { labels } = kmeans(matrix, { ...options, batch })
    const groups = Array.from({ length: 6 }, (_, g) => new Set(labels.subarray(40 * g, 40 * g + 40)))
    expect(groups.map((group) => group.size)).toEqual([1, 1, 1, 1, 1, 1])
    expect(new Set(labels).size).toBe(6)
  })

  it('gives the same for the same seed, and takes fewer rows than clusters and rows of zeros', () => {
    const matrix = normalizeRows(clusters(3, 10))
    expect(kmeans(matrix, options)).toEqual(kmeans(matrix, options))
    const two = normalizeRows({ data: Float32Array.of(1, 2, 0, 0), rows: 2, columns: 2 })
    expect(kmeans(two, options).centroids.rows).toBe(2)
    expect(kmeans({ data: new Float32Array(0), rows: 0, columns: 2 }, options).labels).toHaveLength(0)
  })
})

describe('SemDeDup', () => {
  it.each(['hard', 'easy', 'random'] as const)(
    'removes what comparing all pairs removes, keeping %s',
    (keep) => {
      const vectors = clusters(6, 40)
      const { duplicates, kmeans: clustered } = semanticDuplicates(vectors, { ...options, keep })
      const matrix = normalizeRows(vectors)
      // By definition: order by distance to the centroid; an item goes if an earlier one of its cluster is alike.
      const removed = new Set(duplicates.map(({ row }) => row))
      const { labels, centroids } = clustered
      const toCentroid = (row: number) => dot(matrix, row, centroids, labels[row])
      const expected = new Set<number>()
      const components: number[][] = []
      for (let a = 0; a < matrix.rows; a++)
        for (let b = 0; b < matrix.rows; b++) {
          if (a === b || labels[a] !== labels[b] || dot(matrix, a, matrix, b) < 1 - options.eps) continue
          components.push([a, b])
          const before = keep === 'hard' ? toCentroid(b) < toCentroid(a) : toCentroid(b) > toCentroid(a)
          if (before) expected.add(a)
        }
      if (keep === 'random') {
        // Whatever the order, one of each pair goes.
        for (const [a, b] of components) expect(removed.has(a) || removed.has(b)).toBe(true)
      } else expect(removed).toEqual(expected)
      expect(removed.size).toBeGreaterThanOrEqual(60)
      for (const { row, keptRow } of duplicates) {
        expect(removed.has(keptRow)).toBe(false)
        expect(labels[row]).toBe(labels[keptRow])
      }
    },
  )

  it('refuses vectors that are not numbers', () => {
    const bad = { data: Float32Array.of(1, 2, 3, Number.NaN), rows: 2, columns: 2 }
    expect(() => semanticDuplicates(bad, options)).toThrow('embedding 1: value 1 is NaN')
  })
})

describe('embeddings of documents', () => {
  const vectors = [
    [1, 0, 0],
    [0, 1, 0],
    [2, 0.01, 0],
    [0, 0, 1],
  ]
  const documents = vectors.map((vector, i) => ({ id: `d${i}`, text: `Text ${i}`, vector }))

  const keptWith = async (config: object, name: string) => {
    const input = await writeFiles(join(folder.path, 'in'), {
      'a.jsonl': documents.map((document) => JSON.stringify(document)).join('\n'),
    })
    const output = join(folder.path, name)
    const semantic = { clusters: 2, keep: 'easy' as const, ...config }
    await run(pipeline([readJsonl(input), dedup({ semantic }), writeJsonl(output, { compression: 'none' })]))
    const { '00000.jsonl': kept, 'removed/00000-semantic.jsonl': removed } = await outputFiles(output)
    const lines = (bytes: Buffer) =>
      bytes
        .toString()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    return { kept: lines(kept).map(({ id }) => id), removed: lines(removed) }
  }

  it('come from the metadata, from npy and from Parquet', async () => {
    const npy = join(folder.path, 'vectors.npy')
    // In another order, and with one that belongs to no document.
    const order = [3, 2, 1, 0]
    const data = Float32Array.from([...order.flatMap((i) => vectors[i]), 9, 9, 9])
    await writeNpy(
      npy,
      tensor(Array.from({ length: 5 }, (_, i) => Array.from(data.subarray(3 * i, 3 * i + 3)))),
    )
    await writeFile(join(folder.path, 'ids.txt'), `${order.map((i) => `d${i}`).join('\n')}\nelse\n`)
    const parquet = join(folder.path, 'vectors.parquet')
    const buffer = parquetWriteBuffer({
      columnData: [
        { name: 'id', data: documents.map(({ id }) => id) },
        { name: 'embedding', data: vectors },
      ],
    })
    await writeFile(parquet, new Uint8Array(buffer))
    const results = [
      await keptWith({ field: 'metadata.vector' }, 'field'),
      await keptWith({ vectors: npy, ids: join(folder.path, 'ids.txt') }, 'npy'),
      await keptWith({ vectors: parquet }, 'parquet'),
    ]
    for (const { kept, removed } of results) {
      expect(kept).toHaveLength(3)
      expect(kept).toContain('d1')
      expect(removed[0].removed).toMatchObject({ reason: 'semantic_duplicate', limit: 0.99 })
      expect(removed[0].removed.value).toBeCloseTo(0.9999875, 6)
      expect([removed[0].id, removed[0].metadata.duplicate_of].sort()).toEqual(['d0', 'd2'])
    }
    await expect(readEmbeddings(npy, { idColumn: 'id', column: 'x' })).rejects.toThrow('no ids')
    await writeFile(join(folder.path, 'few.txt'), 'd0\n')
    const few = { ids: join(folder.path, 'few.txt'), idColumn: 'id', column: 'x' }
    await expect(readEmbeddings(npy, few)).rejects.toThrow('1 ids for 5 rows')
  })
})
