import { expect, test } from 'vitest'
import { constant } from '../graph/graph.ts'
import { spec, trace } from '../graph/trace.ts'
import * as ops from '../ops/index.ts'
import { ones } from '../tensor/tensor.ts'
import { decodeModel } from './decode.ts'
import { encodeModel } from './encode.ts'
import { summarize } from './inspect.ts'

test('counts operators, weights and work of what outputs depend on', () => {
  const traced = trace(
    (pictures) => {
      ops.exp(pictures)
      const features = ops.conv(pictures, constant(ones([8, 3, 3, 3])))
      const pooled = ops.reduceMean(features, [2, 3])
      return ops.relu(ops.matmul(pooled, constant(ones([8, 10]))))
    },
    [spec('float32', ['batch', 3, 6, 6])],
  )
  const summary = {
    inputs: [{ name: 'in.0', dtype: 'float32', shape: ['batch', 3, 6, 6] }],
    outputs: [{ name: 'out', dtype: 'float32', shape: ['batch', 10] }],
    opsets: { '': 21 },
    operators: { Conv: 1, MatMul: 1, ReduceMean: 1, Relu: 1 },
    parameters: 8 * 27 + 80,
    bytes: { float32: 4 * (8 * 27 + 80), int64: 16 },
    // 8 * 4 * 4 windows of 27, and a product with an 8 x 10 matrix, for every picture.
    multiplyAccumulates: `${8 * 16 * 27 + 80} * batch`,
  }
  expect(summarize(traced)).toEqual(summary)
  expect(summarize(decodeModel(encodeModel(traced.graph, traced.outputs)))).toEqual(summary)
})
