import type { Json } from '../document.ts'
import type { Removal } from '../pipeline/step.ts'

/** What an extractor makes of a file: its text, and metadata to add to the document. */
export interface Extracted {
  text: string
  metadata?: { [key: string]: Json }
}

/** What there is to extract from: text of markup, or the bytes of a file. */
export interface Source {
  /** Names it in errors: the file, or the id of the document. */
  readonly name: string
  readonly text?: string
  readonly bytes?: Uint8Array
}

export type Options = { readonly [option: string]: Json }

/** Runs in a thread of its own, where it may be stopped at any moment. A removal says why a file has no text to give. */
export type Extract = (source: Source, options: Options) => Extracted | Removal | Promise<Extracted | Removal>
