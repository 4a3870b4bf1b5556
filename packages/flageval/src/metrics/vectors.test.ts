// The golden vectors A to G: inputs by mulberry32, answers measured with the Python tools' own code and reproduced by
// hand. Each to six digits.
import { describe, expect, it } from 'vitest'
import {
  bitsPerByte,
  bytePerplexity,
  calibrationError,
  frechetDistance,
  meanAveragePrecision,
  meanPerClassRecall,
  passAtK,
  plattProbability,
  plattScaling,
  rankBothWays,
  rankCandidates,
  recallAt,
  rocAuc,
  selectiveAccuracy,
  winoground,
  wordPerplexity,
} from './index.ts'
import { mulberry32, signed, times } from './testing/mulberry.ts'
import { unitTensor } from './testing/tensors.ts'

const unit = (row: number[]) => {
  const length = Math.hypot(...row)
  return row.map((x) => x / length)
}

const near = (found: number, expected: number) => expect(found).toBeCloseTo(expected, 6)

describe('golden vectors', () => {
  it('mulberry32 starts as agreed', () => {
    const u = mulberry32(42)
    for (const expected of [0.6011037519, 0.448290559, 0.8524657935]) expect(u()).toBeCloseTo(expected, 9)
  })

  it('A: retrieval with one to five captions a picture', async () => {
    const u = mulberry32(1)
    const images = times(50, () => signed(u, 32))
    const owner: number[] = []
    const texts = images.flatMap((image, i) =>
      times((i % 5) + 1, () => {
        owner.push(i)
        return signed(u, 32).map((x, k) => image[k] + 2 * x)
      }),
    )
    const { forward, backward } = await rankBothWays(unitTensor(texts), unitTensor(images), owner, {
      block: 64,
    })
    const found = [1, 5, 10].flatMap((k) => [recallAt(forward, k), recallAt(backward, k)])
    const expected = [0.666667, 0.7, 0.913333, 0.94, 0.973333, 0.94]
    found.forEach((value, i) => void near(value, expected[i]))
    near(found.reduce((sum, value) => sum + value, 0) / 6, 0.855556)
  })

  it('B: classification, multi-label and AUC', async () => {
    const u = mulberry32(2)
    const weights = times(10, () => unit(signed(u, 16)))
    const gold = times(200, () => Math.floor(10 * u()))
    const samples = gold.map((y) => signed(u, 16).map((x, k) => weights[y][k] + 0.5 * x))
    const [x, w] = [unitTensor(samples), unitTensor(weights)]
    const ranks = await rankCandidates(x, w, gold)
    near(recallAt(ranks, 1), 0.965)
    near(recallAt(ranks, 5), 1)
    near(
      meanPerClassRecall(
        gold,
        Array.from(ranks.better, (better) => better === 0),
      ),
      0.962943,
    )
    const logits = times(200, (i) =>
      times(
        10,
        (c) => 100 * times(16, (k) => x.data[16 * i + k] * w.data[16 * c + k]).reduce((a, b) => a + b),
      ),
    )
    const labels = gold.map((y, i) => times(10, (c) => c === y || c === (3 * y + i) % 10))
    near(meanAveragePrecision(logits, labels), 0.681518)
    near(meanAveragePrecision(logits, labels, '11-point'), 0.679131)
    const first = (rows: (number | boolean)[][]) => rows.map((row) => row[0])
    near(rocAuc(first(logits) as number[], first(labels) as boolean[]), 0.82397)
  })

  it('C: pairs with many ties', () => {
    const u = mulberry32(3)
    const samples = times(400, () =>
      times(4, (j) => Math.round((0.2 + 0.1 * u() + (j === 0 || j === 3 ? 0.02 : 0)) * 50) / 50),
    )
    const share = (key: 'text' | 'image' | 'group', ties: 'strict' | 'first') =>
      samples.filter(([a, b, c, d]) => winoground([a, b, c, d], ties)[key]).length / 400
    expect(['text', 'image', 'group'].map((key) => share(key as 'text', 'strict'))).toEqual([
      0.3725, 0.385, 0.2675,
    ])
    expect(['text', 'image', 'group'].map((key) => share(key as 'text', 'first'))).toEqual([
      0.4875, 0.465, 0.3625,
    ])
  })

  it('D: calibration', () => {
    const u = mulberry32(4)
    const confidences = times(500, () => 0.25 + 0.75 * u())
    const right = confidences.map((p) => u() < 0.9 * p)
    near(calibrationError(confidences, right), 0.0536965)
    near(calibrationError(confidences, right, { kind: 'equal width' }), 0.0440233)
    near(calibrationError(confidences, right, { bins: 1 }), 0.0440233)
    const { area, tenth } = selectiveAccuracy(confidences, right)
    near(area, 0.78788)
    near(tenth, 0.862745)
    const platt = plattScaling(confidences, right)
    // scikit-learn stops before the optimum, in the seventh digit.
    expect(platt.slope).toBeCloseTo(0.902948, 5)
    expect(platt.intercept).toBeCloseTo(-0.194187, 5)
    near(
      calibrationError(
        confidences.map((p) => plattProbability(p, platt)),
        right,
      ),
      0.0529929,
    )
    expect(() => plattScaling([0.2, 0.9], [0, 1])).toThrow('no optimum')
  })

  it('E: perplexity', () => {
    const u = mulberry32(5)
    const likelihoods = times(20, () => -(1 + 99 * u()))
    const bytes = times(20, () => Math.floor(10 + 190 * u()))
    const words = times(20, () => Math.floor(2 + 30 * u()))
    const documents = likelihoods.map((logLikelihood, i) => ({
      logLikelihood,
      bytes: bytes[i],
      words: words[i],
    }))
    near(bitsPerByte(documents), 0.80637)
    near(bytePerplexity(documents), 1.748805)
    near(wordPerplexity(documents), 26.758682)
    const right = times(100, () => Number(u() < 0.6))
    const mean = right.reduce((a, b) => a + b) / 100
    near(mean, 0.6)
    near(Math.sqrt(right.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 99 / 100), 0.0492366)
  })

  it('F: pass@k', () => {
    near(passAtK(10, 3, 1), 0.3)
    near(passAtK(10, 3, 5), 0.9166667)
    near(passAtK(200, 17, 100), 0.9999964)
    expect(() => passAtK(5, 1, 6)).toThrow('pass@6 of 5 samples')
  })

  it('G: Fréchet distance', () => {
    near(
      frechetDistance(
        { mean: [0, 1], covariance: [2, 0.5, 0.5, 1] },
        { mean: [1, -1], covariance: [1, -0.2, -0.2, 3] },
      ),
      5.8838173,
    )
  })
})
