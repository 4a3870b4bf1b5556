import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  adamW,
  descent,
  Generator,
  initialState,
  ops,
  spec,
  type Tensor,
  type TrainingState,
  type Value,
  type Values,
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

/** A linear model on batches that depend on nothing but their number. */
const run = (name: string, onStep?: TrainerOptions<TrainingState<Tensor>, readonly unknown[]>['onStep']) =>
  train({
    folder: join(root, name),
    steps: 12,
    saveEvery: 5,
    batchSize: 4,
    initial: initialState(params, optimizer),
    batchSpecs: [spec('float32', [4, 5])] as const,
    batch: (step) => [new Generator(step).randn([4, 5])],
    step: descent({
      loss: (p: Values, x: Value) => {
        const error = ops.sub(ops.linear(x, p.weight), 1)
        return ops.reduceMean(ops.mul(error, error))
      },
      optimizer,
    }),
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
        initial: initialState(other, optimizer),
        batchSpecs: [] as const,
        batch: () => [],
        step: (state: TrainingState<Value>) => [state, {}] as const,
      }),
    ).rejects.toMatchObject({ code: 'shape-mismatch' })
  })
})
