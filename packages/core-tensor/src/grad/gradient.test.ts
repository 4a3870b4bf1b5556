import { describe, expect, test } from 'vitest'
import { FlagError } from '../errors.ts'
import { constant, stopGradient, type Value } from '../graph/graph.ts'
import { spec, trace } from '../graph/trace.ts'
import * as ops from '../ops/index.ts'
import { compile, evaluate } from '../runtime/compile.ts'
import { tensor } from '../tensor/tensor.ts'
import { grad, gradients, valueAndGrad } from './gradient.ts'

const x = tensor([1, 2, -3])

describe('gradients', () => {
  test('add up over all the ways from x to y', async () => {
    const g = await evaluate((v: Value) => {
      const shared = ops.mul(v, v)
      return gradients(ops.add(ops.mul(shared, v), shared), [v])[0]
    }, x)
    expect(g.toNumbers()).toEqual([1, 2, -3].map((n) => 3 * n * n + 2 * n))
  })

  test('are weighted by the seed', async () => {
    const [g, weighted] = await evaluate((v: Value) => {
      const y = ops.mul(v, v)
      return [gradients(y, [v])[0], gradients(y, [v], constant([1, 0, 10], 'float32'))[0]]
    }, x)
    expect(g.toNumbers()).toEqual([2, 4, -6])
    expect(weighted.toNumbers()).toEqual([2, 0, -60])
  })

  test('are zero where y does not depend on x, and for values behind stopGradient', async () => {
    const [unrelated, stopped, half] = await evaluate((v: Value) => {
      const other = ops.mul(v, 2)
      return [
        gradients(ops.reduceSum(v), [other])[0],
        gradients(ops.reduceSum(stopGradient(ops.mul(v, v))), [v])[0],
        gradients(ops.reduceSum(ops.mul(stopGradient(v), v)), [v])[0],
      ]
    }, x)
    expect(unrelated.toNumbers()).toEqual([0, 0, 0])
    expect(stopped.toNumbers()).toEqual([0, 0, 0])
    expect(half.toNumbers()).toEqual([1, 2, -3])
  })

  test('of x itself are ones, also for values inside the graph', async () => {
    const [self, inner] = await evaluate((v: Value) => {
      const middle = ops.exp(v)
      return [gradients(v, [v])[0], gradients(ops.reduceSum(ops.mul(middle, middle)), [middle])[0]]
    }, x)
    expect(self.toNumbers()).toEqual([1, 1, 1])
    inner.toNumbers().forEach((value, i) => {
      expect(value).toBeCloseTo(2 * Math.exp(x.toNumbers()[i]), 4)
    })
  })

  test('can be taken again and again', async () => {
    const fourth = await evaluate((v: Value) => {
      let y = ops.mul(ops.sin(v), ops.exp(v))
      for (let order = 0; order < 4; order++) y = gradients(ops.reduceSum(y), [v])[0]
      return y
    }, x)
    // The fourth derivative of sin(x) e^x is -4 sin(x) e^x.
    fourth.toNumbers().forEach((value, i) => {
      const at = x.toNumbers()[i]
      expect(value).toBeCloseTo(-4 * Math.sin(at) * Math.exp(at), 3)
    })
  })

  test('of slices and pads of symbolic axes can be taken three times', async () => {
    const third = await compile(
      (v: Value) => {
        const part = ops.slice(v, [1], [undefined], [0])
        let y = ops.mul(ops.mul(part, part), ops.mul(part, part))
        for (let order = 0; order < 3; order++) y = gradients(ops.reduceSum(y), [v])[0]
        return y
      },
      [spec('float32', ['length'])],
      { isolation: 'inline' },
    )
    for (const values of [
      [1, 2, -3],
      [5, 1, 2, 3, 4],
    ]) {
      const result = await third(tensor(values))
      expect(result.toNumbers()).toEqual(values.map((n, i) => (i === 0 ? 0 : 24 * n)))
    }
    await third.dispose()
  })
})

describe('valueAndGrad', () => {
  const params = {
    layers: [
      {
        weight: tensor([
          [1, 2],
          [3, 4],
        ]),
      },
    ],
    bias: tensor([1, -1]),
  }
  type Params = { layers: { weight: Value }[]; bias: Value }
  const loss = ({ layers, bias }: Params, input: Value) =>
    ops.reduceSum(ops.square(ops.linear(input, layers[0].weight, bias)))

  test('gives the loss and a tree like the parameters', async () => {
    const [value, grads] = await evaluate(
      (p: Params, input: Value) => valueAndGrad(loss)(p, input),
      params,
      tensor([[1, 1]]),
    )
    expect(value.item()).toBe(16 + 36)
    expect(grads.layers[0].weight.toArray()).toEqual([
      [8, 8],
      [12, 12],
    ])
    expect(grads.bias.toArray()).toEqual([8, 12])
  })

  test('passes on what the function returns besides the loss; grad gives the gradients alone', async () => {
    const [[value, twice], grads, alone] = await evaluate(
      (p: Params, input: Value) => {
        const withAux = (q: Params, v: Value): [Value, Value] => [loss(q, v), ops.mul(v, 2)]
        const [result, first] = valueAndGrad(withAux)(p, input)
        return [result, first, grad(loss)(p, input)] as const
      },
      params,
      tensor([[1, 1]]),
    )
    expect([value.item(), twice.toNumbers()]).toEqual([52, [2, 2]])
    expect(grads.bias.toNumbers()).toEqual([8, 12])
    expect(alone.bias.toNumbers()).toEqual([8, 12])
  })

  test('refuses a loss that is not a scalar', () => {
    const attempt = () => trace((v: Value) => valueAndGrad(ops.square)(v), [spec('float32', [3])])
    expect(attempt).toThrow(FlagError)
    expect(attempt).toThrow(/scalar loss/)
  })
})
