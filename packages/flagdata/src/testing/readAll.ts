import type { Document } from '../document.ts'
import { type Part, pipeline, writeJsonl } from '../pipeline/pipeline.ts'
import { readDocuments } from '../readers/documents.ts'
import { findPieces } from '../readers/pieces.ts'

export interface Fault {
  kind: string
  file: string
  offset: number
  found: string
}

/** All documents and faults of an input, and the number of its pieces. */
export async function readAll(reader: Part) {
  const { read } = pipeline([reader, writeJsonl('nowhere')])
  const [documents, faults]: [Document[], Fault[]] = [[], []]
  const pieces = await findPieces(read)
  for (const piece of pieces)
    for await (const document of readDocuments(piece, read, (kind, offset, found) =>
      faults.push({ kind, file: piece.file, offset, found }),
    ))
      documents.push(document)
  return { documents, faults, pieces }
}
