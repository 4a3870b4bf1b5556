import { expect, it } from 'vitest'
import { spec, trace } from '../graph/trace.ts'
import { needed } from '../onnx/encode.ts'
import * as ops from './index.ts'

const operatorsOf = (traced: ReturnType<typeof trace>) =>
  needed(traced.graph, traced.outputs).nodes.map(({ operator }) => operator)

it('computes a vector of sizes once, however often it is needed', () => {
  const traced = trace(
    (x) => {
      const wide = ops.reshape(x, ['a', 'b', 2, 2])
      return ops.reshape(ops.exp(ops.reshape(ops.exp(wide), ['b', 'a', 4])), ['a', 'b', 2, 2])
    },
    [spec('float32', ['a', 'b', 4])] as const,
  )
  const operators = operatorsOf(traced)
  expect(operators.filter((name) => name === 'Shape').length).toBe(2)
  // Of the two orders in which they are needed.
  expect(operators.filter((name) => name === 'Concat').length).toBe(2)
})

it('reshapes once what is reshaped again and again, and not at all what gets its first shape back', () => {
  const again = trace((x) => ops.reshape(ops.reshape(ops.reshape(x, [6, 4]), [2, 12]), [24]), [
    spec('float32', [2, 3, 4]),
  ] as const)
  expect(operatorsOf(again)).toEqual(['Reshape'])
  const back = trace((x) => ops.exp(ops.reshape(ops.reshape(x, [6, 4]), [2, 3, 4])), [
    spec('float32', [2, 3, 4]),
  ] as const)
  expect(operatorsOf(back)).toEqual(['Exp'])
})
