import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { condense, type DedupInput, pipeline, readJsonl, run, writeJsonl } from '../index.ts'
import { parseRecipe } from '../pipeline/recipe.ts'
import { jsonLines, outputFiles, temporaryFolder, writeFiles } from '../testing/folders.ts'
import { quotas } from './balance.ts'
import { farthestFirst } from './diverse.ts'
import { uniform } from './random.ts'
import { thresholdOf } from './select.ts'

interface Made {
  id: string
  text: string
  score?: number
  language: string
  vector: number[]
}

let work: Awaited<ReturnType<typeof temporaryFolder>>
let input: string
const documents: Made[] = Array.from({ length: 200 }, (_, i) => ({
  id: `d${i}`,
  text: `Text ${i}.`,
  ...(i % 50 === 49 ? {} : { score: ((i * 37) % 200) / 200 }),
  language: i % 10 === 0 ? 'zh' : i % 10 < 3 ? 'de' : 'en',
  vector: [Math.cos(i), Math.sin(i), i % 3],
}))

beforeAll(async () => {
  work = await temporaryFolder()
  input = await writeFiles(join(work.path, 'in'), { 'a.jsonl': jsonLines(documents) })
})
afterAll(() => work.remove())

let runs = 0
async function kept(config: DedupInput, workers = 1) {
  const output = join(work.path, `out-${runs++}`)
  const parts = [readJsonl(input, { pieceBytes: 4000 }), condense(config as never), writeJsonl(output)]
  const { pieces, statistics } = await run(pipeline(parts), { workers })
  expect(pieces).toBeGreaterThan(3)
  const files = await outputFiles(output)
  const lines = Object.entries(files)
    .filter(([name]) => !name.startsWith('removed'))
    .flatMap(([, bytes]) => gunzipSync(bytes).toString().split('\n'))
  const ids = lines.filter((line) => line !== '').map((line) => JSON.parse(line).id as string)
  return { ids, removed: statistics.steps[0].removed }
}

const idsOf = (chosen: readonly Made[]) => chosen.map(({ id }) => id)
const scored = documents.filter(({ score }) => score !== undefined)
const best = (among: readonly Made[], count: number) =>
  new Set([...among].sort((a, b) => Number(b.score) - Number(a.score)).slice(0, count))

describe('select', () => {
  it('keeps the best share, and says why the others are gone', async () => {
    const { ids, removed } = await kept({ select: { field: 'metadata.score', fraction: 0.25 } })
    const top = best(scored, 49)
    expect(ids).toEqual(idsOf(documents.filter((document) => top.has(document))))
    expect(removed).toEqual({ low_score: 196 - 49, no_score: 4 })
  })

  it('keeps the best of each language', async () => {
    const { ids } = await kept({ select: { field: 'metadata.score', count: 5, per: 'metadata.language' } })
    const top = ['zh', 'de', 'en'].flatMap((name) => [
      ...best(
        scored.filter(({ language }) => language === name),
        5,
      ),
    ])
    expect([...ids].sort()).toEqual(idsOf(top).sort())
  })

  it('keeps what is below a limit', async () => {
    const { ids, removed } = await kept({ select: { field: 'metadata.score', keep: 'lowest', limit: 0.1 } })
    expect(ids).toEqual(idsOf(scored.filter(({ score }) => Number(score) <= 0.1)))
    expect(removed.high_score).toBe(196 - ids.length)
  })

  it('leaves some of the low ones by Pareto’s law, the same in threads', async () => {
    const config = { select: { field: 'metadata.score', pareto: 9, seed: 4 } }
    const { ids } = await kept(config)
    expect((await kept(config, 2)).ids).toEqual(ids)
    // P(X > 1 - s) = (2 - s)^-9 for a Pareto variable less one.
    const expected = scored.reduce((sum, { score }) => sum + (2 - Number(score)) ** -9, 0)
    expect(Math.abs(ids.length - expected)).toBeLessThan(3 * Math.sqrt(expected))
  })

  it('has DataComp’s threshold', () => {
    const values = [0.1, 0.5, 0.2, 0.9, 0.5, 0.3]
    expect(thresholdOf(values, 'highest', 2)).toBe(0.5)
    expect(thresholdOf(values, 'lowest', 2)).toBe(0.2)
    expect(thresholdOf(values, 'highest', 100)).toBe(0.1)
  })
})

