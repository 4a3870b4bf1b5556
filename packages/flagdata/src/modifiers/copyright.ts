import * as z from 'zod'
import { defineStep } from '../pipeline/define.ts'
import { flagData } from '../pipeline/range.ts'
import { strip } from '../text/whitespace.ts'
import { changed } from './change.ts'

const lineComments = ['//', '#', '--']
const isNotice = (text: string) => text.toLowerCase().includes('copyright')

/** Takes out comments of source code that hold a copyright notice. */
export const copyrightPruner = defineStep({
  name: 'copyright-pruner',
  summary:
    'Takes out comments of source code that hold a copyright notice: /* … */ blocks, and lines that start with //, # or --.',
  source: flagData('data_operator/pruner/copyright_pruner.py'),
  counts: ['comments'],
  differences: ['Only the block that holds the notice goes; there every copy of its text does.'],
  options: z.strictObject({}),
  create: () => (text, _document, count) => {
    const lines = withoutBlocks(text.value, () => count('comments')).split('\n')
    const kept = lines.filter((line) => {
      const content = strip(line)
      const goes = lineComments.some((sign) => content.startsWith(sign)) && isNotice(content)
      if (goes) count('comments')
      return !goes
    })
    return changed(text, kept.join('\n'))
  },
})

function withoutBlocks(text: string, onBlock: () => void): string {
  let result = ''
  let done = 0
  for (let start = text.indexOf('/*'); start >= 0; start = text.indexOf('/*', start)) {
    const end = text.indexOf('*/', start + 2)
    if (end < 0) break
    if (isNotice(text.slice(start, end))) {
      result += text.slice(done, start)
      done = end + 2
      onBlock()
    }
    start = end + 2
  }
  return result + text.slice(done)
}
