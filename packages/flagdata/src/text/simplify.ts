import { PUNCTUATION } from './punctuation.ts'
import { strip } from './whitespace.ts'

const number = /\p{Nd}+(?:[.,،٫⎖⎗⎘]\p{Nd}+)?/gu
const marks = /\p{Mn}/gu
const beyondAscii = /[\u0080-\uffff]/
// White space as Python's `\s`; its control characters count as punctuation and are gone by then.
const spaces = /[\t\n \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g
const signs = new RegExp(`[${PUNCTUATION.replace(/[\\\]^[-]/g, '\\$&')}]`, 'g')

/**
 * A text reduced to what near-duplicates share, before shingles are hashed: lower case, every number 0, punctuation
 * and white space one space, accents removed. Equal to `simplify_text` of datatrove 0.10.
 */
export function simplify(text: string): string {
  let simple = text.toLowerCase().replace(number, '0').replace(signs, ' ')
  simple = strip(simple).replace(spaces, ' ')
  if (beyondAscii.test(simple)) simple = simple.normalize('NFD').replace(marks, '')
  return strip(simple)
}
