import type { Document } from '../document.ts'
import type { OutputFormat } from './format.ts'
import { openTextWriter } from './lines.ts'

/** The document as a line of JSON: id, text, media and metadata, in that order. */
export const toJsonLine = ({ id, text, media, metadata }: Document): string =>
  `${JSON.stringify({ id, text, ...(media ? { media } : {}), metadata })}\n`

export const jsonl: OutputFormat = {
  endings: { gzip: '.jsonl.gz', none: '.jsonl', zstd: '.jsonl.zst' },
  sizeOf: (document) => Buffer.byteLength(toJsonLine(document)),
  async open(path, codec, { level }) {
    const { write, ...file } = await openTextWriter(path, codec, level)
    return { add: (document) => write(toJsonLine(document)), ...file }
  },
}
