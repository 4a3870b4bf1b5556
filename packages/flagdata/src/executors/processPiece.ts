import { ExactSignatureWriter } from '../dedup/exact.ts'
import { SignatureWriter } from '../dedup/minhash/buckets.ts'
import { Signer } from '../dedup/minhash/signature.ts'
import type { Document } from '../document.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import { addFault, emptyStatistics, type Statistics } from '../pipeline/statistics.ts'
import { isRemoval, type Removal, type Step } from '../pipeline/step.ts'
import { readDocuments } from '../readers/documents.ts'
import type { Piece } from '../readers/pieces.ts'
import { Text } from '../text/text.ts'
import { DocumentWriter, type RemovedBecause } from '../writers/documents.ts'
import type { Paths } from './state.ts'

/** Called now and then with what was done since the last call. */
export type OnProgress = (documents: number, bytes: number) => void

const PROGRESS_EVERY = 500

/** Signatures of the kept documents of a piece, for the deduplication that follows. */
interface Signatures {
  add(text: string, document: number): void
  commit(folder: string, piece: string): Promise<void>
}

function signaturesFor({ dedup }: Pipeline): Signatures | undefined {
  if (dedup === undefined) return undefined
  if ('exact' in dedup) return new ExactSignatureWriter(dedup.exact)
  const writer = new SignatureWriter(dedup.minhash)
  const signer = new Signer(dedup.minhash)
  return {
    add(text, document) {
      if (signer.sign(text)) writer.add(signer.signature, document)
    },
    commit: (folder, piece) => writer.commit(folder, piece),
  }
}

/**
 * Puts a document through the steps. Returns it as it is kept, or why it is removed, with its text at that point. A step
 * that leaves nothing of a text removes the document.
 */
async function applySteps(
  document: Document,
  steps: readonly Step[],
  statistics: Statistics,
): Promise<{ document: Document; because?: RemovedBecause }> {
  let text = new Text(document.text)
  for (const [i, step] of steps.entries()) {
    const its = statistics.steps[i]
    its.documents++
    const start = process.hrtime.bigint()
    const given = step.apply(text, document, (name, by = 1) => {
      its.counts[name] = (its.counts[name] ?? 0) + by
    })
    // Steps that decide at once do not wait for the next turn.
    const outcome = given instanceof Promise ? await given : given
    its.seconds += Number(process.hrtime.bigint() - start) / 1e9
    if (outcome === undefined) its.kept++
    else if (isRemoval(outcome) || outcome.text === '') {
      const removal: Removal = isRemoval(outcome) ? outcome : { reason: 'empty' }
      its.removed[removal.reason] = (its.removed[removal.reason] ?? 0) + 1
      return { document, because: { step: step.name, ...removal } }
    } else {
      its.kept++
      its.changed++
      document = {
        ...document,
        text: outcome.text,
        metadata: outcome.metadata ? { ...document.metadata, ...outcome.metadata } : document.metadata,
      }
      text = new Text(outcome.text)
    }
  }
  return { document }
}

/**
 * Reads a piece, puts it through the steps and writes what is kept and what is removed. The output appears complete
 * or not at all. Returns the statistics of the piece.
 */
export async function processPiece(
  pipeline: Pipeline,
  piece: Piece,
  paths: Paths,
  onProgress: OnProgress = () => {},
): Promise<Statistics> {
  const start = process.hrtime.bigint()
  const { read, steps, write } = pipeline
  const statistics = emptyStatistics(steps.map((step) => step.name))
  const signatures = signaturesFor(pipeline)
  // What is still to be deduplicated is written as JSON lines, whatever the pipeline writes in the end.
  const writer = await DocumentWriter.open(
    paths.filtered(piece.name),
    signatures ? { ...write, format: 'jsonl' } : write,
  )
  let [documents, bytes] = [0, 0]
  try {
    const source = readDocuments(piece, read, (kind, offset, found) =>
      addFault(statistics, kind, { file: piece.file, offset, found }),
    )
    for await (const original of source) {
      const size = Buffer.byteLength(original.text)
      statistics.documents++
      statistics.bytesIn += size
      const { document, because } = await applySteps(original, steps, statistics)
      const full = because ? writer.remove(document, because) : writer.keep(document)
      if (!because) {
        signatures?.add(document.text, statistics.kept)
        statistics.kept++
        statistics.bytesOut += document.text === original.text ? size : Buffer.byteLength(document.text)
      }
      if (full) await full
      documents++
      bytes += size
      if (documents === PROGRESS_EVERY) {
        onProgress(documents, bytes)
        documents = bytes = 0
      }
    }
    await signatures?.commit(paths.signatures, piece.name)
    await writer.commit()
  } catch (error) {
    await writer.discard()
    throw error
  }
  onProgress(documents, bytes)
  statistics.seconds = Number(process.hrtime.bigint() - start) / 1e9
  return statistics
}

/** Writes a piece once more without the documents that deduplication removes. Returns how many those are. */
export async function deduplicatePiece(
  pipeline: Pipeline,
  piece: Piece,
  paths: Paths,
  removal: { documents: Uint32Array; reason: string; clusters: ReadonlyMap<number, number> },
): Promise<{ kept: number; removed: number; bytesOut: number }> {
  const { write } = pipeline
  const path = paths.filtered(piece.name).kept
  const source = readDocuments(
    { ...piece, path, file: path, start: 0, end: Number.MAX_SAFE_INTEGER },
    { ...pipeline.read, format: 'jsonl', textKey: 'text', idKey: 'id', maxDocumentBytes: 500 * 1024 * 1024 },
    (kind, offset, found) => {
      throw new Error(`${path}: ${kind} at ${offset}: ${found}`)
    },
  )
  const writer = await DocumentWriter.open(paths.output(piece.name), write)
  const result = { kept: 0, removed: 0, bytesOut: 0 }
  let number = 0
  try {
    for await (const document of source) {
      const isDuplicate = removal.documents[result.removed] === number
      const because = { step: 'dedup', reason: removal.reason, value: removal.clusters.get(number) }
      const full = isDuplicate ? writer.remove(document, because) : writer.keep(document)
      if (isDuplicate) result.removed++
      else {
        result.kept++
        result.bytesOut += Buffer.byteLength(document.text)
      }
      number++
      if (full) await full
    }
    await writer.commit()
  } catch (error) {
    await writer.discard()
    throw error
  }
  return result
}
