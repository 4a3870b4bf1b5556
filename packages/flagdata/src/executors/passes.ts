import { dedupKind } from '../dedup/kinds.ts'
import type { Document } from '../document.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import { addFault, emptyStatistics, type Statistics } from '../pipeline/statistics.ts'
import { isRemoval, type Removal, type Step } from '../pipeline/step.ts'
import { type OnFault, readDocuments } from '../readers/documents.ts'
import type { Piece } from '../readers/pieces.ts'
import { Text } from '../text/text.ts'
import { betweenConfig, DocumentWriter, type RemovedBecause, type TakenOut } from '../writers/documents.ts'
import { dedupLabels, type Paths } from './state.ts'

/** What was done since the last call: documents and bytes of text that came in, documents removed by reason. */
export interface Progress {
  documents: number
  bytes: number
  removed: Record<string, number>
}

/** Called now and then. */
export type OnProgress = (progress: Progress) => void

const PROGRESS_EVERY = 500

/**
 * Documents pass a pipeline once for its steps, and once more for each deduplication, which decides then what it found
 * after the pass before. The names of the steps of a pass.
 */
export const stepsOfPass = ({ steps, dedups }: Pipeline, pass: number): string[] =>
  pass === 0 ? steps.map(({ name }) => name) : [dedupLabels(dedups)[pass - 1]]

/**
 * Puts a document through the steps. Returns it as it is kept, or why it is removed, with its text at that point. A step
 * that leaves nothing of a text removes the document.
 */
export async function applySteps(
  document: Document,
  steps: readonly Step[],
  statistics: Statistics,
): Promise<{
  document: Document
  because?: RemovedBecause
  changedBy: readonly string[]
  taken: readonly TakenOut[]
}> {
  const changedBy: string[] = []
  let text = new Text(document.text)
  const taken: TakenOut[] = []
  for (const [i, step] of steps.entries()) {
    const its = statistics.steps[i]
    its.documents++
    const start = process.hrtime.bigint()
    const answer = step.apply(text, document, (name, by = 1) => {
      its.counts[name] = (its.counts[name] ?? 0) + by
    })
    // A promise costs a turn of the event loop, which most steps need not pay for every document.
    const outcome = answer instanceof Promise ? await answer : answer
    its.seconds += Number(process.hrtime.bigint() - start) / 1e9
    if (outcome === undefined) its.kept++
    else if (isRemoval(outcome) || outcome.text === '') {
      const { metadata, ...removal }: Removal = isRemoval(outcome) ? outcome : { reason: 'empty' }
      its.removed[removal.reason] = (its.removed[removal.reason] ?? 0) + 1
      return {
        document: withMetadata(document, metadata),
        because: { step: step.name, ...removal },
        changedBy,
        taken,
      }
    } else {
      its.kept++
      document = withMetadata({ ...document, text: outcome.text }, outcome.metadata)
      if (outcome.text === text.value) continue
      its.changed++
      if (outcome.taken) taken.push({ step: step.name, ...outcome.taken })
      changedBy.push(step.name)
      text = new Text(outcome.text)
    }
  }
  return { document, changedBy, taken }
}

const withMetadata = (document: Document, metadata: Document['metadata'] | undefined): Document =>
  metadata === undefined ? document : { ...document, metadata: { ...document.metadata, ...metadata } }

/** The decisions of a deduplication about a piece as a step. */
async function decisionStep(pipeline: Pipeline, pass: number, piece: Piece, paths: Paths): Promise<Step> {
  const { kind, config } = dedupKind(pipeline.dedups[pass - 1])
  const decide = await kind.decide(config, paths.dedup(pass - 1), piece.name)
  let number = 0
  return {
    name: stepsOfPass(pipeline, pass)[0],
    apply: (_, document, count) => decide(document, number++, count),
  }
}

/** Whether the first pass writes what it keeps: without steps that is the input, which can be read once more instead. */
const hasCopy = ({ steps }: Pipeline): boolean => steps.length > 0

/** The documents that the pass before kept, which are our own and therefore sound. */
function readBetween(path: string, piece: Piece, pipeline: Pipeline) {
  const config = {
    ...pipeline.read,
    format: 'jsonl' as const,
    textKey: 'text',
    idKey: 'id',
    maxDocumentBytes: 500 * 1024 * 1024,
  }
  const whole = { ...piece, path, file: path, start: 0, end: Number.MAX_SAFE_INTEGER }
  return readDocuments(whole, config, (kind, offset, found) => {
    throw new Error(`${path}: ${kind} at ${offset}: ${found}`)
  })
}

/**
 * Takes a piece through one pass and writes what is kept and what is removed. The output appears complete or not at all.
 * Returns the statistics of the piece.
 */
export async function runPass(
  pipeline: Pipeline,
  pass: number,
  piece: Piece,
  paths: Paths,
  onProgress: OnProgress = () => {},
): Promise<Statistics> {
  const start = process.hrtime.bigint()
  const statistics = emptyStatistics(stepsOfPass(pipeline, pass))
  const onFault: OnFault = (kind, offset, found) =>
    addFault(statistics, kind, { file: piece.file, offset, found })
  const source =
    pass === 0
      ? readDocuments(piece, pipeline.read, onFault)
      : pass === 1 && !hasCopy(pipeline)
        ? readDocuments(piece, pipeline.read, () => {})
        : readBetween(paths.between(pass, piece.name), piece, pipeline)
  const steps = pass === 0 ? pipeline.steps : [await decisionStep(pipeline, pass, piece, paths)]
  await Promise.all(steps.map((step) => step.prepare?.()))
  const next = pipeline.dedups[pass] && dedupKind(pipeline.dedups[pass])
  const collector = next?.kind.collect(next.config, paths.dedup(pass), piece.name)
  // What is still to be deduplicated is written as JSON lines, whatever the pipeline writes in the end.
  const writer =
    collector && pass === 0 && !hasCopy(pipeline)
      ? undefined
      : await DocumentWriter.open(
          paths.output(pass, piece.name),
          pipeline.write,
          collector ? betweenConfig(pipeline.write) : pipeline.write,
        )
  const nothing = (): Progress => ({ documents: 0, bytes: 0, removed: {} })
  let progress = nothing()
  try {
    for await (const original of source) {
      const size = Buffer.byteLength(original.text)
      statistics.documents++
      statistics.bytesIn += size
      const { document, because, changedBy, taken } = await applySteps(original, steps, statistics)
      for (const part of taken) await writer?.takeOut(document, part)
      const full = because ? writer?.remove(document, because) : writer?.keep(document)
      if (!because) {
        if (changedBy.length > 0) await writer?.change(document, { steps: changedBy, before: original.text })
        const noted = collector?.add(document, statistics.kept)
        if (noted) await noted
        statistics.kept++
        statistics.bytesOut += document.text === original.text ? size : Buffer.byteLength(document.text)
      }
      if (full) await full
      progress.documents++
      progress.bytes += size
      if (because) progress.removed[because.reason] = (progress.removed[because.reason] ?? 0) + 1
      if (progress.documents === PROGRESS_EVERY) {
        onProgress(progress)
        progress = nothing()
      }
    }
    await collector?.commit()
    await writer?.commit()
  } catch (error) {
    await writer?.discard()
    throw error
  }
  onProgress(progress)
  statistics.seconds = Number(process.hrtime.bigint() - start) / 1e9
  return statistics
}
