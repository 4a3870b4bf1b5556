import { type DType, ops, type Value } from '@flag/core-tensor'
import type { Argument, Example } from './example.ts'

const floats: readonly DType[] = ['float32', 'float16']
const square = (n: number): Argument => ({ shape: [n, n] })
type Build = NonNullable<Example['build']>

const of = (args: Example['arguments'], build: Build, dtypes: readonly DType[] = floats): Example => ({
  arguments: args,
  build,
  dtypes,
})
const unary = (build: Build, range?: readonly [number, number], dtypes?: readonly DType[]) =>
  of((n) => [{ ...square(n), range }], build, dtypes)
const binary = (build: Build, range?: readonly [number, number], dtypes?: readonly DType[]) =>
  of(
    (n) => [
      { ...square(n), range },
      { ...square(n), range },
    ],
    build,
    dtypes,
  )
const bitwise = (operator: 'BitwiseAnd' | 'BitwiseOr') => (a: Value, b: Value) =>
  a.graph.node(operator, '', [a, b], {}, [a]).outputs[0]
const loss = (logits: Value, labels: Value) => ops.crossEntropy(logits, labels)
const keep = 0.5
const dropout = (x: Value, uniforms: Value) => ops.dropout(x, uniforms, keep)
const norm = (groups: number): Example =>
  of(
    (n) => [{ shape: [20, 6, Math.ceil((n * n) / 120)] }, { shape: [6] }, { shape: [6] }],
    (x, scale, bias) => ops.groupNorm(x, groups, scale, bias),
  )

/**
 * The operators of FlagPerf's `operation` benchmarks by their names there, as graphs of ONNX operators. Shapes are of the
 * same kind as FlagPerf's and smaller: its element-wise cases have 2^30 elements.
 */
export const flagperfExamples: Readonly<Record<string, Example>> = {
  abs: unary((x) => ops.abs(x)),
  add: binary((a, b) => ops.add(a, b)),
  addmm: of(
    (n) => [square(n), square(n), square(n)],
    (c, a, b) => ops.add(c, ops.matmul(a, b)),
  ),
  all: unary((x) => ops.cast(ops.reduceMin(ops.cast(x, 'int32')), 'bool'), [0, 2], ['bool']),
  amax: unary((x) => ops.reduceMax(x, 1)),
  argmax: unary((x) => ops.argMax(x, 1)),
  bitwise_and: binary(bitwise('BitwiseAnd'), [0, 100], ['int32']),
  bitwise_not: unary((x) => x.graph.node('BitwiseNot', '', [x], {}, [x]).outputs[0], [0, 100], ['int32']),
  bitwise_or: binary(bitwise('BitwiseOr'), [0, 100], ['int32']),
  bmm: of(
    (n) => [{ shape: [4, n / 2, n / 2] }, { shape: [4, n / 2, n / 2] }],
    (a, b) => ops.matmul(a, b),
  ),
  cos: unary((x) => ops.cos(x)),
  cross_entropy_loss: of((n) => [square(n), { shape: [n], dtype: 'int64', range: [0, n] }], loss, [
    'float32',
  ]),
  div: binary((a, b) => ops.div(a, b), [0.5, 2]),
  dropout: binary(dropout, [0, 1]),
  eq: binary((a, b) => ops.equal(a, b)),
  exp: unary((x) => ops.exp(x)),
  ge: binary((a, b) => ops.greaterOrEqual(a, b)),
  gelu: unary((x) => ops.gelu(x)),
  group_norm: norm(3),
  gt: binary((a, b) => ops.greater(a, b)),
  isinf: unary((x) => ops.isInf(x), undefined, ['float32']),
  isnan: unary((x) => ops.isNan(x)),
  layer_norm: of(
    (n) => [square(n), { shape: [n] }, { shape: [n] }],
    (x, scale, bias) => ops.layerNorm(x, scale, bias, 1e-5),
  ),
  le: binary((a, b) => ops.lessOrEqual(a, b)),
  linear: of(
    (n) => [square(n), square(n), { shape: [n] }],
    (x, weight, bias) => ops.linear(x, weight, bias),
  ),
  log_softmax: unary((x) => ops.logSoftmax(x)),
  lt: binary((a, b) => ops.less(a, b)),
  max: unary((x) => ops.reduceMax(x)),
  mean: unary((x) => ops.reduceMean(x)),
  min: unary((x) => ops.reduceMin(x)),
  mm: binary((a, b) => ops.matmul(a, b)),
  mul: binary((a, b) => ops.mul(a, b)),
  mv: of(
    (n) => [square(n), { shape: [n, 1] }],
    (a, b) => ops.matmul(a, b),
  ),
  native_dropout: binary(dropout, [0, 1]),
  native_group_norm: norm(6),
  ne: binary((a, b) => ops.logicalNot(ops.equal(a, b))),
  neg: unary((x) => ops.neg(x)),
  outer: of(
    (n) => [{ shape: [n, 1] }, { shape: [1, n] }],
    (a, b) => ops.mul(a, b),
  ),
  pow: binary((a, b) => ops.pow(a, b), [0.5, 2]),
  prod: unary((x) => ops.reduceProd(x)),
  reciprocal: unary((x) => ops.reciprocal(x), [0.5, 2]),
  relu: unary((x) => ops.relu(x)),
  rsqrt: unary((x) => ops.rsqrt(x), [0.5, 2]),
  rsub: binary((a, b) => ops.sub(b, a)),
  sigmoid: unary((x) => ops.sigmoid(x)),
  silu: unary((x) => ops.silu(x)),
  sin: unary((x) => ops.sin(x)),
  softmax: unary((x) => ops.softmax(x)),
  sub: binary((a, b) => ops.sub(a, b)),
  sum: unary((x) => ops.reduceSum(x)),
  tanh: unary((x) => ops.tanh(x)),
  triu: unary((x) => ops.triangle(x, 'upper')),
}
