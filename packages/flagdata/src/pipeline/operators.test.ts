import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import * as filters from '../filters/index.ts'
import * as modifiers from '../modifiers/index.ts'
import { operatorCases } from '../testing/operatorCases.ts'
import { Text } from '../text/text.ts'
import type { StepFactory } from './define.ts'
import { makeStep, stepFactory } from './registry.ts'
import { isRemoval, type Step } from './step.ts'

const document = (text: string, metadata = {}) => ({ id: 'd', text, metadata })
const noCount = () => {}

async function prepared(name: string, options = {}): Promise<Step> {
  const step = makeStep({ name, options })
  await step.prepare?.()
  return step
}

describe('operators do what they say', () => {
  it.each(operatorCases.map((it, i) => [it.step, i, it] as const))('%s (%i)', async (name, _i, it) => {
    const step = await prepared(name, it.options)
    const outcome = await step.apply(new Text(it.text), document(it.text, it.metadata), noCount)
    if (it.expected === 'keep') expect(outcome).toBeUndefined()
    else if ('text' in it.expected) expect(outcome).toEqual({ text: it.expected.text })
    else {
      const { value, ...rest } = it.expected
      expect(outcome).toMatchObject(rest)
      if (value !== undefined) expect((outcome as { value: number }).value).toBeCloseTo(value, 12)
      // A step removes only for reasons that it documents.
      expect(stepFactory(name)?.description.reasons).toContain(it.expected.reason)
    }
  })

  it('have two cases each, every operator of FlagData and every other one that is new', () => {
    const count = (name: string) => operatorCases.filter(({ step }) => step === name).length
    const factories = [...Object.values(filters), ...Object.values(modifiers)] as unknown as StepFactory[]
    // These need a file and are tested with it, or are compared with datatrove, or have tests in a folder of their own.
    const elsewhere =
      /^(language|fasttext-quality|decontaminat.*|c4|c4-paragraph|fineweb-quality|gopher-.*|url|pii|qa-cleaner|token-num-filter|decontaminate)$/
    const ofThese = factories.filter(({ description }) =>
      /data_operator|cleaner\/|datatrove/.test(description.source ?? ''),
    )
    expect(
      ofThese.map(({ stepName }) => stepName).filter((name) => count(name) < 2 && !elsewhere.test(name)),
    ).toEqual([])
    expect(ofThese.length).toBeGreaterThan(40)
  })

  it('refuse options that cannot be meant', () => {
    expect(() => makeStep({ name: 'flagged-words-ratio-filter' })).toThrow('no words: give flaggedWordsList')
    expect(() => makeStep({ name: 'replacePruner', options: { pattern: '(' } })).toThrow('replace-pruner: ')
    expect(() => makeStep({ name: 'replace-pruner', options: { pattern: ['a', 'b'], repl: ['c'] } })).toThrow(
      'as many replacements',
    )
    expect(() => makeStep({ name: 'chinese-conversion-pruner', options: { mode: 's2x' } })).toThrow('mode')
    expect(() => makeStep({ name: 'word-num-filter' }).apply(new Text(''), document(''), noCount)).toThrow(
      'applied before it was prepared',
    )
  })
})

describe('files that operators read', () => {
  it('lists of words, tables of frequencies, tokenizers', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'flag-lists-'))
    const write = async (name: string, text: string) => {
      await writeFile(join(folder, name), text)
      return join(folder, name)
    }
    try {
      const list = await write('bad.txt', '# a comment\n\nfoo bar\nbaz\n')
      const json = await write('bad.json', '{"en": ["baz"], "de": ["quux"]}')
      const counts = await write('counts.csv', 'word,count\nrare,1\ncommon,99999\n')
      const outcomes = async (name: string, options: object, ...texts: string[]) => {
        const step = await prepared(name, options)
        return Promise.all(
          texts.map(async (text) => {
            const outcome = await step.apply(new Text(text), document(text), noCount)
            return isRemoval(outcome) ? outcome.reason : undefined
          }),
        )
      }
      expect(await outcomes('bad-words', { badWordsFile: list }, 'a FOO bar!', 'foo')).toEqual([
        'bad_words',
        undefined,
      ])
      expect(await outcomes('flagged-words-ratio-filter', { flaggedWordsFile: json }, 'quux', 'a')).toEqual([
        'flagged_words_ratio_too_high',
        undefined,
      ])
      expect(await outcomes('unigram-log-prob', { frequencies: counts }, 'Common', 'rare', 'rarest')).toEqual(
        [undefined, 'unigram_log_prob_too_low', 'unigram_log_prob_too_low'],
      )

      const tokenizer = await write(
        'tokenizer.json',
        JSON.stringify({
          version: '1.0',
          added_tokens: [],
          normalizer: null,
          pre_tokenizer: { type: 'Whitespace' },
          post_processor: null,
          decoder: null,
          model: { type: 'WordLevel', vocab: { a: 0, b: 1, '[UNK]': 2 }, unk_token: '[UNK]' },
        }),
      )
      expect(
        await outcomes(
          'token-num-filter',
          { tokenizer, minTokens: 3, maxTokens: 20_000 },
          'a b',
          'a b c',
          'a '.repeat(30_000),
        ),
      ).toEqual(['token_num_too_low', undefined, 'token_num_too_high'])

      const missing = join(folder, 'none')
      for (const [name, options] of [
        ['bad-words', { badWordsFile: missing }],
        ['unigram-log-prob', { frequencies: missing }],
        ['token-num-filter', { tokenizer: missing }],
        ['qa-cleaner', { reference: missing }],
      ] as const)
        await expect(prepared(name, options)).rejects.toThrow(missing)
      for (const [name, options] of [
        ['unigram-log-prob', { frequencies: await write('x.csv', 'a,1\nb\n') }],
        ['token-num-filter', { tokenizer: await write('x.json', '{') }],
        ['qa-cleaner', { reference: await write('x.jsonl', '{"text": "a", "label": "0"}\n') }],
        ['bad-words', { badWordsFile: await write('y.json', '[1]') }],
      ] as const)
        await expect(prepared(name, options)).rejects.toThrow(folder)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
