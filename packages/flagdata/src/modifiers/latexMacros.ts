import * as z from 'zod'
import { defineStep } from '../pipeline/define.ts'
import { flagData } from '../pipeline/range.ts'
import { changed } from './change.ts'

/** No more definitions than this are read: a real preamble has hundreds. */
const MAX_MACROS = 10_000
/** Expansion stops when a text would grow beyond this: \def\a{\b\b}\def\b{\c\c}… doubles with every line. */
const MAX_GROWTH = 4
const MAX_DEPTH = 16
/** Longest value of a macro. */
const MAX_VALUE = 4000

const definition =
  /\\(?:new|renew|provide)command\*?\s{0,8}(?:\{(\\[a-zA-Z]{1,64})\}|(\\[a-zA-Z]{1,64}))\s{0,8}(?=\{)|\\def\s{0,8}(\\[a-zA-Z]{1,64})\s{0,8}(?=\{)/g
const command = /\\[a-zA-Z]+/g

/** Where each brace that opens closes, found in one pass; escaped braces are signs. */
function closingBraces(text: string): ReadonlyMap<number, number> {
  const closing = new Map<number, number>()
  const open: number[] = []
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '{') open.push(at)
    else if (text[at] === '}') {
      const start = open.pop()
      if (start !== undefined) closing.set(start, at)
    }
  }
  return closing
}

/** Expands macros without arguments wherever they are used; their definitions stay as they are. */
export function expandMacros(text: string): string {
  if (!text.includes('\\')) return text
  const macros = new Map<string, string>()
  const definitions: [start: number, end: number][] = []
  const closing = closingBraces(text)
  for (const match of text.matchAll(definition)) {
    const name = match[1] ?? match[2] ?? match[3]
    const open = match.index + match[0].length
    const close = closing.get(open)
    if (close === undefined || close - open > MAX_VALUE || macros.size === MAX_MACROS) continue
    macros.set(name, text.slice(open + 1, close))
    if (match.index >= (definitions.at(-1)?.[1] ?? 0)) definitions.push([match.index, close + 1])
  }
  if (macros.size === 0) return text

  let budget = MAX_GROWTH * text.length + 10_000
  const expand = (part: string, depth: number): string =>
    part.replace(command, (name) => {
      const value = macros.get(name)
      if (value === undefined || depth === MAX_DEPTH || budget < value.length) return name
      budget -= value.length
      return expand(value, depth + 1)
    })
  let result = ''
  let done = 0
  for (const [start, end] of definitions) {
    result += expand(text.slice(done, start), 0) + text.slice(start, end)
    done = end
  }
  return result + expand(text.slice(done), 0)
}

/** Expands macros of LaTeX that take no argument. */
export const latexMacroExpanderPruner = defineStep({
  name: 'latex-macro-expander-pruner',
  summary:
    'Expands macros of LaTeX without arguments, defined by \\newcommand, \\renewcommand, \\providecommand or \\def.',
  source: flagData('data_operator/pruner/latex_macro_expander_pruner.py'),
  differences: [
    'Definitions stay; there the name in them is expanded too, which leaves broken code.',
    'Values may hold braces and more lines, macros may hold macros, and two may stand side by side; there a value ends with its line, and the second of two is left.',
    'Expansion stops before a text grows to more than four times its size.',
  ],
  options: z.strictObject({}),
  create: () => (text) => changed(text, expandMacros(text.value)),
})
