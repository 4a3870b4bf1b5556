import { expect, test } from 'vitest'
import { FlagError } from '../errors.ts'
import { gradients } from '../grad/gradient.ts'
import type { Dims } from '../graph/dims.ts'
import { constant, type Value } from '../graph/graph.ts'
import { apply1 } from '../graph/operator.ts'
import { spec, trace } from '../graph/trace.ts'
import * as ops from './index.ts'

const int64 = (values: number[]) => constant(values, 'int64')
const loss = (y: Value, x: Value) => gradients(ops.reduceSum(y), [x])[0]

/** Functions that must be refused while they are traced: shapes of their inputs, code, and what the message names. */
const refused: [string, Dims[], (...x: Value[]) => unknown, string, RegExp][] = [
  [
    'shapes that do not broadcast',
    [[2, 3], [2]],
    (a, b) => ops.add(a, b),
    'shape-mismatch',
    /\[2, 3\] and \[2\]/,
  ],
  ['types that differ', [[2]], (a) => ops.add(a, int64([1, 2])), 'dtype-mismatch', /float32.*int64/],
  [
    'inner sizes',
    [
      [2, 3],
      [2, 3],
    ],
    (a, b) => ops.matmul(a, b),
    'shape-mismatch',
    /inner sizes/,
  ],
  [
    'a linear weight',
    [
      [2, 3],
      [4, 2],
    ],
    (x, w) => ops.linear(x, w),
    'shape-mismatch',
    /\[out, 3\], got \[4, 2\]/,
  ],
  ['gemm of vectors', [[3], [3, 2]], (a, b) => ops.gemm(a, b), 'shape-mismatch', /Gemm/],
  ['einsum letters', [[2, 3]], (a) => ops.einsum('ijk->i', a), 'shape-mismatch', /"ijk" does not fit/],
  [
    'einsum sizes',
    [
      [2, 3],
      [2, 2],
    ],
    (a, b) => ops.einsum('ij,jk->ik', a, b),
    'shape-mismatch',
    /"j" is both 3 and 2/,
  ],
  ['number of elements', [[2, 3]], (x) => ops.reshape(x, [4]), 'shape-mismatch', /6 elements, \[4\] has 4/],
  ['an axis out of range', [[2, 3]], (x) => ops.softmax(x, 2), 'invalid-argument', /axis 2/],
  ['an order of axes', [[2, 3]], (x) => ops.transpose(x, [0, 0]), 'invalid-argument', /\[0,0\]/],
  ['a squeezed axis', [[2, 3]], (x) => ops.squeeze(x, 1), 'shape-mismatch', /axis 1/],
  [
    'parts to concatenate',
    [
      [2, 3],
      [3, 3],
    ],
    (a, b) => ops.concat([a, b], 1),
    'shape-mismatch',
    /do not fit/,
  ],
  [
    'channels of a convolution',
    [
      [1, 3, 4],
      [2, 2, 1],
    ],
    (x, w) => ops.conv(x, w),
    'shape-mismatch',
    /Conv: weight/,
  ],
  [
    'a window too large',
    [
      [1, 1, 2],
      [1, 1, 4],
    ],
    (x, w) => ops.conv(x, w),
    'shape-mismatch',
    /window of 4/,
  ],
  [
    'padding',
    [[1, 1, 2, 2]],
    (x) => ops.maxPool(x, 2, { padding: [1, 1, 1] }),
    'invalid-argument',
    /2 or 4 numbers/,
  ],
  [
    'groups',
    [[1, 3, 4], [3]],
    (x, s) => ops.groupNorm(x, 2, s, s),
    'invalid-argument',
    /3 channels.*2 equal groups/,
  ],
  ['no size to resize to', [[1, 1, 2]], (x) => ops.resize(x, {}), 'invalid-argument', /sizes or a scale/],
  ['heads', [[1, 2, 5]], (x) => ops.splitHeads(x, 2), 'shape-mismatch', /2 heads/],
  ['a width', [[1, 2, 'w']], (x) => ops.attention(x, x, x), 'invalid-argument', /width.*symbolic/],
  [
    'a rotation',
    [[1, 2]],
    (x) => ops.rotary(x, ops.rotation(int64([0]), 4), 'halves'),
    'shape-mismatch',
    /2 pairs/,
  ],
  ['index tuples', [[2, 3]], (x) => ops.gatherND(x, int64([0, 1, 1])), 'shape-mismatch', /do not fit/],
  [
    'the gradient of a repeated letter',
    [[2, 2]],
    (x) => loss(ops.einsum('ii->i', x), x),
    'not-differentiable',
    /letter repeated/,
  ],
  [
    'the gradient of a scatter that multiplies',
    [[3], [1]],
    (x, u) => loss(ops.scatterElements(x, int64([0]), u, 0, 'mul'), x),
    'not-differentiable',
    /reduction "mul"/,
  ],
  [
    'the gradient of a strided convolution over a symbolic axis',
    [
      [1, 1, 'length'],
      [1, 1, 2],
    ],
    (x, w) => loss(ops.conv(x, w, undefined, { stride: 2 }), x),
    'not-differentiable',
    /stride 2 over the symbolic axis "length"/,
  ],
  [
    'the gradient of regions sampled by size',
    [
      [1, 1, 4, 4],
      [1, 4],
    ],
    (x, boxes) => loss(ops.roiAlign(x, boxes, int64([0]), { size: [2, 2] }), x),
    'not-differentiable',
    /sampling_ratio/,
  ],
  [
    'the gradient of antialiased resizing',
    [[1, 1, 4, 4]],
    (x) => loss(ops.resize(x, { sizes: [2, 2], mode: 'linear', antialias: true }), x),
    'not-differentiable',
    /antialias/,
  ],
  [
    'the gradient of batch normalisation in training mode',
    [[2, 3], [3]],
    (x, s) => {
      const inputs = [x, s, s, s, s]
      return loss(apply1('BatchNormalization', inputs, { training_mode: 1 }), x)
    },
    'not-differentiable',
    /training mode/,
  ],
]

test.each(refused)('%s', (_, shapes, run, code, message) => {
  let thrown: unknown
  try {
    trace((...x: Value[]) => run(...x), shapes.map((shape) => spec('float32', shape)) as never)
  } catch (error) {
    thrown = error
  }
  expect(thrown).toBeInstanceOf(FlagError)
  expect((thrown as FlagError).code).toBe(code)
  expect((thrown as FlagError).message).toMatch(message)
})
