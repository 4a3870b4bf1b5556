import { uniform } from '../condense/random.ts'
import type { RunOptions } from '../executors/local.ts'
import type { ReadConfig } from '../pipeline/pipeline.ts'
import { addFault, emptyStatistics, type Statistics } from '../pipeline/statistics.ts'
import { readDocuments } from '../readers/documents.ts'
import { findPieces } from '../readers/pieces.ts'
import { Analysis } from './analysis.ts'

export interface AnalyseOptions {
  /** Looks at this share of the documents, chosen at random. */
  sample?: number
  seed?: number
  /** Called now and then with the documents and bytes of text since the last call. */
  onProgress?: RunOptions['onProgress']
}

const PROGRESS_EVERY = 500

/**
 * Reads a corpus and describes it. Bad input is counted and passed over.
 *
 * @throws DataError `not-found` if there is no file of the format
 */
export async function analyse(
  read: ReadConfig,
  { sample = 1, seed = 0, onProgress }: AnalyseOptions = {},
): Promise<{ analysis: Analysis; faults: Statistics['faults'] }> {
  const analysis = new Analysis()
  const statistics = emptyStatistics([])
  const pieces = await findPieces(read)
  for (const [done, piece] of pieces.entries()) {
    let [documents, bytes, number] = [0, 0, 0]
    const report = () => {
      onProgress?.({ phase: 'analyse', done, total: pieces.length, documents, bytes, removed: {} })
      documents = bytes = 0
    }
    const source = readDocuments(piece, read, (kind, offset, found) =>
      addFault(statistics, kind, { file: piece.file, offset, found }),
    )
    for await (const document of source) {
      if (sample < 1 && uniform(seed, piece.name, number++) >= sample) continue
      analysis.add(document)
      documents++
      bytes += document.text.length
      if (documents === PROGRESS_EVERY) report()
    }
    report()
  }
  return { analysis, faults: statistics.faults }
}
