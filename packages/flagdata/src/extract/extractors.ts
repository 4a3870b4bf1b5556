import type { Extract } from './extractor.ts'

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
