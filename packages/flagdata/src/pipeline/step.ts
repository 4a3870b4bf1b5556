import type { Document, Json } from '../document.ts'
import type { Text } from '../text/text.ts'

/** Why a document was removed: the reason's name, and the measured value beside its limit where there is one. */
export interface Removal {
  reason: string
  value?: number
  limit?: number
  /** Added to the metadata of the removed document, such as the id of the one that stays in its place. */
  metadata?: { [key: string]: Json }
}

/** A changed document: its new text, and metadata to add. */
export interface Change {
  text: string
  metadata?: { [key: string]: Json }
  /** Parts of the text that are gone and are to be kept in `removed/`. */
  taken?: Taken
}

/** Parts that were taken out of a text that stays, and why. */
export interface Taken {
  reason: string
  texts: readonly string[]
  metadata?: { [key: string]: Json }
}

/** What a step says about a document: nothing keeps it as it is. */
export type Outcome = Removal | Change | undefined

/** Adds to a counter of the step, such as the lines that it took out. */
export type Count = (name: string, by?: number) => void

/**
 * One step of a pipeline. `apply` is the whole of it: counting, timing, keeping what was removed and running in
 * several threads are the pipeline's business.
 */
export interface Step {
  readonly name: string
  /** The options it was made with, so that a worker thread can make the same step. Absent in custom steps. */
  readonly options?: { readonly [option: string]: Json }
  /** Loads what the step needs. Called in every thread, and awaited, before the first document. */
  prepare?(): Promise<void>
  /**
   * @param text the document's text with its words, lines and lengths, computed once for all steps
   * @param document read only: return a `Change` to change it
   */
  apply(text: Text, document: Document, count: Count): Outcome | Promise<Outcome>
}

/** Whether an outcome removes the document. */
export const isRemoval = (outcome: Outcome): outcome is Removal =>
  outcome !== undefined && 'reason' in outcome

/**
 * A step of your own from a function. Such a step exists only in this thread, so it runs with `workers: 1`.
 *
 * @example
 * const short = customStep('short', (text) => text.length > 1000 ? { reason: 'too_long' } : undefined)
 */
export function customStep(name: string, apply: Step['apply']): Step {
  return { name, apply }
}
