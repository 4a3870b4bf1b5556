import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { type FixTextOptions, repairText } from './fixText.ts'

interface Case {
  kind: 'broken' | 'sound' | 'other'
  name: string
  text: string
  fixed: string
  datatrove: string
}

// Repairs of ftfy 6.3, made by tools/oracles/ftfy_texts.py.
const golden: { phrases: Record<string, string>; cases: Case[] } = JSON.parse(
  gunzipSync(readFileSync(new URL('../../../goldens/ftfy.json.gz', import.meta.url))).toString(),
)

/** What a broken text was before it was broken, unless bytes were lost. */
function original({ kind, name, text }: Case): string | undefined {
  if (kind === 'sound') return text
  const phrase = golden.phrases[name.split(',')[0]]
  if (kind === 'other' || phrase === undefined || /lost|question/.test(name)) return undefined
  return name.includes('inside') ? `She wrote: ${phrase} – and 中文 too` : phrase
}

const asDatatrove: FixTextOptions = {
  fixLatinLigatures: false,
  fixCharacterWidth: false,
  uncurlQuotes: false,
  fixLineBreaks: false,
  normalization: null,
}

/** Where ftfy restores the text and we do not, with the reason. */
const theirs: Record<string, string> = {
  'uk, windows-1252, inside':
    'one letter in mojibake, Ñƒ, beside mojibake of its neighbours: alone it could be Ñ and ƒ',
}

describe('like ftfy', () => {
  it('restores what was broken, or leaves what ftfy leaves', () => {
    const counts = { equal: 0, onlyOurs: 0, onlyTheirs: 0, neither: 0 }
    const unexplained: string[] = []
    for (const it of golden.cases) {
      const ours = repairText(it.text)
      if (ours === it.fixed) counts.equal++
      else {
        const before = original(it)
        const restored = before === undefined ? undefined : repairText(before, { fixEncoding: false })
        if (ours === restored) counts.onlyOurs++
        else if (it.fixed === restored) {
          counts.onlyTheirs++
          if (!(it.name in theirs)) unexplained.push(`${it.name}: ${it.text} → ${ours}, ftfy: ${it.fixed}`)
        } else counts.neither++
      }
    }
    expect(unexplained).toEqual([])
    expect(counts).toEqual({ equal: 357, onlyOurs: 55, onlyTheirs: 1, neither: 12 })
  })

  it('leaves sound text alone and does every other repair as ftfy does', () => {
    for (const { kind, text, fixed, datatrove } of golden.cases) {
      if (kind === 'broken') continue
      // Å² is square ångström; ftfy makes Ų of it.
      if (text.includes('Å²')) continue
      expect(repairText(text), text).toBe(fixed)
      expect(repairText(text, asDatatrove), text).toBe(datatrove)
    }
  })

  it('has the same answers with the defaults of datatrove, but where the encoding is judged otherwise', () => {
    for (const { text, fixed, datatrove } of golden.cases)
      if (repairText(text) === fixed) expect(repairText(text, asDatatrove), text).toBe(datatrove)
  })
})

it('is stable: what was repaired once stays', () => {
  for (const { text } of golden.cases) {
    const once = repairText(text)
    expect(repairText(once), text).toBe(once)
  }
})
