import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { dedupKind } from '../dedup/kinds.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import { mergeStatistics, type Statistics } from '../pipeline/statistics.ts'
import type { Piece } from '../readers/pieces.ts'
import { writeAtomic } from '../writers/atomic.ts'
import { type OnProgress, runPass, stepsOfPass } from './passes.ts'
import { dedupLabels, pathsOf, readDone } from './state.ts'

/** A run: what it does with which pieces. */
export interface Job {
  readonly pipeline: Pipeline
  readonly pieces: readonly Piece[]
}

/**
 * A part of a run whose items may be done in any order, by any thread, process or machine that sees the files, once the
 * phase before it is done. A marker of every item that is done makes each of them do its own part only once.
 */
export interface Phase {
  readonly name: string
  readonly items: readonly string[]
  /** Does one item. What it returns is kept beside the marker. */
  run(item: string, onProgress?: OnProgress): Promise<unknown>
}

/** What a run did. Written to `.flagdata/summary.json` when it is complete. */
export interface Summary {
  pieces: number
  /** Of all steps; deduplications count as steps. */
  statistics: Statistics
  /** Documents in the output. */
  written: number
}

/** The phases of a run in order: the steps, those of each deduplication, the summary. */
export function phasesOf(job: Job): Phase[] {
  const { pipeline, pieces } = job
  const paths = pathsOf(pipeline)
  const names = pieces.map(({ name }) => name)
  const byName = new Map(pieces.map((piece) => [piece.name, piece]))
  const pass = (name: string, number: number): Phase => ({
    name,
    items: names,
    run: (item, onProgress) => runPass(pipeline, number, byName.get(item) as Piece, paths, onProgress),
  })
  const dedups = passNames(pipeline)
    .slice(1)
    .flatMap((remove, i) => {
      const { kind, config } = dedupKind(pipeline.dedups[i])
      const folder = paths.dedup(i)
      const between = kind.phases.map((phase) => ({
        name: `${dedupLabels(pipeline.dedups)[i]}.${phase.name}`,
        items: phase.items(config, names),
        run: (item: string) => phase.run(config, folder, item),
      }))
      return [...between, pass(remove, i + 1)]
    })
  const summary = { name: 'summary', items: ['all'], run: () => summarise(job) }
  return [pass('steps', 0), ...dedups, summary]
}

/** The names of the phases in which documents pass. */
const passNames = ({ dedups }: Pick<Pipeline, 'dedups'>): string[] => [
  'steps',
  ...dedupLabels(dedups).map((label) => `${label}.remove`),
]

/** The statistics of the items that are done. */
export async function readStatistics({ pipeline, pieces }: Job): Promise<Statistics> {
  const { state } = pathsOf(pipeline)
  const passes = await Promise.all(
    passNames(pipeline).map(async (name, pass) => {
      const done = await readDone<Statistics>(state, name)
      const parts = pieces.map(({ name }) => done.get(name)).filter((part) => part !== undefined)
      return mergeStatistics(stepsOfPass(pipeline, pass), parts)
    }),
  )
  const last = passes.findLast(({ documents }) => documents > 0) ?? passes[0]
  return {
    ...passes[0],
    kept: last.kept,
    bytesOut: last.bytesOut,
    steps: passes.flatMap(({ steps }) => steps),
    seconds: passes.reduce((sum, { seconds }) => sum + seconds, 0),
  }
}

/** Writes the summary and takes away what is needed no longer; nobody finds a second copy of the data in a hidden folder. */
async function summarise(job: Job): Promise<Summary> {
  const { state, temporary } = pathsOf(job.pipeline)
  const statistics = await readStatistics(job)
  const summary: Summary = { pieces: job.pieces.length, statistics, written: statistics.kept }
  await writeAtomic(join(state, 'summary.json'), `${JSON.stringify(summary, null, 1)}\n`)
  for (const folder of temporary) await rm(folder, { recursive: true, force: true })
  return summary
}
