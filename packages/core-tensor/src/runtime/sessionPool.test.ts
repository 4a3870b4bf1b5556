import { expect, it } from 'vitest'
import { spec } from '../graph/trace.ts'
import * as ops from '../ops/index.ts'
import { tensor } from '../tensor/tensor.ts'
import { compile } from './compile.ts'
import type { SessionOptions } from './session.ts'

const double = (sessions: number, options: SessionOptions = {}) =>
  compile((x) => ops.add(x, x), [spec('float32', ['n'])] as const, { threads: 1, sessions, ...options })

it('answers every one of many calls at once with its own result', async () => {
  const run = await double(3)
  const results = await Promise.all([...Array(20).keys()].map((i) => run(tensor([i, -i]))))
  expect(results.map(({ data }) => data[0])).toEqual([...Array(20).keys()].map((i) => 2 * i))
  await run.dispose()
})

it('carries no state', async () => {
  const run = await double(2)
  await expect(run.session.state()).rejects.toThrow('a state can be carried by one session, not by 2')
  await run.dispose()
})

it.each([0, 1.5, Number.NaN])('refuses %s sessions', async (sessions) => {
  await expect(double(sessions)).rejects.toMatchObject({ code: 'invalid-argument' })
})

// The runtime itself passes over values that it cannot read.
it.each([{ threads: 0 }, { threads: 1.5 }, { spinTime: -1 }, { spinTime: 0.5 }])(
  'refuses %j',
  async (options) => {
    await expect(double(1, options)).rejects.toMatchObject({ code: 'invalid-argument' })
  },
)
