// A thousand random cases of each kind against HELM's own code; made by tools/oracles/helm_wrappers.py, whose `*_case`
// functions draw the same inputs.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { calibrationError, selectiveAccuracy } from '../metrics/index.ts'
import { below, mulberry32, times } from '../metrics/testing/mulberry.ts'
import { PythonRandom } from '../python/random.ts'
import { contract, lowerCase, spaces } from './perturbations.ts'
import { representationBias } from './texts.ts'

const golden = JSON.parse(
  readFileSync(new URL('../../goldens/metrics/helm.json', import.meta.url), 'utf8'),
) as { texts: string[][]; bias: (number | null)[]; calibration: number[][] }

const words =
  'He is,they have,we will,you are,I am,i would,It is,do not,does not,will not,cannot,could have,should have,was not,who is,Where is,a cat,École,seen.,Ω,naïve  end,and'.split(
    ',',
  )
const short = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 8)

it('short forms, lower case and spaces are those of HELM', () => {
  expect(golden.texts.length).toBe(1000)
  for (const [seed, expected] of golden.texts.entries()) {
    const u = mulberry32(seed)
    const text = times(1 + below(u, 12), () => words[below(u, words.length)]).join(' ')
    const found = [contract, lowerCase, spaces(3)].map((step) => short(step(text, new PythonRandom(seed))))
    expect(found, text).toEqual(expected)
  }
})

it('bias is that of HELM', () => {
  for (const [seed, expected] of golden.bias.entries()) {
    const u = mulberry32(seed + 100_000)
    const count = 2 + below(u, 4)
    const sizes = times(count, () => 1 + below(u, 5))
    const counts = times(count, () => below(u, 6))
    const groups = Object.fromEntries(sizes.map((size, g) => [`${g}`, times(size, (i) => `word${g}x${i}`)]))
    const texts = counts.map((n, g) => times(n, () => `word${g}x0`).join(' '))
    const found = representationBias(texts, groups)
    if (expected === null) expect(found, `case ${seed}`).toBeNull()
    else expect(found, `case ${seed}`).toBeCloseTo(expected, 11)
  }
})

it('calibration is that of HELM', () => {
  for (const [seed, expected] of golden.calibration.entries()) {
    const u = mulberry32(seed + 200_000)
    const confidences = times(20 + below(u, 60), () => 0.25 + 0.75 * u())
    const right = confidences.map((p) => u() < 0.9 * p)
    const { area, tenth } = selectiveAccuracy(confidences, right)
    const found = [
      calibrationError(confidences, right),
      calibrationError(confidences, right, { bins: 1 }),
      area,
      tenth,
    ]
    found.forEach((value, i) => {
      expect(value, `case ${seed}, number ${i}`).toBeCloseTo(expected[i], 11)
    })
  }
})
