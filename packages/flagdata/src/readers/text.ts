import type { ReadConfig } from '../pipeline/pipeline.ts'
import { readChunks } from './chunks.ts'
import { decode } from './decode.ts'
import type { Format, OnFault } from './format.ts'
import { cutLines, documentLines } from './lines.ts'
import type { Piece } from './piece.ts'
import { whole } from './ranges.ts'

/** Plain text: a document per file, or per line. */
export const text: Format = {
  files: /\.(txt|text|md)(\.gz|\.zst)?$/i,
  examples: 'a.txt, a.txt.gz, a.txt.zst',
  cut: async (path, size, config) =>
    config.documents === 'file' ? whole(size) : cutLines(path, size, config),
  read: (piece, config, onFault) =>
    config.documents === 'file' ? readFile(piece, config, onFault) : readLines(piece, config, onFault),
}

async function* readLines(piece: Piece, config: ReadConfig, onFault: OnFault) {
  for await (const { text, offset } of documentLines(piece, config, onFault))
    yield { id: `${piece.file}#${offset}`, text: text.replace(/\r$/, ''), metadata: {} }
}

async function* readFile({ path, file }: Piece, { maxDocumentBytes }: ReadConfig, onFault: OnFault) {
  const parts: Buffer[] = []
  let size = 0
  for await (const chunk of readChunks(path, { start: 0, end: Infinity }, (kind, found) =>
    onFault(kind, size, found),
  )) {
    size += chunk.length
    if (size <= maxDocumentBytes) parts.push(chunk)
    else parts.length = 0
  }
  if (size > maxDocumentBytes) {
    onFault('too-long', 0, `${size} bytes, more than ${maxDocumentBytes} (maxDocumentBytes)`)
    return
  }
  const text = decode(Buffer.concat(parts), 0, onFault)
  if (text) yield { id: file, text, metadata: {} }
}
