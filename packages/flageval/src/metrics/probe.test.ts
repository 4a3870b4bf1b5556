import { readFileSync } from 'node:fs'
import { Tensor } from '@flag/core-tensor'
import { describe, expect, it } from 'vitest'
import { clipScores, greatCircleDistance, refClipScores } from './index.ts'
import { fitProbe, probeLogits, shots } from './probe.ts'
import { mulberry32, signed, times } from './testing/mulberry.ts'

interface Case {
  seed: number
  classes: number
  samples: number
  width: number
  c: number
  weights: number[]
  intercepts: number[]
  accuracy: number
}
const golden = JSON.parse(
  readFileSync(new URL('../../goldens/probe/logistic.json', import.meta.url), 'utf8'),
) as { cases: Case[] }

function problem({ seed, classes, samples, width }: Pick<Case, 'seed' | 'classes' | 'samples' | 'width'>) {
  const draw = mulberry32(seed)
  const centres = times(classes, () => signed(draw, width))
  const around = () =>
    new Tensor(
      'float32',
      [samples, width],
      Float32Array.from(
        times(samples, (i) => signed(draw, width).map((x, k) => centres[i % classes][k] + 0.8 * x)).flat(),
      ),
    )
  const y = times(samples, (i) => i % classes)
  return { x: around(), test: around(), y }
}

describe('linear probe', () => {
  it("has scikit-learn's coefficients and accuracy", () => {
    for (const it of golden.cases) {
      const { x, test, y } = problem(it)
      const probe = fitProbe(x, y, it.classes, { c: it.c, tolerance: 1e-9 })
      probe.weights.forEach((w, i) => void expect(w).toBeCloseTo(it.weights[i], 5))
      probe.intercepts.forEach((b, i) => void expect(b).toBeCloseTo(it.intercepts[i], 5))
      const logits = probeLogits(probe, test)
      const right = y.filter((label, i) => {
        const row = [...logits.row(i).data]
        return row.indexOf(Math.max(...row)) === label
      })
      expect(right.length / y.length).toBeCloseTo(it.accuracy, 10)
    }
    expect(golden.cases.length).toBe(3)
  })

  it('is the same every time, and at a minimum', () => {
    const { x, y } = problem({ seed: 9, classes: 4, samples: 40, width: 6 })
    const [a, b] = [fitProbe(x, y, 4), fitProbe(x, y, 4)]
    expect(a).toEqual(b)
    expect(fitProbe(x, y, 4, { tolerance: 1e-10 }).loss).toBeLessThanOrEqual(a.loss)
    expect(() => fitProbe(x, y.slice(1), 4)).toThrow('39 classes')
    expect(() => fitProbe(x, y, 3)).toThrow('class 3 is not one of 3')
  })

  it('draws as many shots of every class', () => {
    const y = times(30, (i) => i % 3)
    const chosen = shots(y, 3, 4, mulberry32(1))
    expect(chosen.map((i) => y[i]).sort()).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2])
    expect(new Set(chosen).size).toBe(12)
    expect(shots(y, 3, 4, mulberry32(1))).toEqual(chosen)
    expect(() => shots(y, 3, 11, mulberry32(1))).toThrow('10 samples, not 11')
  })
})

const rows = (...values: number[][]) =>
  new Tensor('float32', [values.length, values[0].length], Float32Array.from(values.flat()))

describe('CLIPScore', () => {
  it('is 2.5 times the cosine, cut at 0; with references the harmonic mean', () => {
    const [images, captions] = [rows([1, 0], [1, 0]), rows([0.6, 0.8], [-1, 0])]
    const scores = clipScores(images, captions)
    expect(scores[0]).toBeCloseTo(1.5, 6)
    expect(scores[1]).toBe(0)
    const [first, second] = refClipScores(images, captions, [rows([0.6, 0.8], [1, 0]), rows([-1, 0])])
    expect(first).toBeCloseTo((2 * 1.5 * 1) / 2.5, 6)
    expect(second).toBe(0)
  })
})

describe('distances on the globe', () => {
  it('in kilometres', () => {
    expect(greatCircleDistance([0, 0], [0, 180])).toBeCloseTo(Math.PI * 6371.0088, 6)
    expect(greatCircleDistance([0, 0], [1, 0])).toBeCloseTo(111.195, 2)
    // Paris and New York.
    expect(greatCircleDistance([48.8566, 2.3522], [40.7128, -74.006])).toBeCloseTo(5837, 0)
    expect(greatCircleDistance([10, 20], [10, 20])).toBe(0)
  })
})
