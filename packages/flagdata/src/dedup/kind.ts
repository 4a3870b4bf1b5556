import type { Document } from '../document.ts'
import type { Count, Outcome } from '../pipeline/step.ts'

/** What a kind of deduplication notes about the documents of one piece, in their order. */
export interface Collector {
  /** @param document number of the document in its piece, from 0 */
  add(document: Document, number: number): void | Promise<void>
  /** Writes what was noted; the files appear complete or not at all. */
  commit(): Promise<void>
}

/** Work between noting and deciding: items may be done in any order, in any process, when the phase before is done. */
export interface DedupPhase<Config> {
  readonly name: string
  items(config: Config, pieces: readonly string[]): readonly string[]
  /** Does one item; what it returns is kept as JSON beside its completion marker. */
  run(config: Config, folder: string, item: string): Promise<unknown>
}

/** What is to happen to a document, told in the order of the piece: nothing keeps it. */
export type Decide = (document: Document, number: number, count: Count) => Outcome

/**
 * A kind of deduplication: documents are noted as they pass, phases find what they have in common, and then every document
 * passes once more and is kept, changed or removed. All files lie in `folder`, which belongs to this deduplication alone;
 * `piece` is the name of a piece.
 */
export interface DedupKind<Config> {
  collect(config: Config, folder: string, piece: string): Collector
  readonly phases: readonly DedupPhase<Config>[]
  decide(config: Config, folder: string, piece: string): Promise<Decide>
}
