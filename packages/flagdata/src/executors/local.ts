import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { findExactDuplicates } from '../dedup/exact.ts'
import { findBucketPairs } from '../dedup/minhash/buckets.ts'
import { type ClusterCounts, clusterPairs } from '../dedup/minhash/clusters.ts'
import { DataError } from '../errors.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import { mergeStatistics, type Statistics } from '../pipeline/statistics.ts'
import { findPieces, type Piece } from '../readers/pieces.ts'
import { writeAtomic } from '../writers/atomic.ts'
import { deduplicatePiece, type OnProgress, processPiece } from './processPiece.ts'
import {
  checkOutput,
  enterPlan,
  lock,
  makePlan,
  markDone,
  type Paths,
  type Phase,
  pathsOf,
  readDone,
  removePartials,
} from './state.ts'
import { startWorkers } from './workers.ts'

/** What a run did. Written to `.flagdata/summary.json` when it is complete. */
export interface Summary {
  pieces: number
  /** Pieces that an earlier run had done. */
  resumed: number
  statistics: Statistics
  dedup?: { kind: 'exact' | 'minhash'; duplicates: number; removed: number }
  /** Documents in the output. */
  written: number
}

export interface RunOptions {
  /** Worker threads; with 1, the default, everything runs in this thread. */
  workers?: number
  /** Called as work goes on: the phase, items done and in all, documents and bytes of text since the last call. */
  onProgress?(progress: { phase: Phase; done: number; total: number; documents: number; bytes: number }): void
}

interface DedupResult {
  kept: number
  removed: number
  bytesOut: number
}

/**
 * Runs a pipeline, or what is left of it: pieces that an earlier run completed are not touched again. Killed at any
 * moment and started once more, it gives the same bytes as a run that nobody disturbed.
 *
 * @throws DataError `not-found` for a missing input, `invalid-argument` if the output folder belongs to another run,
 *   or for custom steps with several workers
 */
export async function run(pipeline: Pipeline, options: RunOptions = {}): Promise<Summary> {
  const { workers = 1, onProgress } = options
  const custom = pipeline.steps.find((step) => step.options === undefined)
  if (custom && workers > 1)
    throw new DataError('invalid-argument', `step "${custom.name}" exists only in this thread`, {
      hint: 'custom steps run with workers: 1',
    })
  await checkOutput(pipeline)
  const pieces = await findPieces(pipeline.read)
  const paths = pathsOf(pipeline)
  const unlock = await lock(paths.state)
  try {
    await enterPlan(makePlan(pipeline, pieces), paths.state)
    await removePartials(pipeline.write.path)

    const report = (phase: Phase, total: number, done: number): OnProgress & { finished(): void } => {
      let count = done
      const say = (documents: number, bytes: number) =>
        onProgress?.({ phase, done: count, total, documents, bytes })
      say(0, 0)
      return Object.assign(say, {
        finished() {
          count++
          say(0, 0)
        },
      })
    }

    const done = await readDone<Statistics>(paths.state, 'steps')
    const resumed = done.size
    const missing = pieces.filter((piece) => !done.has(piece.name))
    const progress = report('steps', pieces.length, resumed)
    const work = async (piece: Piece, process: () => Promise<Statistics>) => {
      const statistics = await process()
      await markDone(paths.state, 'steps', piece.name, statistics)
      done.set(piece.name, statistics)
      progress.finished()
    }
    if (workers === 1 || missing.length <= 1) {
      for (const piece of missing) await work(piece, () => processPiece(pipeline, piece, paths, progress))
    } else {
      const pool = startWorkers(pipeline, Math.min(workers, missing.length), progress)
      try {
        await pool.forEach(missing, work)
      } finally {
        await pool.stop()
      }
    }

    const statistics = mergeStatistics(
      pipeline.steps.map((step) => step.name),
      pieces.map((piece) => done.get(piece.name) as Statistics),
    )
    const dedup = await deduplicate(pipeline, pieces, paths, report)
    const summary: Summary = {
      pieces: pieces.length,
      resumed,
      statistics: dedup ? { ...statistics, bytesOut: dedup.bytesOut } : statistics,
      ...(dedup ? { dedup: dedup.found } : {}),
      written: dedup?.kept ?? statistics.kept,
    }
    await writeAtomic(join(paths.state, 'summary.json'), `${JSON.stringify(summary, null, 1)}\n`)
    // The markers say that these have served; nobody finds a second copy of the data in a hidden folder.
    for (const folder of [paths.filteredFolder, paths.signatures, paths.pairs, paths.clusters])
      await rm(folder, { recursive: true, force: true })
    return summary
  } finally {
    await unlock()
  }
}

/** The phases that need all pieces: pairs, clusters, and the pieces once more without the duplicates. */
async function deduplicate(
  { dedup, ...pipeline }: Pipeline,
  pieces: readonly Piece[],
  paths: Paths,
  report: (phase: Phase, total: number, done: number) => OnProgress & { finished(): void },
): Promise<(DedupResult & { found: NonNullable<Summary['dedup']> }) | undefined> {
  if (dedup === undefined) return undefined
  const kind = 'exact' in dedup ? 'exact' : 'minhash'
  if ('minhash' in dedup) {
    const done = await readDone(paths.state, 'buckets')
    const progress = report('buckets', dedup.minhash.buckets, done.size)
    for (let bucket = 0; bucket < dedup.minhash.buckets; bucket++) {
      if (done.has(String(bucket))) continue
      const pairs = await findBucketPairs(paths.signatures, paths.pairs, bucket, dedup.minhash)
      await markDone(paths.state, 'buckets', String(bucket), { pairs })
      progress.finished()
    }
  }
  const before = await readDone<ClusterCounts>(paths.state, 'clusters')
  const clusters = report('clusters', 1, before.size)
  let counts: { duplicates: number; removed: number } | undefined = before.get('all')
  if (counts === undefined) {
    counts =
      kind === 'exact'
        ? await findExactDuplicates(paths.signatures, paths.clusters)
        : await clusterPairs(paths.pairs, paths.clusters)
    await markDone(paths.state, 'clusters', 'all', counts)
    clusters.finished()
  }
  const done = await readDone<DedupResult>(paths.state, 'dedup')
  const progress = report('dedup', pieces.length, done.size)
  const total: DedupResult = { kept: 0, removed: 0, bytesOut: 0 }
  for (const piece of pieces) {
    let result = done.get(piece.name)
    if (result === undefined) {
      const name = join(paths.clusters, piece.name.padStart(6, '0'))
      result = await deduplicatePiece({ ...pipeline, dedup }, piece, paths, {
        documents: await readWords(`${name}.remove`),
        reason: kind === 'exact' ? 'exact_duplicate' : 'minhash_duplicate',
        clusters: pairsToMap(await readWords(`${name}.clusters`)),
      })
      await markDone(paths.state, 'dedup', piece.name, result)
      progress.finished()
    }
    total.kept += result.kept
    total.removed += result.removed
    total.bytesOut += result.bytesOut
  }
  const { duplicates, removed } = counts
  return { ...total, found: { kind, duplicates, removed } }
}

/** A file of 32-bit words; empty if there is none, which means that nothing is to be said about the piece. */
async function readWords(path: string): Promise<Uint32Array> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0)
    throw error
  })
  return new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
}

function pairsToMap(words: Uint32Array): Map<number, number> {
  const map = new Map<number, number>()
  for (let i = 0; i < words.length; i += 2) map.set(words[i], words[i + 1])
  return map
}
