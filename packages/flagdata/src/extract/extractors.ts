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

/** The extractors by the names of their steps. Each is loaded when it is first used: PDF alone is some megabytes. */
export const extractors: { readonly [name: string]: () => Promise<Extract> } = {
  'html-text': async () => (await import('./html/html.ts')).extractHtml,
  gne: async () => (await import('./gne/gne.ts')).extractGne,
  'pdf-text': async () => (await import('./pdf/pdf.ts')).extractPdf,
  'epub-text': async () => (await import('./epub.ts')).extractEpub,
  'docx-text': async () => (await import('./docx.ts')).extractDocx,
  'latex-text': async () => (await import('./latex.ts')).extractLatex,
  'book-text': async () => (await import('./book/book.ts')).extractBook,
}
