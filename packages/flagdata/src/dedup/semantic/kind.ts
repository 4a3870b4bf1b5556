import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DataError } from '../../errors.ts'
import { openAtomic } from '../../writers/atomic.ts'
import type { ConfigOf } from '../config.ts'
import { IdWriter } from '../ids.ts'
import { metadataAt } from '../key.ts'
import type { DedupKind } from '../kind.ts'
import { decideByKept } from '../removal.ts'
import { Removals } from '../removals.ts'
import { semanticDuplicates } from './prune.ts'
import { type Embeddings, fromRows, readEmbeddings } from './vectors.ts'

/** Cosines are kept as 1 − cosine in steps of this. */
const STEP = 1e-9

/** A document of the run: its piece and its number in it. */
interface Place {
  piece: number
  document: number
}

/** Documents, one a line: number, id, and the vector where the metadata hold it. */
async function* readNotes(path: string) {
  const lines = (await readFile(path, 'utf8')).split('\n')
  for (const line of lines) if (line !== '') yield JSON.parse(line) as [number, string, number[]?]
}

/**
 * Documents whose embeddings point in nearly the same direction. Embeddings are the caller's: in the metadata, or in a file
 * by id. Documents without one stay. Memory: all vectors, twice.
 */
export const semantic: DedupKind<ConfigOf<'semantic'>> = {
  collect({ field }, folder, piece) {
    const ids = new IdWriter()
    const path = join(folder, 'vectors', `${piece}.jsonl`)
    let output: Awaited<ReturnType<typeof openAtomic>> | undefined
    return {
      async add(document, number) {
        ids.add(document.id)
        const vector = field === undefined ? undefined : metadataAt(document, field)
        if (field !== undefined && !Array.isArray(vector)) return
        output ??= await openAtomic(path)
        await output.file.writeFile(`${JSON.stringify([number, document.id, vector])}\n`)
      },
      async commit() {
        await ids.commit(folder, piece)
        output ??= await openAtomic(path)
        await output.commit()
      },
    }
  },
  phases: [{ name: 'clusters', items: () => ['all'], run: findDuplicates }],
  decide: ({ eps }, folder, piece) =>
    decideByKept(folder, piece, 'semantic_duplicate', {
      limit: 1 - eps,
      measure: (distance) => 1 - distance * STEP,
    }),
}

async function findDuplicates(config: ConfigOf<'semantic'>, folder: string) {
  const { vectors, ids, idColumn, column, field, ...options } = config
  const files = (await readdir(join(folder, 'vectors'))).filter((name) => name.endsWith('.jsonl')).sort()
  const pieces = files.map((name) => name.slice(0, -'.jsonl'.length))
  const places: Place[] = []
  const rows: { id: string; vector: number[] | undefined }[] = []
  for (const [piece, name] of files.entries())
    for await (const [document, id, vector] of readNotes(join(folder, 'vectors', name))) {
      places.push({ piece, document })
      rows.push({ id, vector: vector ?? undefined })
    }
  const own =
    vectors === undefined
      ? fromRows(`${field}`, rows)
      : pick(await readEmbeddings(vectors, { ids, idColumn, column }), rows, places)
  const { duplicates, kmeans } = semanticDuplicates(own.matrix, options)
  const removals = new Removals(pieces)
  for (const { row, keptRow, cosine } of duplicates)
    removals.remove(places[row].piece, {
      document: places[row].document,
      keptPiece: Number.parseInt(pieces[places[keptRow].piece], 10),
      keptDocument: places[keptRow].document,
      distance: Math.round(Math.max(0, 1 - cosine) / STEP),
    })
  await removals.write(join(folder, 'clusters'))
  return {
    duplicates: removals.count,
    removed: removals.count,
    embeddings: own.matrix.rows,
    iterations: kmeans.iterations,
  }
}

/** The embeddings of the documents of the run; takes the places of those that have none out. */
function pick({ matrix, ids }: Embeddings, rows: readonly { id: string }[], places: Place[]): Embeddings {
  const rowOf = new Map(ids.map((id, row) => [id, row]))
  const found = rows.flatMap(({ id }, i) => {
    const row = rowOf.get(id)
    return row === undefined ? [] : [{ id, row, place: places[i] }]
  })
  if (found.length === 0 && rows.length > 0)
    throw new DataError('invalid-argument', `no embedding has the id of a document, such as ${rows[0].id}`)
  places.length = 0
  for (const { place } of found) places.push(place)
  const { columns } = matrix
  const data = new Float32Array(found.length * columns)
  found.forEach(({ row }, i) => {
    data.set(matrix.data.subarray(row * columns, (row + 1) * columns), i * columns)
  })
  return { matrix: { data, rows: found.length, columns }, ids: found.map(({ id }) => id) }
}
