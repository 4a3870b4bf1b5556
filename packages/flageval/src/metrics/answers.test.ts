// A thousand random cases against HELM's own functions; made by tools/oracles/helm_answers.py, whose `answer_case` draws
// the same inputs.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { exactMatch, normalizedAnswer, quasiExactMatch, tokenF1 } from './answers.ts'
import { below, mulberry32 } from './testing/mulberry.ts'

const golden: number[][] = JSON.parse(
  readFileSync(new URL('../../goldens/metrics/helmAnswers.json', import.meta.url), 'utf8'),
)
const words = "the,A,an,Theme,cat.,dog's,(well),3.5,10,000,École,naïve,猫,run-fast,Ω!,“so”,x_y,END".split(',')

function caseOf(seed: number): [answer: string, reference: string] {
  const u = mulberry32(seed)
  const some = (list: string[], fallback: string) => (list.length > 0 ? list : [fallback])
  const reference = some(
    words.filter(() => u() < 0.3),
    'END',
  )
  const same = u() < 0.7
  const kept = some(
    reference.filter(() => same || u() < 0.6),
    'cat.',
  )
  const changed = (word: string) =>
    [word, word.toUpperCase(), `${word},`, `the ${word}`, `${word} `][below(u, 5)]
  return [kept.map((word) => (u() < 0.3 ? changed(word) : word)).join(' '), reference.join(' ')]
}

it('answers match references as HELM says', () => {
  expect(golden.length).toBe(1000)
  // Cases of every kind are among them.
  for (const k of [0, 1]) expect(new Set(golden.map((row) => row[k]))).toEqual(new Set([0, 1]))
  for (const [seed, [exact, quasi, f1]] of golden.entries()) {
    const [answer, reference] = caseOf(seed)
    const place = `case ${seed}: ${answer} | ${reference}`
    expect(Number(exactMatch(answer, reference)), place).toBe(exact)
    expect(Number(quasiExactMatch(answer, reference)), place).toBe(quasi)
    // Where no word is left on either side, SQuAD's F1, which we follow, is 1, and HELM's 0.
    const isEmpty = `${normalizedAnswer(answer)}${normalizedAnswer(reference)}` === ''
    expect(tokenF1(answer, reference), place).toBeCloseTo(isEmpty ? 1 : f1, 11)
  }
})
