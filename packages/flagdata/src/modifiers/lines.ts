import * as z from 'zod'
import { defineStep } from '../pipeline/define.ts'
import { flagData } from '../pipeline/range.ts'
import { compile } from '../pipeline/regex.ts'
import { punctuation } from '../text/punctuation.ts'
import { splitLines, strip } from '../text/whitespace.ts'
import { changed } from './change.ts'

/** A text without the lines that a test picks. */
export function withoutLines(text: string, goes: (line: string) => boolean, onLine: () => void): string {
  return text
    .split('\n')
    .filter((line) => {
      const itGoes = goes(line)
      if (itGoes) onLine()
      return !itGoes
    })
    .join('\n')
}

// The caption's own words hold no space, so that a sentence that starts with “Table 3 shows …” stays.
const caption = /^(?:图|表|figure|table)\s*\d+(?:-\d+)?(?:\.\d+)?\s*[\u4e00-\u9fa5A-Za-z]*$/i

/** Takes out lines that are the caption of a figure or a table. */
export const figureTableCaptionPruner = defineStep({
  name: 'figure-table-caption-pruner',
  summary:
    'Takes out lines that are the caption of a figure or a table: 图, 表, Figure or Table, a number, and at most one word.',
  source: flagData('data_operator/pruner/figuret_able_caption_pruner.py'),
  counts: ['lines'],
  differences: ['Other lines keep the spaces at their ends; there these are stripped.'],
  options: z.strictObject({}),
  create: () => (text, _document, count) =>
    changed(
      text,
      withoutLines(
        text.value,
        (line) => caption.test(strip(line)),
        () => count('lines'),
      ),
    ),
})

/** Takes out lines that hold one of several strings. */
export const specificPatternPruner = defineStep({
  name: 'specific-pattern-pruner',
  summary: 'Takes out lines that hold one of several strings, and strips the text.',
  source: flagData('data_operator/pruner/specific_pattern_pruner.py'),
  counts: ['lines'],
  options: z.strictObject({
    patterns: z.array(z.string().min(1)).default([]).describe('strings, not regular expressions'),
  }),
  create:
    ({ patterns }) =>
    (text, _document, count) =>
      changed(
        text,
        strip(
          withoutLines(
            text.value,
            (line) => patterns.some((pattern) => line.includes(pattern)),
            () => count('lines'),
          ),
        ),
      ),
})

const cellEnd = /\t|[^\S\n]{2,}/

/** Takes out lines of cells: rows of a table that was flattened to text. */
export const tablePruner = defineStep({
  name: 'table-pruner',
  summary:
    'Takes out lines of three or more cells with tabs or two and more spaces between them: tables flattened to text.',
  source: flagData('data_operator/pruner/table_pruner.py'),
  counts: ['lines'],
  differences: [
    'Work is linear; there the pattern takes exponential time on long lines.',
    'The first line of a text may be a row, and `maxCol` counts; there it has no effect.',
    'Empty lines after a table stay, and cells may hold single spaces.',
  ],
  options: z.strictObject({
    minCol: z.int().min(2).default(3).describe('fewest cells of a row'),
    maxCol: z.int().min(2).default(30).describe('most cells of a row'),
  }),
  create:
    ({ minCol, maxCol }) =>
    (text, _document, count) =>
      changed(
        text,
        withoutLines(
          text.value,
          (line) => {
            const content = strip(line)
            if (content === '') return false
            const cells = content.split(cellEnd).filter((cell) => cell !== '').length
            return cells >= minCol && cells <= maxCol
          },
          () => count('lines'),
        ),
      ),
})

const patterns = z.union([z.string().min(1), z.array(z.string().min(1))])

/** Replaces what regular expressions match. */
export const replacePruner = defineStep({
  name: 'replace-pruner',
  summary: 'Replaces everything that regular expressions match, one after another.',
  source: flagData('data_operator/pruner/replace_pruner.py'),
  differences: [
    'Regular expressions are JavaScript’s (flags g, s, u), and replacements name groups as `$1` and `$<name>`.',
    'There must be one replacement for all, or as many as expressions; there a missing one stops the run.',
    'A pattern of your own may take exponential time on hostile text: mind nested repetition.',
  ],
  options: z
    .strictObject({
      pattern: patterns.default([]).describe('one regular expression or several'),
      repl: z
        .union([z.string(), z.array(z.string())])
        .default('')
        .describe('one replacement or as many as expressions'),
    })
    .refine(({ pattern, repl }) => typeof repl === 'string' || repl.length === [pattern].flat().length, {
      message: 'as many replacements as patterns are needed, or one',
      path: ['repl'],
    }),
  create({ pattern, repl }) {
    const rules = [pattern]
      .flat()
      .map(
        (source, i) =>
          [compile(source, 'gsu', 'replace-pruner'), typeof repl === 'string' ? repl : repl[i]] as const,
      )
    return (text) =>
      changed(
        text,
        rules.reduce((value, [regex, by]) => value.replace(regex, by), text.value),
      )
  },
})

/** Takes out lines that consist of signs alone, such as rules of dashes. */
export const symbolLines = defineStep({
  name: 'symbol-lines',
  summary:
    'Takes out lines that consist of punctuation alone, such as rules of dashes; lines of white space stay.',
  source: 'SymbolLinesFormatter of datatrove 0.10',
  counts: ['lines'],
  differences: ['A text without such a line keeps its line ends; there they become \\n in any case.'],
  options: z.strictObject({
    symbolsToRemove: z
      .array(z.string().min(1))
      .optional()
      .describe('the signs, each one character; without it those that datatrove counts as punctuation'),
    replaceChar: z.string().default('').describe('stands for a run of such lines, on a line of its own'),
  }),
  create({ symbolsToRemove, replaceChar }) {
    const symbols = symbolsToRemove ? new Set(symbolsToRemove) : punctuation
    const isSymbolLine = (line: string) => {
      if (strip(line) === '') return false
      for (const char of line) if (char !== ' ' && !symbols.has(char)) return false
      return true
    }
    return (text, _document, count) => {
      const kept: string[] = []
      let inRun = false
      let found = false
      for (const line of splitLines(text.value)) {
        const goes = isSymbolLine(line)
        if (!goes) kept.push(line)
        else {
          found = true
          count('lines')
          if (!inRun && replaceChar !== '') kept.push(replaceChar)
        }
        inRun = goes
      }
      return found ? changed(text, kept.join('\n')) : undefined
    }
  },
})
