import * as z from 'zod'
import { defineStep } from '../pipeline/define.ts'
import { compile } from '../pipeline/regex.ts'

/** Removes documents in which a regular expression matches, or those in which none does. */
export const regex = defineStep({
  name: 'regex',
  summary: 'Removes documents in which a regular expression matches, or does not match.',
  source: 'RegexFilter of datatrove 0.10',
  reasons: ['regex_match', 'no_regex_match'],
  differences: [
    'The regular expression is JavaScript’s, with the flag u: `\\d` and `\\w` are those of ASCII.',
    'An expression of your own may take exponential time on hostile text: mind nested repetition.',
  ],
  options: z.strictObject({
    regexExp: z.string().min(1).describe('the regular expression'),
    ignoreCase: z.boolean().default(false).describe('without regard to case'),
    removeIf: z.enum(['match', 'no-match']).default('match').describe('when a document goes'),
  }),
  create({ regexExp, ignoreCase, removeIf }) {
    const pattern = compile(regexExp, ignoreCase ? 'iu' : 'u', 'regex')
    const reason = removeIf === 'match' ? 'regex_match' : 'no_regex_match'
    return ({ value }) => (pattern.test(value) === (removeIf === 'match') ? { reason } : undefined)
  },
})
