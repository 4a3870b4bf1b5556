// A thousand random cases of each kind against lm-eval's own functions; made by tools/oracles/text_metrics.py, whose
// `*_case` functions draw the same inputs.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { PythonRandom } from '../python/random.ts'
import { bleu, chrf, matthews, positiveF1, translationEdits } from './index.ts'
import { below, mulberry32, times } from './testing/mulberry.ts'

const golden = JSON.parse(
  readFileSync(new URL('../../goldens/metrics/texts.json', import.meta.url), 'utf8'),
) as { metrics: number[][]; samples: number[][] }

const words =
  "the a cat sat on mat, dog's 3.5 10,000 runs-fast (well) “so” naïve 猫在 垫子上。 École end. &amp; x! 7-8 Ω mat cat the".split(
    ' ',
  )

type Draw = () => number
const word = (u: Draw) => words[below(u, words.length)]
const sentence = (u: Draw, longest: number) => times(below(u, longest), () => word(u)).join(' ')

function changed(u: Draw, text: string): string {
  const kept: string[] = []
  for (const it of text.split(' ').filter(Boolean)) {
    if (u() < 0.1) continue
    kept.push(u() < 0.15 ? word(u) : it)
  }
  const cut = below(u, kept.length + 1)
  return (u() < 0.5 ? [...kept.slice(cut), ...kept.slice(0, cut)] : kept).join(' ')
}

function corpusCase(seed: number) {
  const u = mulberry32(seed)
  const [count, perDocument] = [1 + below(u, 3), 1 + below(u, 2)]
  const rows = times(count, () => {
    const references = times(perDocument, () => sentence(u, 14))
    return { references, answer: u() < 0.2 ? sentence(u, 14) : changed(u, references[0]) }
  })
  return { answers: rows.map(({ answer }) => answer), references: rows.map(({ references }) => references) }
}

function labelCase(seed: number) {
  const u = mulberry32(seed + 100_000)
  const [count, classes] = [2 + below(u, 30), 2 + below(u, 3)]
  const rows = times(count, () => [below(u, classes), below(u, classes)])
  return { gold: rows.map(([a]) => a), predicted: rows.map(([, b]) => b) }
}

describe('against lm-eval', () => {
  it('bleu, chrf, chrf++, ter, f1 and Matthews', () => {
    expect(golden.metrics.length).toBe(1000)
    for (const [seed, expected] of golden.metrics.entries()) {
      const corpus = corpusCase(seed)
      const labels = labelCase(seed)
      const binary = {
        gold: labels.gold.map((label) => Math.min(label, 1)),
        predicted: labels.predicted.map((label) => Math.min(label, 1)),
      }
      const found = [
        bleu(corpus),
        chrf(corpus),
        chrf(corpus, { words: 2 }),
        translationEdits(corpus),
        positiveF1(binary),
        matthews(labels),
      ]
      found.forEach((value, i) => {
        expect(
          Math.abs(value - expected[i]),
          `case ${seed}, metric ${i}: ${value}, ${expected[i]}`,
        ).toBeLessThan(1e-8)
      })
    }
  })

  it("samples as Python's random.sample", () => {
    for (const [seed, expected] of golden.samples.entries()) {
      const u = mulberry32(seed + 200_000)
      const n = 1 + below(u, 120)
      const k = below(u, Math.min(n, 12) + 1)
      expect(
        new PythonRandom(seed * 7919).sample(
          times(n, (i) => i),
          k,
        ),
      ).toEqual(expected)
    }
  })
})
