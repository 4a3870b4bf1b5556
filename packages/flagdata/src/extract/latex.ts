import type { Extract } from './extractors.ts'
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
  const whole = withoutComments(textOfSource(source).replaceAll('\r\n', '\n'))
  const start = whole.search(section)
  if (start < 0) return { text: '' }
  const body = whole.slice(start)
  const end = body.search(ending)
  const text = end < 0 ? body : body.slice(0, end)
  return { text: (expandMacros ? expand(text, macrosOf(whole)) : text).trim() }
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

const definition =
  /\\(?:(?:re)?newcommand\*?\s{0,9}\{?\s{0,9}(\\[A-Za-z]+)\s{0,9}\}?|def\s{0,9}(\\[A-Za-z]+))\s{0,9}\{/g

/** Macros without arguments, by name. The last definition of a name counts. */
function macrosOf(text: string): Map<string, string> {
  const macros = new Map<string, string>()
  for (const found of text.matchAll(definition)) {
    const from = found.index + found[0].length
    const end = endOfGroup(text, from)
    if (end >= 0) macros.set(found[1] ?? found[2], text.slice(from, end))
  }
  return macros
}

/** Longer values are no abbreviations; nor is what grows beyond that when it is written out. */
const LONGEST_VALUE = 10_000

/** Where the group ends whose content begins at `from`, or -1 if it is too long or never ends. */
function endOfGroup(text: string, from: number): number {
  const limit = Math.min(text.length, from + LONGEST_VALUE)
  let depth = 1
  for (let i = from; i < limit; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === '{') depth++
    else if (text[i] === '}' && --depth === 0) return i
  }
  return -1
}

/** How much longer than it was a text may become. */
const MOST_GROWTH = 4_000_000

function expand(text: string, macros: ReadonlyMap<string, string>): string {
  const done = new Map<string, string | undefined>()
  /** The value of a macro with those in it written out; undefined where it contains itself or becomes too long. */
  const expansionOf = (name: string, depth: number): string | undefined => {
    if (done.has(name)) return done.get(name)
    const value = macros.get(name)
    if (value === undefined || depth > 20) return undefined
    done.set(name, undefined)
    const result = replaceMacros(value, (it) => expansionOf(it, depth + 1), LONGEST_VALUE)
    done.set(name, result)
    return result
  }
  return replaceMacros(text, (name) => expansionOf(name, 0), text.length + MOST_GROWTH) ?? text
}

const command = /\\[A-Za-z]+/g

/** Undefined if the result is longer than allowed. Definitions stay as they are. */
function replaceMacros(
  text: string,
  expansionOf: (name: string) => string | undefined,
  longest: number,
): string | undefined {
  let result = ''
  let done = 0
  for (const { 0: name, index } of text.matchAll(command)) {
    const value = isDefined(text, index) ? undefined : expansionOf(name)
    if (value === undefined) continue
    result += text.slice(done, index) + value
    done = index + name.length
    if (result.length > longest) return undefined
  }
  result += text.slice(done)
  return result.length > longest ? undefined : result
}

/** Whether the command at a place is the one that is being defined there. */
const isDefined = (text: string, at: number) =>
  /(?:\\(?:re)?newcommand\*?\s{0,9}\{?|\\def)\s{0,9}$/.test(text.slice(Math.max(0, at - 40), at))