describe('balance', () => {
  it('keeps at most so many of each group', async () => {
    const { ids, removed } = await kept({ balance: { field: 'metadata.language', most: 25 } })
    const languages = ids.map((id) => documents.find((document) => document.id === id)?.language)
    const counts = ['zh', 'de', 'en'].map((name) => languages.filter((language) => language === name).length)
    expect(counts).toEqual([20, 25, 25])
    expect(removed).toEqual({ group_full: 130 })
    expect((await kept({ balance: { field: 'metadata.language', most: 25, seed: 1 } })).ids).not.toEqual(ids)
  })

  it('divides a share in proportion to a power of the size, never more than there are', () => {
    expect(quotas([100, 400], 90, 0.5)).toEqual([30, 60])
    expect(quotas([100, 400], 100, 0)).toEqual([50, 50])
    expect(quotas([10, 400, 400], 300, 0)).toEqual([10, 145, 145])
    expect(quotas([10, 20], 300, 1)).toEqual([10, 20])
    const sizes = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(
        sizes,
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (sizes, share, power) => {
          const total = share * sizes.reduce((sum, size) => sum + size, 0)
          const result = quotas(sizes, total, power)
          expect(result.every((count, i) => count >= 0 && count <= sizes[i])).toBe(true)
          expect(Math.abs(result.reduce((sum, count) => sum + count, 0) - total)).toBeLessThanOrEqual(
            sizes.length / 2 + 1e-6,
          )
        },
      ),
    )
  })
})

describe('diverse', () => {
  it('takes the farthest again and again', () => {
    const angle = (degrees: number) => [
      Math.cos((degrees * Math.PI) / 180),
      Math.sin((degrees * Math.PI) / 180),
    ]
    const vectors = Float32Array.from([0, 10, 80, 180, 185, 270].flatMap(angle))
    const { rows, distances } = farthestFirst(vectors, 2, 4, 0)
    expect(rows).toEqual([0, 3, 5, 2])
    expect(distances[1]).toBeCloseTo(2)
    expect(distances[2]).toBeCloseTo(Math.SQRT2)
  })

  it('covers the points within twice the best radius', () => {
    const point = fc.tuple(
      fc.double({ min: 0, max: 6.28, noNaN: true }),
      fc.double({ min: -1, max: 1, noNaN: true }),
    )
    fc.assert(
      fc.property(fc.array(point, { minLength: 4, maxLength: 9 }), (points) => {
        const rows = points.map(([turn, z]) => [
          Math.cos(turn) * Math.sqrt(1 - z * z),
          Math.sin(turn) * Math.sqrt(1 - z * z),
          z,
        ])
        const far = (a: number, b: number) => Math.hypot(...rows[a].map((x, i) => x - rows[b][i]))
        const radius = (centers: readonly number[]) =>
          Math.max(...rows.map((_, i) => Math.min(...centers.map((center) => far(i, center)))))
        const all = rows.map((_, i) => i)
        const least = Math.min(...all.flatMap((a) => all.map((b) => radius([a, b]))))
        const found = farthestFirst(Float32Array.from(rows.flat()), 3, 2, 0).rows
        expect(radius(found)).toBeLessThanOrEqual(2 * least + 1e-3)
      }),
    )
  })

  it('keeps so many documents, and refuses those without a vector', async () => {
    const { ids, removed } = await kept({ diverse: { field: 'metadata.vector', count: 12 } })
    expect([ids.length, removed]).toEqual([12, { near_to_kept: 188 }])
    await expect(kept({ diverse: { field: 'metadata.score', count: 12 } })).rejects.toThrow(
      /document d0: metadata\.score is not a list of numbers/,
    )
  })
})

it('draws evenly, whatever the piece', () => {
  const draws = Array.from({ length: 4000 }, (_, i) => uniform(9, String(i % 7).padStart(5, '0'), i))
  const bins = new Array<number>(20).fill(0)
  for (const draw of draws) bins[Math.floor(20 * draw)]++
  // Chi square with 19 degrees of freedom lies below 43.8 in 99.9 % of the cases.
  expect(bins.reduce((sum, count) => sum + (count - 200) ** 2 / 200, 0)).toBeLessThan(43.8)
})

it('stands in recipes after the deduplications', () => {
  const recipe = (text: string) => parseRecipe(text, 'r.yaml', { input: 'a', output: 'b' })
  const text = 'dedup: exact\ncondense:\n  - select: { field: metadata.score, fraction: 0.5 }\n'
  expect(recipe(text).dedups.map((dedup) => Object.keys(dedup)[0])).toEqual(['exact', 'select'])
  expect(() => recipe('condense: exact')).toThrow(
    'r.yaml:1:1: condense: expected one of select, balance, diverse',
  )
  expect(() => recipe('condense: { select: { field: score } }')).toThrow(
    'condense.select.field: expected metadata.<name>',
  )
  expect(() => recipe('condense: { select: { field: id } }')).toThrow(
    'expected one of fraction, count, limit, pareto',
  )
})
