import { describe, expect, it } from 'vitest'
import { makeStep } from '../pipeline/registry.ts'
import { operatorCases } from '../testing/operatorCases.ts'
import { Text } from '../text/text.ts'

/** Parts that, repeated, make patterns with nested or overlapping repetition try every start or every split. */
const parts = [
  '(',
  'a@',
  'a.',
  '1.',
  ':',
  'a:',
  'http://',
  'http://a.',
  '/*',
  '\n',
  ' ',
  'a\t',
  'a  ',
  '&',
  '&#1',
  '\\',
  '\\newcommand{\\a}{',
  '\\def\\a{\\a\\a}',
  '我',
  '。',
  '”',
  'Ã©',
  '€',
  '😀',
  '👩\u200d',
  'qq',
  '138',
  '第一章\n',
  '图 1',
  '\u001b[1',
  '3 ',
  'Рё',
  '-',
  'a',
]
/** Each with the text that its rules find hardest, measured over all parts. */
const worst: Record<string, string> = {
  'email-pruner': 'a@',
  'ip-pruner': '1.',
  'link-pruner': 'http://a.',
  'text-cleaner': '我',
  'text-cleaner-v1': '138',
  'text-integrity-checker': '。',
  'symbol-filter': '👩\u200d',
  'table-pruner': 'a  ',
  'figure-table-caption-pruner': '图 1',
  'latex-macro-expander-pruner': '\\newcommand{\\a}{',
  'copyright-pruner': '/*',
  'end-at-last-punctuation-pruner': '”',
  'repeat-sentence-pruner': '1.',
  'catalogue-pruner': '第一章\n',
  'fix-text': 'Рё',
  'non-chinese-char-pruner': '😀',
  'unicode-pruner': ' ',
  'refinedweb-lines': '3 ',
  'normalise-text': '\n',
}

// What takes quadratic time would take minutes for these lengths, and exponential time for ever.
const MEGABYTE = 1_000_000
const SHORT = 4_000

async function stepOf(name: string) {
  const step = makeStep({ name, options: operatorCases.find((it) => it.step === name)?.options })
  await step.prepare?.()
  return (text: string) => step.apply(new Text(text), { id: 'd', text, metadata: {} }, () => {})
}

describe('hostile texts', () => {
  it.each(Object.entries(worst))('%s ends on a megabyte of %j', async (name, part) => {
    const apply = await stepOf(name)
    expect(() => apply(part.repeat(MEGABYTE / part.length))).not.toThrow()
  })

  it.each([...new Set(operatorCases.map(({ step }) => step))])(
    '%s ends on every other kind',
    async (name) => {
      const apply = await stepOf(name)
      for (const part of parts) expect(() => apply(part.repeat(SHORT / part.length))).not.toThrow()
    },
  )
})
