import type { ReadConfig } from '../pipeline/pipeline.ts'
import type { Range } from './ranges.ts'

/** The formats that a single file has. */
export type FileFormat = Exclude<ReadConfig['format'], 'huggingface' | 'files'>

/** A part of the input that is worked on as a whole: what is done once, or again after a kill. */
export interface Piece extends Range {
  /** Number of the piece, in the order of the input, with five digits or more; output files are named after it. */
  name: string
  path: string
  /** The file as the input names it, `/` between folders. */
  file: string
  /** Of a file in a dataset folder. */
  format?: FileFormat
  split?: string
  /** Bytes of the file that the piece reads. */
  bytes: number
  /** When the file was changed last, in milliseconds. */
  modified: number
}
