/** What a language model says of one document. */
export interface DocumentLikelihood {
  /** Σ ln p over the document's tokens. */
  readonly logLikelihood: number
  /** UTF-8 bytes. */
  readonly bytes: number
  /** Parts between white space, as lm-eval counts them. */
  readonly words: number
}

/** Bytes and words of a text, counted as lm-eval counts them: a text that ends in a space has one more word. */
export function sizesOf(text: string): { bytes: number; words: number } {
  return { bytes: Buffer.byteLength(text), words: text.split(/\s+/).length }
}

const total = (documents: readonly DocumentLikelihood[], key: keyof DocumentLikelihood) =>
  documents.reduce((sum, document) => sum + document[key], 0)

/** −Σ log₂ p / Σ bytes: comparable between tokenizers. */
export function bitsPerByte(documents: readonly DocumentLikelihood[]): number {
  return -total(documents, 'logLikelihood') / (total(documents, 'bytes') * Math.LN2)
}

/** exp(−Σ ln p / Σ bytes). */
export function bytePerplexity(documents: readonly DocumentLikelihood[]): number {
  return Math.exp(-total(documents, 'logLikelihood') / total(documents, 'bytes'))
}

/** exp(−Σ ln p / Σ words). */
export function wordPerplexity(documents: readonly DocumentLikelihood[]): number {
  return Math.exp(-total(documents, 'logLikelihood') / total(documents, 'words'))
}

/** exp(−mean ln p per document), as lm-eval's `perplexity`. */
export function perplexity(documents: readonly Pick<DocumentLikelihood, 'logLikelihood'>[]): number {
  return Math.exp(-documents.reduce((sum, { logLikelihood }) => sum + logLikelihood, 0) / documents.length)
}
