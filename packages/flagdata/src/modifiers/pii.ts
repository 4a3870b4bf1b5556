import * as z from 'zod'
import { defineStep } from '../pipeline/define.ts'
import { isPublicIp } from './ipRanges.ts'

const atomChar = /[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]/
const asciiWord = /[A-Za-z0-9_]/
const label = '[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?'
const octet = '(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)'

// An address is found by its @ and then read in both directions, which takes linear time; one pattern for the whole
// tries every start again. Python's \b is Unicode's word boundary, JavaScript's is ASCII's.
const domainPart = new RegExp(
  `(?:(?:${label}\\.)+${label}|\\[(?:${octet}\\.){3}(?:${octet}|[A-Za-z0-9-]*[A-Za-z0-9]:)\\])`,
  'y',
)
const wordChar = /[\p{L}\p{N}_]/u
const ip = new RegExp(`(?:${octet}\\.){3}${octet}`, 'g')

/**
 * Replaces e-mail addresses and public IPv4 addresses. Replacements are used in turn; the turn starts anew with each
 * document, so that the result does not depend on which documents came before.
 *
 * Counts: `emails`, `ips`.
 *
 * Source: Penedo et al., The FineWeb Datasets, section 3.6; patterns of `PIIFormatter` of datatrove 0.10, whose turn
 * goes on from document to document (`turn: 'stream'`).
 */
export const pii = defineStep({
  name: 'pii',
  summary: 'Replaces e-mail addresses and public IPv4 addresses.',
  source:
    'Penedo et al. 2024, FineWeb, section 3.6 (https://arxiv.org/abs/2406.17557); PIIFormatter of datatrove 0.10',
  counts: ['emails', 'ips'],
  differences: [
    'Replacements are taken in turn within each document, so that the output does not depend on the order of documents; `turn: stream` does as datatrove.',
  ],
  options: z.strictObject({
    emails: z.boolean().default(true).describe('replaces e-mail addresses'),
    ips: z.boolean().default(true).describe('replaces IPv4 addresses'),
    onlyPublicIps: z.boolean().default(true).describe('leaves private, local and invalid addresses alone'),
    emailReplacements: z
      .array(z.string())
      .min(1)
      .default(['email@example.com', 'firstname.lastname@example.org'])
      .describe('used in turn'),
    ipReplacements: z
      .array(z.string())
      .min(1)
      .default([
        '22.214.171.124',
        '126.96.36.199',
        '188.8.131.52',
        '184.108.40.206',
        '220.127.116.11',
        '18.104.22.168',
      ])
      .describe('used in turn; these answer to no one'),
    turn: z.enum(['document', 'stream']).default('document').describe('where the turn starts anew'),
  }),
  create(options) {
    let emails = 0
    let ips = 0
    return ({ value }, _document, count) => {
      if (options.turn === 'document') emails = ips = 0
      let text = value
      if (options.emails && text.includes('@'))
        text = replaceEmails(text, () => {
          count('emails')
          return options.emailReplacements[emails++ % options.emailReplacements.length]
        })
      if (options.ips)
        text = text.replace(ip, (address) => {
          if (!isValid(address) || (options.onlyPublicIps && !isPublicIp(address))) return address
          count('ips')
          return options.ipReplacements[ips++ % options.ipReplacements.length]
        })
      return text === value ? undefined : { text }
    }
  },
})

/** Python's `ipaddress` refuses leading zeros. */
const isValid = (address: string) => address.split('.').every((part) => part === '0' || part[0] !== '0')

function replaceEmails(text: string, replacement: () => string): string {
  let result = ''
  let done = 0
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    const start = startOfLocalPart(text, done, at)
    if (start < 0) continue
    domainPart.lastIndex = at + 1
    if (!domainPart.test(text)) continue
    result += text.slice(done, start) + replacement()
    done = domainPart.lastIndex
  }
  return done === 0 ? text : result + text.slice(done)
}

/** The first place, not before `from`, from which everything up to the @ is the local part of an address, or -1. */
function startOfLocalPart(text: string, from: number, at: number): number {
  let start = -1
  for (let i = at - 1; i >= from; i--) {
    if (isAtom(text, i)) {
      // It must begin at a word boundary.
      if (isWordEnd(text, i)) start = i
    } else if (text[i] !== '.' || i + 1 === at || !isAtom(text, i + 1)) break
  }
  return start
}

const isAtom = (text: string, at: number) => atomChar.test(text[at])

function isWordEnd(text: string, at: number): boolean {
  if (at === 0) return asciiWord.test(text[0])
  const low = (text.charCodeAt(at - 1) & 0xfc00) === 0xdc00
  return wordChar.test(text.slice(low ? at - 2 : at - 1, at)) !== asciiWord.test(text[at])
}
