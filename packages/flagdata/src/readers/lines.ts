import type { ReadConfig } from '../pipeline/pipeline.ts'
import { compressionOf, pieceChunks } from './chunks.ts'
import { decode } from './decode.ts'
import type { OnFault } from './format.ts'
import { cutGzip } from './gzipMembers.ts'
import type { Piece } from './piece.ts'
import { evenly, type Range, whole } from './ranges.ts'

/** A line without its end, and where it starts. */
export interface Line {
  bytes: Buffer
  /** Byte offset in the decompressed file. */
  offset: number
}

/** Says that a line was longer than allowed and was passed over. */
export type OnLongLine = (offset: number, length: number) => void

/**
 * The lines of a stream of bytes that begin in a range. A range that does not start at 0 begins one byte early, and
 * what comes before the first line end belongs to the range before; so ranges that touch share no line and lose none.
 * Holds at most one line of `maxBytes`.
 */
export async function* readLines(
  chunks: AsyncIterable<Buffer>,
  { start, end, maxBytes }: { start: number; end: number; maxBytes: number },
  onLongLine: OnLongLine,
): AsyncGenerator<Line> {
  // The byte before the range decides whether a line starts exactly at it.
  let position = Math.max(0, start - 1)
  let skipping = start > 0
  let lineStart = position
  let parts: Buffer[] = []
  let size = 0

  for await (const chunk of chunks) {
    let from = 0
    while (from < chunk.length) {
      const found = chunk.indexOf(0x0a, from)
      const to = found < 0 ? chunk.length : found
      if (!skipping) {
        if (size + to - from <= maxBytes) parts.push(chunk.subarray(from, to))
        else parts = []
        size += to - from
      }
      if (found < 0) break
      if (skipping) skipping = false
      else if (size > maxBytes) onLongLine(lineStart, size)
      else yield { bytes: parts.length === 1 ? parts[0] : Buffer.concat(parts), offset: lineStart }
      parts = []
      size = 0
      from = found + 1
      lineStart = position + from
      if (lineStart >= end) return
    }
    position += chunk.length
  }
  if (skipping || size === 0) return
  if (size > maxBytes) onLongLine(lineStart, size)
  else yield { bytes: Buffer.concat(parts), offset: lineStart }
}

/** Plain files between bytes, as readers find lines by themselves; gzip files between members. */
export async function cutLines(path: string, size: number, { pieceBytes }: ReadConfig): Promise<Range[]> {
  const compression = compressionOf(path)
  if (compression === 'none') return evenly(size, pieceBytes)
  return compression === 'gzip' ? cutGzip(path, size, pieceBytes) : whole(size)
}

/** The lines that begin in a piece, but blank ones, as text. What is none, or too long, is reported. */
export async function* documentLines(
  piece: Piece,
  config: Pick<ReadConfig, 'maxDocumentBytes'>,
  onFault: OnFault,
): AsyncGenerator<{ text: string; offset: number }> {
  let offset = piece.inflated?.start ?? piece.start
  const { chunks, start, end } = pieceChunks(piece, (kind, found) => onFault(kind, offset, found))
  for await (const line of textLines(chunks, { start, end }, config, onFault)) {
    offset = line.offset
    yield line
  }
}

/** The same of a stream of bytes. */
export async function* textLines(
  chunks: AsyncIterable<Buffer>,
  { start, end }: { start: number; end: number },
  { maxDocumentBytes: maxBytes }: Pick<ReadConfig, 'maxDocumentBytes'>,
  onFault: OnFault,
): AsyncGenerator<{ text: string; offset: number }> {
  const tooLong = (at: number, length: number) =>
    onFault('too-long', at, `${length} bytes, more than ${maxBytes} (maxDocumentBytes)`)
  for await (const { bytes, offset } of readLines(chunks, { start, end, maxBytes }, tooLong)) {
    const text = decode(bytes, offset, onFault)
    if (text !== undefined && text.trim() !== '') yield { text, offset }
  }
}
