import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  adamW,
  Generator,
  type OptimizerState,
  ops,
  spec,
  type Tensor,
  type Value,
  type Values,
  valueAndGrad,
} from '@flag/core-tensor'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TrainerOptions, train } from './trainer.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'flag-trainer-'))
})
afterAll(() => rm(root, { recursive: true }))

const optimizer = adamW({ learningRate: 0.05 })
const params = { weight: new Generator(1).randn([3, 5]) }
interface State<T> {
  params: Readonly<Record<string, T>>
  optimizer: OptimizerState<T>
}

/** A linear model on batches that depend on nothing but their number. */
const run = (name: string, onStep?: TrainerOptions<State<Tensor>, readonly unknown[]>['onStep']) =>
  train({
    folder: join(root, name),
    steps: 12,
    saveEvery: 5,
    batchSize: 4,
    initial: { params, optimizer: optimizer.init(params) } as State<Tensor>,
    batchSpecs: [spec('float32', [4, 5])] as const,
    batch: (step) => [new Generator(step).randn([4, 5])],
    step: (state: State<Value>, x: Value) => {
      const [loss, gradients] = valueAndGrad((p: Values) => {
        const y = ops.linear(x, p.weight)
        return ops.reduceMean(ops.mul(ops.sub(y, 1), ops.sub(y, 1)))
      })(state.params)
      const next = optimizer.update(gradients, state.optimizer, state.params)
      return [{ params: next.params, optimizer: next.state }, { loss }] as const
    },
    onStep,
    session: { isolation: 'inline' },
  })

const file = (name: string, of: string) => readFile(join(root, name, of))

describe('train', () => {
  it('ends with the same bits when it was stopped on the way', async () => {
    const whole = await run('whole')
    await expect(
      run('stopped', (_record, { step }) => {
        if (step === 8) throw new Error('stopped')
      }),
    ).rejects.toThrow('stopped')
    const steps: number[] = []
    const resumed = await run('stopped', (_record, { step }) => void steps.push(step))
    expect(steps).toEqual([6, 7, 8, 9, 10, 11, 12])
    expect(resumed.params.weight.data).toEqual(whole.params.weight.data)
    for (const of of ['state.safetensors', 'losses.jsonl'])
      expect(await file('stopped', of)).toEqual(await file('whole', of))
  })

  it('gives the finished state again without another step', async () => {
    const before = await file('whole', 'state.safetensors')
    const state = await run('whole', () => expect.unreachable('no step is left'))
    expect(state.optimizer.step.item()).toBe(12)
    expect(await file('whole', 'state.safetensors')).toEqual(before)
  })

  it('refuses a damaged state and one of another configuration', async () => {
    const bytes = await file('whole', 'state.safetensors')
    await writeFile(join(root, 'whole', 'state.safetensors'), bytes.subarray(0, bytes.length - 9))
    await expect(run('whole')).rejects.toMatchObject({ code: 'corrupt-file' })
    await writeFile(join(root, 'whole', 'state.safetensors'), bytes)
    const other = { weight: new Generator(1).randn([3, 4]) }
    await expect(
      train({
        folder: join(root, 'whole'),
        steps: 13,
        batchSize: 1,
        initial: { params: other, optimizer: optimizer.init(other) } as State<Tensor>,
        batchSpecs: [] as const,
        batch: () => [],
        step: (state: State<Value>) => [state, {}] as const,
      }),
    ).rejects.toMatchObject({ code: 'shape-mismatch' })
  })
})
