import type { Document, Json } from '../document.ts'
import type { ReadConfig } from '../pipeline/pipeline.ts'
import type { Format, OnFault } from './format.ts'
import { cutLines, documentLines } from './lines.ts'
import { documentOf } from './record.ts'

/** JSON lines: `{text, id?, media?, metadata?, …}`, one document a line. */
export const jsonl: Format = {
  files: /\.(jsonl|ndjson|json)(\.gz|\.zst)?$/i,
  examples: 'a.jsonl, a.jsonl.gz, a.jsonl.zst',
  cut: cutLines,
  async *read(piece, config, onFault) {
    for await (const { text, offset } of documentLines(piece, config, onFault)) {
      const document = parseJsonLine(text, piece.file, offset, config, onFault)
      if (document) yield document
    }
  },
}

/** The document of a line of JSON; undefined, and reported, if it is none. */
export function parseJsonLine(
  line: string,
  file: string,
  offset: number,
  config: ReadConfig,
  onFault: OnFault,
): Document | undefined {
  let value: Json
  try {
    value = JSON.parse(line)
  } catch (error) {
    onFault('broken-json', offset, (error as Error).message)
    return undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    onFault(
      'not-an-object',
      offset,
      value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value,
    )
    return undefined
  }
  return documentOf(value, `${file}#${offset}`, config, (kind, found) => onFault(kind, offset, found))
}
