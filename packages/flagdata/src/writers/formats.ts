import type { WriteConfig } from '../pipeline/pipeline.ts'
import { arrow } from './arrow.ts'
import { csv, tsv } from './csv.ts'
import type { OutputFormat } from './format.ts'
import { jsonl } from './jsonl.ts'
import { parquet } from './parquet.ts'
import { text } from './text.ts'
import { tokens } from './tokens.ts'
import { webdataset } from './webdataset.ts'

/** The formats that are written, by the names that recipes call them by. */
export const outputFormats: Record<WriteConfig['format'], OutputFormat> = {
  jsonl,
  text,
  parquet,
  arrow,
  csv,
  tsv,
  webdataset,
  tokens,
}
