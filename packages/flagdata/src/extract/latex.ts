import { expandMacros as withMacrosExpanded } from '../modifiers/latexMacros.ts'
import type { Extract } from './extractor.ts'
import { textOfSource } from './source.ts'

const section = /\\(?:chapter|part|section|subsection|subsubsection|paragraph|subparagraph)\*?\s{0,9}[[{]/
const ending =
  /\\appendix(?![A-Za-z])|\\begin\{(?:references|REFERENCES|thebibliography)\}|\\bibliography\{|\\printbibliography(?![A-Za-z])/

export interface LatexOptions {
  expandMacros: boolean
}

/**
 * The body of a paper in LaTeX, as the arXiv part of RedPajama has it: without what stands before the first section,
 * without comments, without appendix and bibliography, with macros that take no arguments written out. Empty if there
 * is no section.
 *
 * Source: Together Computer 2023, RedPajama-Data, arXiv; `ArxivCleaner` of FlagData 3.0.
 */
export const extractLatex: Extract = (source, options) => {
  const { expandMacros } = options as unknown as LatexOptions
  const plain = withoutComments(textOfSource(source).replaceAll('\r\n', '\n'))
  // The preamble, which defines them, is cut away next.
  const whole = expandMacros ? withMacrosExpanded(plain) : plain
  const start = whole.search(section)
  if (start < 0) return { text: '' }
  const body = whole.slice(start)
  const end = body.search(ending)
  return { text: (end < 0 ? body : body.slice(0, end)).trim() }
}

/** A line of nothing but a comment goes with its end; a comment after text leaves the text. */
function withoutComments(text: string): string {
  const lines: string[] = []
  for (const line of text.split('\n')) {
    const at = commentIn(line)
    if (at < 0) lines.push(line)
    else if (line.slice(0, at).trim() !== '') lines.push(line.slice(0, at).trimEnd())
  }
  return lines.join('\n')
}

/** Where a line's comment begins: at the first percent sign that no backslash takes its meaning from. */
function commentIn(line: string): number {
  let escapes = 0
  for (let i = 0; i < line.length; i++) {
    if (line[i] === '%' && escapes % 2 === 0) return i
    escapes = line[i] === '\\' ? escapes + 1 : 0
  }
  return -1
}
