import type { Document } from '../document.ts'
import type { ReadConfig } from '../pipeline/pipeline.ts'
import { readFileDocuments } from './files.ts'
import type { OnFault } from './format.ts'
import { formats } from './formats.ts'
import type { Piece } from './piece.ts'

export type { OnFault } from './format.ts'

/**
 * The documents that begin in a piece of the input. Bad input never stops it: it is reported and passed over. The
 * documentation of `@flag/data` lists the kinds of faults by format.
 *
 * @throws the system's error if the file cannot be opened or read
 */
export async function* readDocuments(
  piece: Piece,
  config: ReadConfig,
  onFault: OnFault,
): AsyncGenerator<Document> {
  if (config.format === 'files') {
    yield* readFileDocuments(piece, config)
    return
  }
  if (config.format !== 'huggingface') {
    yield* formats[config.format].read(piece, config, onFault)
    return
  }
  const { format = 'jsonl', split = 'train' } = piece
  for await (const document of formats[format].read(piece, config, onFault))
    yield { ...document, metadata: { ...document.metadata, split } }
}
