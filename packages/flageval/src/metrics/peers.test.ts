// A thousand random cases of each kind against the peers' own functions; made by tools/oracles/evaluation.py, whose
// `*_case` functions draw the same inputs.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  bitsPerByte,
  brierScore,
  bytePerplexity,
  frechetDistance,
  meanAveragePrecision,
  meanPerClassRecall,
  passAtK,
  perplexity,
  rankBothWays,
  recallAt,
  rocAuc,
} from './index.ts'
import { below, mulberry32, signed, times } from './testing/mulberry.ts'
import { unitTensor } from './testing/tensors.ts'

const golden = JSON.parse(
  readFileSync(new URL('../../goldens/metrics/peers.json', import.meta.url), 'utf8'),
) as {
  retrieval: number[][]
  classification: (number | null)[][]
  likelihood: number[][]
  pass: number[]
  frechet: number[]
}

function same(
  found: readonly (number | null)[],
  expected: readonly (number | null)[],
  digits: number,
  seed: number,
) {
  expect(found.length).toBe(expected.length)
  found.forEach((value, i) => {
    const wanted = expected[i]
    if (value === null || wanted === null) expect(value, `case ${seed}`).toBe(wanted)
    else
      expect(Math.abs(value - wanted), `case ${seed}: ${value}, ${wanted}`).toBeLessThan(
        10 ** -digits * Math.max(1, Math.abs(wanted)),
      )
  })
}

const first = <T>(rows: T[][]) => rows.map((row) => row[0])
const square = (root: number[][]) =>
  root.flatMap((a) => root.map((b) => a.reduce((sum, x, k) => sum + x * b[k], 0)))

describe('against the peers', () => {
  it('recall: CLIP_benchmark', async () => {
    for (const [seed, expected] of golden.retrieval.entries()) {
      const u = mulberry32(seed)
      const [count, width, noise] = [2 + below(u, 20), 3 + below(u, 14), 0.5 + 2 * u()]
      const images = times(count, () => signed(u, width))
      const owner: number[] = []
      const texts = images.flatMap((image, i) =>
        times(1 + below(u, 4), () => {
          owner.push(i)
          return signed(u, width).map((x, k) => image[k] + noise * x)
        }),
      )
      const { forward, backward } = await rankBothWays(unitTensor(texts), unitTensor(images), owner)
      same(
        [1, 2].flatMap((k) => [recallAt(forward, k), recallAt(backward, k)]),
        expected,
        6,
        seed,
      )
    }
  })

  it('accuracy, balanced accuracy, mAP, AUC: CLIP_benchmark and scikit-learn', () => {
    for (const [seed, expected] of golden.classification.entries()) {
      const u = mulberry32(seed)
      const [classes, samples] = [3 + below(u, 8), 10 + below(u, 40)]
      const gold = times(samples, () => below(u, classes))
      const logits = times(samples, () => signed(u, classes))
      gold.forEach((y, i) => {
        logits[i][y] += 0.8
      })
      const better = logits.map((row, i) => row.filter((x) => x > row[gold[i]]).length)
      const labels = times(samples, () => times(classes, () => u() < 0.3))
      const positives = first(labels).filter(Boolean).length
      same(
        [
          better.filter((count) => count < 1).length / samples,
          better.filter((count) => count < 3).length / samples,
          meanPerClassRecall(
            gold,
            better.map((count) => count === 0),
          ),
          meanAveragePrecision(logits, labels),
          positives > 0 && positives < samples ? rocAuc(first(logits), first(labels)) : null,
        ],
        expected,
        6,
        seed,
      )
    }
  })

  it('perplexities and Brier score: lm-eval', () => {
    for (const [seed, expected] of golden.likelihood.entries()) {
      const u = mulberry32(seed)
      const count = 1 + below(u, 20)
      const likelihoods = times(count, () => -(1 + 99 * u()))
      const bytes = times(count, () => 10 + below(u, 190))
      const documents = likelihoods.map((logLikelihood, i) => ({ logLikelihood, bytes: bytes[i], words: 1 }))
      const choices = 2 + below(u, 4)
      const gold = times(count, () => below(u, choices))
      const brier = times(count, (i) =>
        brierScore(
          times(choices, () => -20 * u()),
          gold[i],
        ),
      )
      same(
        [
          perplexity(documents),
          bytePerplexity(documents),
          bitsPerByte(documents),
          brier.reduce((a, b) => a + b) / count,
        ],
        expected,
        8,
        seed,
      )
    }
  })

  it('pass@k: human-eval', () => {
    for (const [seed, expected] of golden.pass.entries()) {
      const u = mulberry32(seed)
      const n = 1 + below(u, 200)
      const [c, k] = [below(u, n + 1), 1 + below(u, n)]
      same([passAtK(n, c, k)], [expected], 9, seed)
    }
  })

  it('Fréchet distance: pytorch-fid', () => {
    for (const [seed, expected] of golden.frechet.entries()) {
      const u = mulberry32(seed)
      const width = 2 + below(u, 6)
      const [a, b] = times(2, () => ({
        mean: signed(u, width),
        covariance: square(times(width, () => signed(u, width))),
      }))
      same([frechetDistance(a, b)], [expected], 6, seed)
    }
  })
})
