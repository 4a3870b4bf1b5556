import { isIPv6 } from 'node:net'
import * as z from 'zod'
import { defineStep } from '../pipeline/define.ts'
import { flagData } from '../pipeline/range.ts'
import { changed } from './change.ts'

const replacement = z.string().default('').describe('what stands in its place')

const localCharacter = /[A-Za-z0-9.\-+_]/
// The last full stop of the domain that a letter follows ends it, with the letters after it.
const domain = /[A-Za-z0-9.\-+_]+/y

/** Deletes e-mail addresses. An address is found by its @ and read in both directions, which takes linear time. */
export const emailPruner = defineStep({
  name: 'email-pruner',
  summary: 'Deletes e-mail addresses.',
  source: flagData('data_operator/pruner/email_pruner.py'),
  counts: ['emails'],
  options: z.strictObject({ replacement }),
  create:
    ({ replacement }) =>
    (text, _document, count) => {
      const { value } = text
      let result = ''
      let done = 0
      for (let at = value.indexOf('@'); at >= 0; at = value.indexOf('@', at + 1)) {
        let start = at
        while (start > done && localCharacter.test(value[start - 1])) start--
        if (start === at) continue
        const end = endOfDomain(value, at + 1)
        if (end < 0) continue
        result += value.slice(done, start) + replacement
        done = end
        count('emails')
      }
      return changed(text, result + value.slice(done))
    },
})

function endOfDomain(text: string, start: number): number {
  domain.lastIndex = start
  const [found] = domain.exec(text) ?? ['']
  // The search stays within what was found, or it would go back through the whole text for every @.
  for (let dot = found.lastIndexOf('.'); dot > 0; dot = found.lastIndexOf('.', dot - 1)) {
    let end = dot + 1
    while (/[A-Za-z]/.test(found[end] ?? '')) end++
    if (end > dot + 1) return start + end
  }
  return -1
}

const octet = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])'
const ipv4 = new RegExp(`(?<![\\w.])(?:${octet}\\.){3}${octet}(?!\\w|\\.\\w)`, 'g')
const maybeIpv6 = /(?<![\w:.])[\da-f]{0,4}(?::[\da-f]{0,4}){2,7}(?:(?:\.\d{1,3}){3})?(?![\w:]|\.\w)/gi

/** Deletes IPv4 and IPv6 addresses that stand alone. */
export const ipPruner = defineStep({
  name: 'ip-pruner',
  summary: 'Deletes IPv4 and IPv6 addresses.',
  source: flagData('data_operator/pruner/ip_pruner.py'),
  counts: ['ips'],
  differences: [
    'An address must stand alone; there 1.2.3.456 loses 1.2.3.45, and of the version 10.1.2.3.4 only .4 is left.',
    'Shortened IPv6 addresses (2001:db8::1) are found; there only those of eight groups. What could be a name of C++ (a::b) is none.',
  ],
  options: z.strictObject({ replacement }),
  create:
    ({ replacement }) =>
    (text, _document, count) => {
      const replace = () => {
        count('ips')
        return replacement
      }
      return changed(
        text,
        text.value
          .replace(maybeIpv6, (found) => (isLikelyIpv6(found) ? replace() : found))
          .replace(ipv4, replace),
      )
    },
})

const isLikelyIpv6 = (address: string) =>
  isIPv6(address) && address.split(':').filter((group) => group !== '').length >= 3

// A path goes up to white space, a sign that no address has, or what is written without spaces (Chinese, Japanese).
export const linkPattern =
  /\b(?:https?|ftp):\/\/(?:[\w.~%!$&'()*+,;=-]+@)?[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)*(?::[0-9]+)?(?:[/?#][^\s<>"'`{}|\\^\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303f\uff00-\uffef“”‘’]*)?/giu
const sentenceEnd = /[.,;:!?)\]*]+$/

/** Deletes addresses of the web and of FTP. */
export const linkPruner = defineStep({
  name: 'link-pruner',
  summary: 'Deletes http, https and ftp addresses.',
  source: flagData('data_operator/pruner/link_pruner.py'),
  counts: ['links'],
  differences: [
    'An address ends before Chinese or Japanese text and before full-width marks; there it goes on to the next space, and takes the rest of the sentence with it.',
    'Marks that end the sentence stay.',
    'A query without a path (`a.com?b=1`), a user name and a host without a full stop belong to the address.',
    'An address may follow a Chinese character directly; there it is not found.',
  ],
  options: z.strictObject({ replacement }),
  create:
    ({ replacement }) =>
    (text, _document, count) =>
      changed(
        text,
        text.value.replace(linkPattern, (found) => {
          count('links')
          return replacement + (sentenceEnd.exec(found.slice(-16))?.[0] ?? '')
        }),
      ),
})
