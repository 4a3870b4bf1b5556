import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../document.ts'
import { pii } from '../modifiers/pii.ts'
import type { Step } from '../pipeline/step.ts'
import { EnglishTokenizer } from '../text/englishTokenizer.ts'
import { Text } from '../text/text.ts'
import { c4 } from './c4.ts'
import { finewebQuality } from './finewebQuality.ts'
import { gopherQuality } from './gopherQuality.ts'
import { gopherRepetition } from './gopherRepetition.ts'
import { duplicateNgramCharacters, joinWords, topNgramCharacters } from './ngrams.ts'
import { urlFilter } from './url.ts'

const apply = (step: Step, text: string, metadata: { [key: string]: Json } = {}) =>
  step.apply(new Text(text), { id: '0', text, metadata }, () => {})

describe('n-grams', () => {
  // The rules in their plainest form, over strings.
  function plainTop(words: readonly string[], n: number): number {
    const counts = new Map<string, number>()
    for (let i = 0; i + n <= words.length; i++) {
      const ngram = words.slice(i, i + n).join(' ')
      counts.set(ngram, (counts.get(ngram) ?? 0) + 1)
    }
    let top: [string, number] = ['', 0]
    for (const entry of counts) if (entry[1] > top[1]) top = entry
    return [...top[0]].length * top[1]
  }
  function plainDuplicates(words: readonly string[], n: number): number {
    const seen = new Set<string>()
    let characters = 0
    for (let i = 0; i + n <= words.length; ) {
      const ngram = words.slice(i, i + n).join('')
      if (seen.has(ngram)) {
        characters += [...ngram].length
        i += n
      } else {
        seen.add(ngram)
        i++
      }
    }
    return characters
  }

  it('are counted exactly', () => {
    const word = fc.constantFrom('a', 'b', 'ab', 'ba', 'aab', '\u{1f600}', 'é')
    const tokenizer = new EnglishTokenizer()
    fc.assert(
      fc.property(fc.array(word, { maxLength: 40 }), fc.integer({ min: 2, max: 5 }), (list, n) => {
        const words = tokenizer.words(list.join(' '))
        const texts = Array.from(words.ids, (id) => words.vocabulary.texts[id])
        expect(topNgramCharacters(words, n)).toBe(plainTop(texts, n))
        expect(duplicateNgramCharacters(joinWords(words), n)).toBe(plainDuplicates(texts, n))
      }),
    )
  })
})

describe('reasons carry the measured value and its limit', () => {
  it.each([
    [gopherRepetition(), 'a\n\na\n\na', { reason: 'dup_para_frac', value: 2 / 3, limit: 0.3 }],
    [gopherQuality(), 'too short', { reason: 'gopher_short_doc', value: 2, limit: 50 }],
    [gopherQuality({ minWords: null }), '. . .', { reason: 'gopher_short_doc', value: 0, limit: 1 }],
    [finewebQuality(), 'no end\nno end', { reason: 'line_punct_ratio', value: 0, limit: 0.12 }],
    [c4(), 'One sentence is not enough.', { reason: 'too_few_sentences', value: 1, limit: 5 }],
  ])('%o', (step, text, removal) => {
    expect(apply(step, text)).toEqual(removal)
  })
})

describe('url', () => {
  const step = urlFilter({
    domains: ['bad.co.uk', 'sub.good.org'],
    urls: ['https://fine.com/exactly'],
    bannedWords: ['casino'],
    softBannedWords: ['free', 'win', 'bonus'],
    bannedSubwords: ['xxx'],
  })
  it.each([
    ['https://www.bad.co.uk/a', 'domain'],
    ['http://sub.good.org:80/', 'subdomain'],
    ['http://other.good.org/', undefined],
    ['https://fine.com/exactly', 'url'],
    ['https://fine.com/exactly/not', undefined],
    ['https://a.com/casino-royale', 'hard_blacklisted'],
    ['https://a.com/casinos', undefined],
    ['https://a.com/win', undefined],
    ['https://a.com/win_a/bonus', 'soft_blacklisted'],
    ['https://a.com/x-x/X', 'blacklisted_subword'],
    ['not a url', undefined],
  ])('%s: %s', (url, reason) => {
    expect(apply(step, 'text', { url })).toEqual(
      reason === undefined ? undefined : expect.objectContaining({ reason }),
    )
  })
  it('keeps documents without an address unless asked', () => {
    expect(apply(step, 'text')).toBeUndefined()
    expect(apply(urlFilter({ requireUrl: true }), 'text')).toEqual({ reason: 'no_url' })
  })
})

describe('pii', () => {
  it.each([
    ['mail me@example.org.', 'mail email@example.com.'],
    ['a@b.co, c.d@e.f and x@y.z', 'email@example.com, firstname.lastname@example.org and email@example.com'],
    ['émail@a.bc', 'émail@a.bc'],
    ['..dots.@a.b none', '..dots.@a.b none'],
    ['a..b@c.d', 'a..email@example.com'],
    ['u@[1.2.3.4] and u@localhost', 'email@example.com and u@localhost'],
    ['8.8.8.8 1.1.1.1', '22.214.171.124 126.96.36.199'],
    ['10.0.0.1, 192.168.1.1, 127.0.0.1, 100.64.0.1, 203.0.113.9', undefined],
    ['08.8.8.8 stays', undefined],
  ])('%s', (text, changed) => {
    expect(apply(pii(), text)).toEqual(
      changed === undefined || changed === text ? undefined : { text: changed },
    )
  })
})

describe('hostile texts', () => {
  // Each takes quadratic time or worse in a regular expression that tries every start or every split.
  const shapes: Record<string, (n: number) => string> = {
    brackets: (n) => '('.repeat(n),
    dots: (n) => '.'.repeat(n),
    'a dot at the end': (n) => `${'a'.repeat(n)}.`,
    hyphens: (n) => 'a-'.repeat(n / 2),
    colons: (n) => `${':'.repeat(n)}@`,
    'at signs': (n) => 'a@'.repeat(n / 2),
    'dotted names': (n) => `${'a.'.repeat(n / 2)}@${'a.'.repeat(n / 2)}`,
    digits: (n) => '1.'.repeat(n / 2),
    'open citations': (n) => '[1'.repeat(n / 2),
    spaces: (n) => ' '.repeat(n),
    newlines: (n) => '\n'.repeat(n),
    'one letter': (n) => 'a '.repeat(n / 2),
    emoticons: (n) => ':) '.repeat(n / 3),
  }
  const steps = [
    gopherRepetition(),
    gopherQuality({ minWords: 1 }),
    c4(),
    finewebQuality(),
    pii(),
    urlFilter(),
  ]

  it.each(Object.keys(shapes))('%s', (shape) => {
    const text = shapes[shape](300_000)
    // A quadratic step would take hours for this length and run into the test's limit.
    expect(() => steps.map((step) => apply(step, text, { url: text }))).not.toThrow()
  })
})
