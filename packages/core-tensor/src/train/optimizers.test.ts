import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Value } from '../graph/graph.ts'
import { spec } from '../graph/trace.ts'
import { compile, evaluate } from '../runtime/compile.ts'
import { fromNumbers, type Tensor } from '../tensor/tensor.ts'
import { clipByGlobalNorm } from './clip.ts'
import {
  adafactor,
  adamW,
  exponentialMovingAverage,
  lamb,
  lion,
  muon,
  type Optimizer,
  type OptimizerState,
  sgd,
  type Tensors,
  type Values,
} from './optimizers.ts'

type Numbers = Record<string, number[]>
// Made by tools/oracles/optimizers.py.
const golden: {
  shapes: Record<string, number[]>
  start: Numbers
  gradients: Numbers[]
  after: Record<string, Numbers>
  clipped: { limit: number; norm: number; gradients: Numbers }[]
} = JSON.parse(readFileSync(new URL('../../goldens/optimizers.json', import.meta.url), 'utf8'))

const tensors = (numbers: Numbers): Tensors =>
  Object.fromEntries(
    Object.entries(numbers).map(([name, values]) => [
      name,
      fromNumbers(values, golden.shapes[name], 'float32'),
    ]),
  )
const specs = (of: Tensors) =>
  Object.fromEntries(Object.entries(of).map(([name, { shape }]) => [name, spec('float32', shape)]))

/** The parameters after the golden gradients, one compiled update run after another. */
async function run(optimizer: Optimizer): Promise<Tensors> {
  let params = tensors(golden.start)
  let state = optimizer.init(params)
  const slots = Object.fromEntries(Object.entries(state.slots).map(([name, of]) => [name, specs(of)]))
  const update = await compile(
    (g: Values, s: OptimizerState<Value>, p: Values) => optimizer.update(g, s, p),
    [specs(params), { step: spec('float32', []), slots }, specs(params)] as const,
    { isolation: 'inline' },
  )
  for (const gradients of golden.gradients) {
    const next = await update(tensors(gradients), state, params)
    params = next.params as Tensors
    state = next.state as OptimizerState<Tensor>
  }
  await update.dispose()
  expect(state.step.item()).toBe(golden.gradients.length)
  return params
}

function expectClose(found: Tensors, wanted: Numbers, digits = 5): void {
  expect(Object.keys(found).sort()).toEqual(Object.keys(wanted).sort())
  for (const [name, values] of Object.entries(wanted))
    found[name]
      .toNumbers()
      .forEach((value, i) => void expect(value, `${name}[${i}]`).toBeCloseTo(values[i], digits))
}

describe('against torch', () => {
  const optimizers: Record<string, Optimizer> = {
    adamW: adamW({ learningRate: 0.01, weightDecay: 0.1, beta2: 0.98 }),
    sgd: sgd({ learningRate: 0.05, momentum: 0.9 }),
    nesterov: sgd({ learningRate: 0.05, momentum: 0.9, nesterov: true }),
    adafactor: adafactor({ learningRate: 0.02, weightDecay: 0.1 }),
    muon: muon({ learningRate: 0.01, weightDecay: 0.1, orthogonal: (name) => name.endsWith('weight') }),
  }
  it.each(Object.keys(golden.after))('%s ends where torch ends', async (name) => {
    expectClose(await run(optimizers[name]), golden.after[name])
  })

  it.each(golden.clipped)('clips to a global norm of $limit', async ({ limit, norm, gradients }) => {
    const g = tensors(golden.gradients[0])
    const clipped = await evaluate((values: Values) => clipByGlobalNorm(values, limit), g)
    expect((clipped.norm as Tensor).item()).toBeCloseTo(norm, 5)
    expectClose(clipped.gradients as Tensors, gradients, 6)
  })
})

/** The golden steps in float64, one parameter at a time, by a rule written from its paper. */
function byHand(rule: (p: number[], g: number[], memory: number[][], t: number, decay: number) => number[]) {
  return Object.fromEntries(
    Object.entries(golden.start).map(([name, values]) => {
      const memory = [values.map(() => 0), values.map(() => 0)]
      const decay = golden.shapes[name].length > 1 ? 0.1 : 0
      const end = golden.gradients.reduce((p, g, i) => rule(p, g[name], memory, i + 1, decay), values)
      return [name, end]
    }),
  )
}

describe('against the papers', () => {
  it('lion takes signs of interpolated momentum (Chen et al. 2023, algorithm 2)', async () => {
    const wanted = byHand((p, g, [m], _t, decay) =>
      p.map((x, i) => {
        const direction = Math.sign(0.9 * m[i] + 0.1 * g[i])
        m[i] = 0.99 * m[i] + 0.01 * g[i]
        return x - 0.01 * (direction + decay * x)
      }),
    )
    expectClose(await run(lion({ learningRate: 0.01, weightDecay: 0.1 })), wanted)
  })

  it('lamb scales a step to the length of its parameter (You et al. 2020, algorithm 2)', async () => {
    const length = (v: number[]) => Math.hypot(...v)
    const wanted = byHand((p, g, [m, v], t, decay) => {
      const direction = p.map((x, i) => {
        m[i] = 0.9 * m[i] + 0.1 * g[i]
        v[i] = 0.999 * v[i] + 0.001 * g[i] ** 2
        return m[i] / (1 - 0.9 ** t) / (Math.sqrt(v[i] / (1 - 0.999 ** t)) + 1e-6) + decay * x
      })
      const ratio = length(p) / length(direction)
      return p.map((x, i) => x - 0.01 * ratio * direction[i])
    })
    expectClose(await run(lamb({ learningRate: 0.01, weightDecay: 0.1 })), wanted)
  })
})

it('leaves parameters without a gradient as they are', async () => {
  const optimizer = adamW({ learningRate: 0.1, weightDecay: 0.1 })
  const params = tensors(golden.start)
  const next = await evaluate(
    (g: Values, p: Values) => {
      const zero = Object.fromEntries(Object.entries(p).map(([name, x]) => [name, { mean: x, square: x }]))
      return optimizer.update(g, { step: g.bias, slots: zero }, p).params
    },
    { bias: params.bias },
    params,
  )
  expect((next as Tensors)['wide.weight'].toNumbers()).toEqual(params['wide.weight'].toNumbers())
  expect((next as Tensors).bias.toNumbers()).not.toEqual(params.bias.toNumbers())
})

it('averages parameters exponentially', async () => {
  const [average, params] = [tensors(golden.start), tensors(golden.gradients[0])]
  const mixed = await evaluate((a: Values, p: Values) => exponentialMovingAverage(a, p, 0.9), average, params)
  const wanted = Object.fromEntries(
    Object.entries(golden.start).map(([name, values]) => [
      name,
      values.map((x, i) => 0.9 * x + 0.1 * golden.gradients[0][name][i]),
    ]),
  )
  expectClose(mixed as Tensors, wanted, 6)
})
