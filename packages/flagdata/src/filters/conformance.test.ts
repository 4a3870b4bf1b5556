import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { pii } from '../modifiers/pii.ts'
import { isRemoval, type Step } from '../pipeline/step.ts'
import { type CorpusDocument, corpus, fingerprint } from '../testing/corpus.ts'
import { simplify } from '../text/simplify.ts'
import { Text } from '../text/text.ts'
import { c4, c4Paragraph } from './c4.ts'
import { finewebQuality } from './finewebQuality.ts'
import { gopherQuality } from './gopherQuality.ts'
import { gopherRepetition } from './gopherRepetition.ts'

// Decisions of datatrove about 20,529 documents, made by tools/oracles/datatrove_filters.py.
const golden = JSON.parse(
  gunzipSync(readFileSync(new URL('../../goldens/filters.json.gz', import.meta.url))).toString(),
)

const steps: Record<string, () => Step> = {
  'gopher-repetition': gopherRepetition,
  'gopher-quality': gopherQuality,
  c4,
  'c4-no-line-end': () => c4({ requireLineEnd: false }),
  'c4-paragraph': c4Paragraph,
  'fineweb-quality': finewebQuality,
}

/** Our name of a reason that datatrove calls otherwise. */
const ours = (reason: string | null) => (reason === '< 3 paragraphs' ? 'too_few_long_paragraphs' : reason)

let documents: CorpusDocument[]
let texts: Text[]
const noCount = () => {}
const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 8)

beforeAll(() => {
  const all = corpus()
  expect(fingerprint(all)).toBe(golden.corpus)
  documents = all.filter((_, i) => i % (golden.every ?? 1) === 0)
  texts = documents.map(({ text }) => new Text(text))
})

describe('like datatrove, document by document', () => {
  it('compares the same documents', () => {
    expect(documents.length).toBe(golden.documents)
  })

  it('has the same words and simplified texts', () => {
    const [words, simple] = [createHash('sha256'), createHash('sha256')]
    const parts: string[][] = []
    texts.forEach((text, i) => {
      const { ids, vocabulary } = text.words
      words.update(`${Array.from(ids, (id) => vocabulary.texts[id]).join('\0')}\x01`)
      simple.update(`${simplify(text.value)}\x01`)
      if (i % 1000 === 999 || i + 1 === texts.length)
        parts.push([words.copy().digest('hex').slice(0, 16), simple.copy().digest('hex').slice(0, 16)])
    })
    expect(parts).toEqual(golden.words)
  })

  it.each(Object.keys(steps))('%s', async (name) => {
    const step = steps[name]()
    const expected = golden.filters[name]
    const counts: Record<string, number> = {}
    const changed: [number, string][] = []
    const different: string[] = []
    for (const [i, text] of texts.entries()) {
      const outcome = await step.apply(text, { ...documents[i], metadata: {} }, (key, by = 1) => {
        counts[key] = (counts[key] ?? 0) + by
      })
      const reason = isRemoval(outcome) ? outcome.reason : null
      const theirs = ours(expected.reasons[Number.parseInt(expected.decisions[i], 36)])
      if (reason !== theirs) different.push(`${i}: ${reason}, datatrove: ${theirs}`)
      if (outcome && 'text' in outcome) changed.push([i, hash(outcome.text)])
    }
    expect(different).toEqual([])
    expect(counts).toEqual(expected.counts)
    expect(changed).toEqual(expected.texts)
    // Each rule must have decided something, or the comparison says nothing about it.
    expect(new Set(expected.decisions).size).toBeGreaterThan(1)
  })

  it('pii', async () => {
    const step = pii({ turn: 'stream' })
    const changed: [number, string][] = []
    for (const [i, text] of texts.entries()) {
      const outcome = await step.apply(text, { ...documents[i], metadata: {} }, noCount)
      if (outcome && 'text' in outcome) changed.push([i, hash(outcome.text)])
    }
    expect(changed).toEqual(golden.pii)
    expect(changed.length).toBeGreaterThan(1000)
  })
})
