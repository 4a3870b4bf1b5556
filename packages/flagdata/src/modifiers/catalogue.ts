import * as z from 'zod'
import { defineStep } from '../pipeline/define.ts'
import { flagData } from '../pipeline/range.ts'
import { codePoints, strip } from '../text/whitespace.ts'
import { changed } from './change.ts'

const numbered = /^\d+\./
const leader = '............'

function isEntry(line: string): boolean {
  const chapter = line.indexOf('第')
  return (
    (chapter >= 0 && (line.indexOf('章', chapter) > 0 || line.indexOf('幕', chapter) > 0)) ||
    line.toLowerCase().includes('chapter') ||
    numbered.test(line) ||
    line.includes(leader)
  )
}

/** Takes out tables of contents: enough short lines in a row that look like their entries, empty lines left aside. */
export const cataloguePruner = defineStep({
  name: 'catalogue-pruner',
  summary:
    'Takes out tables of contents: runs of short lines with 第…章, 第…幕, “chapter”, a number and a full stop, or a row of dots.',
  source: flagData('data_operator/pruner/catalogue_pruner.py'),
  counts: ['lines'],
  differences: [
    'Lines of white space are empty lines; there they end a run.',
    'Empty lines before the first entry and after the last one stay.',
    '第 must stand before 章 or 幕; there their order is free, so that 文章第 counts.',
  ],
  options: z.strictObject({
    lengthThreshold: z.int().min(1).default(100).describe('longer lines are no entries, in characters'),
    consecutiveThreshold: z
      .int()
      .min(1)
      .default(3)
      .describe('so many entries in a row are a table of contents'),
  }),
  create({ lengthThreshold, consecutiveThreshold }) {
    return (text, _document, count) => {
      const lines = text.value.split('\n')
      const kept: string[] = []
      // Entries seen since the run began, with the empty lines between them.
      let run: string[] = []
      let entries = 0
      let blanks: string[] = []
      const endRun = () => {
        if (entries < consecutiveThreshold) for (const line of run) kept.push(line)
        else count('lines', run.length)
        for (const line of blanks) kept.push(line)
        run = []
        blanks = []
        entries = 0
      }
      for (const line of lines) {
        const content = strip(line)
        if (content === '') {
          if (entries > 0) blanks.push(line)
          else kept.push(line)
        } else if (codePoints(line) < lengthThreshold && isEntry(content)) {
          for (const blank of blanks) run.push(blank)
          run.push(line)
          blanks = []
          entries++
        } else {
          endRun()
          kept.push(line)
        }
      }
      endRun()
      return changed(text, kept.join('\n'))
    }
  },
})
