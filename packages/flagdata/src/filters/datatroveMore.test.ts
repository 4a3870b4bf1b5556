import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { fixText, symbolLines } from '../modifiers/index.ts'
import { isRemoval, type Step } from '../pipeline/step.ts'
import { type CorpusDocument, corpus, fingerprint } from '../testing/corpus.ts'
import { Text } from '../text/text.ts'
import { splitLines } from '../text/whitespace.ts'
import { badWords, regex, sampler } from './index.ts'

// Decisions of datatrove about 20,529 documents, made by tools/oracles/datatrove_more.py.
const golden = JSON.parse(
  gunzipSync(readFileSync(new URL('../../goldens/datatroveMore.json.gz', import.meta.url))).toString(),
)

let documents: CorpusDocument[]

beforeAll(() => {
  documents = corpus()
  expect(fingerprint(documents)).toBe(golden.corpus)
})

const apply = (step: Step, { id, text }: CorpusDocument) => {
  const outcome = step.apply(new Text(text), { id, text, metadata: {} }, () => {})
  if (outcome instanceof Promise) throw new Error('these steps answer at once')
  return outcome
}

describe('like datatrove, document by document', () => {
  const filters: Record<string, Step> = {
    'bad-words en': badWords({ badWords: golden.badWords }),
    'bad-words zh': badWords({ badWords: golden.badWords, language: 'zh' }),
    regex: regex({ regexExp: golden.regex }),
    sampler: sampler({ rate: 0.3, seed: 42, by: 'stream' }),
  }
  it.each(Object.keys(filters))('%s', async (name) => {
    await filters[name].prepare?.()
    const kept = documents.map((it) => (isRemoval(apply(filters[name], it)) ? '0' : '1')).join('')
    expect(kept).toBe(golden.kept[name])
    expect(new Set(kept).size).toBe(2)
  })

  const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 8)
  const formatters: Record<string, (document: CorpusDocument) => string> = {}
  for (const [name, step] of [
    ['symbol-lines', symbolLines()],
    ['symbol-lines replaced', symbolLines({ replaceChar: '\n' })],
  ] as const)
    formatters[name] = (document) => {
      const outcome = apply(step, document)
      // There, line ends become \n even where there is no such line.
      return outcome && 'text' in outcome ? outcome.text : splitLines(document.text).join('\n')
    }
  formatters['fix-text'] = (document) => {
    const outcome = apply(fixText(), document)
    return outcome && 'text' in outcome ? outcome.text : document.text
  }
  it.each(Object.keys(formatters))('%s', (name) => {
    const changed: [number, string][] = []
    documents.forEach((document, i) => {
      const text = formatters[name](document)
      if (text !== document.text) changed.push([i, hash(text)])
    })
    expect(changed).toEqual(golden.changed[name])
    expect(changed.length).toBeGreaterThan(100)
  })
})
