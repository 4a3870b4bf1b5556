import { describe, expect, it } from 'vitest'
import { valueAndGrad } from '../grad/gradient.ts'
import type { Value } from '../graph/graph.ts'
import { spec } from '../graph/trace.ts'
import { sub } from '../ops/elementwise.ts'
import { linear } from '../ops/linear.ts'
import { meanSquaredError } from '../ops/loss.ts'
import { evaluate } from '../runtime/compile.ts'
import { Generator } from '../tensor/generator.ts'
import { scalar, zeros } from '../tensor/tensor.ts'
import { accumulateGradients } from './accumulate.ts'
import { descent, initialState } from './descent.ts'
import { adamW, type Tensors, type Values } from './optimizers.ts'
import { cosineSchedule, linearSchedule } from './schedules.ts'
import { compileStep } from './step.ts'

const generator = new Generator(3)
const x = generator.randn([8, 4])
const y = generator.randn([8, 2])

const loss = (params: Values, batch: { x: Value; y: Value }) =>
  meanSquaredError(linear(batch.x, params.weight), batch.y)

describe('compileStep', () => {
  const params: Tensors = { weight: zeros([2, 4]) }
  const optimizer = adamW({ learningRate: 0.1 })
  const open = () =>
    compileStep(
      descent({ loss: (p: Values, a: Value, b: Value) => loss(p, { x: a, y: b }), optimizer }),
      initialState(params, optimizer),
      [spec('float32', [8, 4]), spec('float32', [8, 2])] as const,
      { isolation: 'inline' },
    )

  it('keeps the state beside the session and learns', async () => {
    const step = await open()
    const losses: number[] = []
    for (let i = 0; i < 60; i++) losses.push((await step(x, y)).loss.item())
    const state = await step.state()
    const next = (await step(x, y)).loss.item()
    await step.dispose()
    const outside = await evaluate(
      (p: Values, batch: { x: Value; y: Value }) => loss(p, batch),
      state.params,
      {
        x,
        y,
      },
    )
    expect(losses[0]).toBeCloseTo(y.data.reduce((sum, v) => sum + v * v, 0) / y.size, 5)
    expect(losses[59]).toBeLessThan(losses[0] * 0.7)
    expect(outside.item()).toBeCloseTo(next, 6)
    expect(state.optimizer.step.item()).toBe(60)
  })

  it('refuses a next state of another form', async () => {
    await expect(
      compileStep(
        (state: { a: Value }) => [{ a: sub(state.a, 1), b: state.a }, {}] as never,
        { a: scalar(1) },
        [] as const,
      ),
    ).rejects.toMatchObject({ code: 'shape-mismatch' })
  })
})

describe('accumulateGradients', () => {
  const params: Tensors = { weight: generator.randn([2, 4]) }

  it('gives the loss and gradient of the whole batch', async () => {
    const [whole, parts] = await Promise.all([
      evaluate((p: Values, b: { x: Value; y: Value }) => valueAndGrad(loss)(p, b), params, { x, y }),
      evaluate((p: Values, b: { x: Value; y: Value }) => accumulateGradients(loss, 4)(p, b), params, {
        x,
        y,
      }),
    ])
    expect(parts[0].item()).toBeCloseTo(whole[0].item(), 6)
    const [g, h] = [whole, parts].map(([, gradients]) => (gradients as Tensors).weight.toNumbers())
    h.forEach((value, i) => void expect(value).toBeCloseTo(g[i], 6))
  })

  it('refuses a batch that cannot be cut evenly', async () => {
    await expect(
      (async () =>
        evaluate((p: Values, b: { x: Value; y: Value }) => accumulateGradients(loss, 3)(p, b), params, {
          x,
          y,
        }))(),
    ).rejects.toMatchObject({ code: 'shape-mismatch' })
  })
})

describe('schedules', () => {
  const options = { peak: 2, warmup: 10, total: 110, floor: 0.5 }
  it.each([
    ['cosine', cosineSchedule(options), [0.2, 2, 1.25, 0.5, 0.5]],
    ['linear', linearSchedule(options), [0.2, 2, 1.25, 0.5, 0.5]],
  ] as const)('%s warms up, falls and stays', async (_name, schedule, wanted) => {
    const rates = await Promise.all([0, 9, 60, 110, 500].map((step) => evaluate(schedule, scalar(step))))
    rates.forEach((rate, i) => void expect(rate.item()).toBeCloseTo(wanted[i], 5))
  })
})
