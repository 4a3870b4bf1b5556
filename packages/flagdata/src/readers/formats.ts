import type { ReadConfig } from '../pipeline/pipeline.ts'
import { csv, tsv } from './csv.ts'
import type { Format } from './format.ts'
import { jsonl } from './jsonl.ts'
import { text } from './text.ts'

/** The formats of files by the names that recipes call them by. */
export const formats: Record<Exclude<ReadConfig['format'], 'huggingface'>, Format> = {
  jsonl,
  text,
  csv,
  tsv,
}
