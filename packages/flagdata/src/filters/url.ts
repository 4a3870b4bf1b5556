import { parse } from 'tldts'
import * as z from 'zod'
import { defineStep } from '../pipeline/define.ts'

const list = z.array(z.string().min(1)).default([])

/** Letters and digits alone, in lower case: the form in which words of a list are compared. */
const normalize = (text: string) => text.replace(/[^a-zA-Z0-9]+/g, '').toLowerCase()

/**
 * Removes documents by their address in `metadata.url`: listed domains (registered domain or full host name),
 * addresses, words, and fragments. Words are the parts of the address between other signs than letters and digits.
 *
 * Reasons: `domain`, `subdomain`, `url`, `hard_blacklisted`, `soft_blacklisted`, `blacklisted_subword`, and
 * `no_url` for documents without an address where `requireUrl` asks for one.
 *
 * Source: Penedo et al., The RefinedWeb Dataset, section G.1 (https://arxiv.org/abs/2306.01116); decisions equal to
 * `URLFilter` of datatrove 0.10 given the same lists. datatrove's own lists are not part of this package, and a
 * document without an address, which stops datatrove, is kept unless `requireUrl` is set.
 */
export const urlFilter = defineStep({
  name: 'url',
  summary:
    'Removes documents by their address in metadata.url: listed domains, hosts, addresses, words, fragments.',
  source:
    'Penedo et al. 2023, RefinedWeb, section G.1 (https://arxiv.org/abs/2306.01116); URLFilter of datatrove 0.10',
  reasons: [
    'domain',
    'subdomain',
    'url',
    'hard_blacklisted',
    'soft_blacklisted',
    'blacklisted_subword',
    'no_url',
  ],
  differences: [
    'Its block lists are not part of this package: give your own.',
    'A document without an address is kept unless `requireUrl` is set; datatrove stops.',
  ],
  options: z.strictObject({
    domains: list.describe('registered domains and full host names'),
    urls: list.describe('whole addresses'),
    bannedWords: list.describe('one of these words is enough'),
    softBannedWords: list.describe('words of which several are needed'),
    softWordThreshold: z.int().min(1).default(2).describe('so many of them'),
    bannedSubwords: list.describe('found anywhere among the letters and digits of the address'),
    requireUrl: z.boolean().default(false).describe('removes documents without an address'),
  }),
  create(options) {
    const domains = new Set(options.domains)
    const urls = new Set(options.urls)
    const banned = new Set(options.bannedWords.map(normalize))
    const soft = new Set(options.softBannedWords.map(normalize))
    const subwords = options.bannedSubwords.map(normalize).filter((word) => word !== '')

    return (_text, { metadata: { url } }) => {
      if (typeof url !== 'string' || url === '') return options.requireUrl ? { reason: 'no_url' } : undefined
      const { domain, hostname, publicSuffix } = parse(url, {
        extractHostname: true,
        validateHostname: false,
      })
      if (domain && domains.has(domain)) return { reason: 'domain' }
      // Like tldextract: a host name counts only if it ends with a public suffix.
      if (hostname && domain && publicSuffix && domains.has(hostname)) return { reason: 'subdomain' }
      if (urls.has(url)) return { reason: 'url' }

      const words = new Set(url.split(/[^a-zA-Z0-9]+/))
      for (const word of banned) if (words.has(word)) return { reason: 'hard_blacklisted' }
      let found = 0
      for (const word of soft) if (words.has(word)) found++
      if (found >= options.softWordThreshold)
        return { reason: 'soft_blacklisted', value: found, limit: options.softWordThreshold }
      const whole = normalize(url)
      if (subwords.some((word) => whole.includes(word))) return { reason: 'blacklisted_subword' }
      return undefined
    }
  },
})
