/** Every extractor: what is exported here is a step that recipes may name. */
export { bookText, docxText, epubText, extract, gne, htmlText, latexText, pdfText } from './steps.ts'
