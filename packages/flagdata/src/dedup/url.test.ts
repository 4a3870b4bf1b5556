import fc from 'fast-check'
import { expect, it } from 'vitest'
import { normalizeUrl, urlRulesSchema } from './url.ts'

const rules = urlRulesSchema.parse({})

it.each([
  ['HTTP://WWW.Example.ORG:80/a/../b/?b=2&utm_source=x&a=1#part', 'example.org/b?a=1&b=2'],
  ['https://example.org', 'example.org'],
  ['example.org/', 'example.org'],
  ['https://example.org:8443/%7efoo%c3%a4', 'example.org:8443/%7Efoo%C3%A4'],
  ['https://münchen.example/ä', 'xn--mnchen-3ya.example/%C3%A4'],
  ['https://www.org/', 'www.org'],
  ['https://example.org/?fbclid=1', 'example.org'],
  ['https://example.org/?a=2&a=1', 'example.org?a=2&a=1'],
  ['https://example.org/#!/page', 'example.org#!/page'],
  ['ftp://example.org/a', 'ftp://example.org/a'],
  [' not an address ', 'not an address'],
  ['', ''],
])('%j becomes %j', (address, expected) => {
  expect(normalizeUrl(address, rules)).toBe(expected)
})

it('keeps what the rules do not name', () => {
  const strict = urlRulesSchema.parse({
    ignoreScheme: false,
    ignoreWww: false,
    ignoreFragment: false,
    ignoreTracking: false,
    sortQuery: false,
    ignoreTrailingSlash: false,
  })
  const address = 'https://www.example.org/a/?b=1&a=2&gclid=3#part'
  expect(normalizeUrl(address, strict)).toBe(address)
  expect(normalizeUrl(address, { ...rules, ignoreQuery: true })).toBe('example.org/a')
})

it('has a form that stays as it is', () => {
  fc.assert(
    fc.property(fc.webUrl({ withFragments: true, withQueryParameters: true }), (address) => {
      const once = normalizeUrl(address, rules)
      expect(normalizeUrl(once, rules)).toBe(once)
    }),
  )
})
