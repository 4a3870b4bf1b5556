import { arrow } from './arrow.ts'
import { csv, tsv } from './csv.ts'
import type { Format } from './format.ts'
import { jsonl } from './jsonl.ts'
import { parquet } from './parquet.ts'
import type { FileFormat } from './piece.ts'
import { text } from './text.ts'
import { warc } from './warc.ts'
import { webdataset } from './webdataset.ts'

/** The formats of files by the names that recipes call them by. */
export const formats: Record<FileFormat, Format> = {
  jsonl,
  text,
  parquet,
  arrow,
  csv,
  tsv,
  warc,
  webdataset,
}

/** The format that the name of a file speaks of. */
export function formatOf(name: string): FileFormat | undefined {
  const entries = Object.entries(formats) as [FileFormat, Format][]
  return entries.find(([, { files }]) => files.test(name))?.[0]
}
