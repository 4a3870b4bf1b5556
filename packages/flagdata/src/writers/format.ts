import type { Document } from '../document.ts'
import type { WriteConfig } from '../pipeline/pipeline.ts'

export type Codec = NonNullable<WriteConfig['compression']>

/** A file of documents that is being written: there completely after `commit`, or not at all. */
export interface DocumentFile {
  /** Returns a promise only when the caller should wait. */
  add(document: Document): Promise<void> | undefined
  /** Brings all to disk, still under a temporary name. */
  finish(): Promise<void>
  commit(): Promise<void>
  discard(): Promise<void>
}

/** What the package knows of a format that it writes. */
export interface OutputFormat {
  /** The ending of names, by compression. The first one is the default. */
  endings: Partial<Record<Codec, string>>
  /** The bytes that a document takes before compression, by which files are kept below `maxFileBytes`. */
  sizeOf(document: Document): number
  open(path: string, codec: Codec, config: WriteConfig): Promise<DocumentFile>
}
