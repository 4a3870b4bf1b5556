import type { Value } from '../../graph/graph.ts'
import { constant } from '../../graph/graph.ts'
import { apply, apply1 } from '../../graph/operator.ts'
import { tensor } from '../../tensor/tensor.ts'
import * as ops from '../index.ts'
import type { Cases } from './oracle.ts'

// One entry for each case of tools/oracles/operators.py, by family and name.

const { square } = ops
const cube = (x: Value) => ops.mul(square(x), x)
const squared =
  (run: (...inputs: Value[]) => Value) =>
  (...inputs: Value[]) =>
    square(run(...inputs))
const int64 = (values: readonly number[], shape?: readonly number[]) => constant(values, 'int64', shape)

const elementwise: Cases = {
  add: ops.add,
  sub: ops.sub,
  mul: ops.mul,
  div: ops.div,
  pow: ops.pow,
  'pow of 0': ops.pow,
  'square by pow': (x) => ops.pow(x, 2),
  cube: (x) => ops.pow(x, 3),
  'to the 0': (x) => ops.mul(ops.pow(x, 0), 3),
  'to the -1.5': (x) => ops.pow(x, -1.5),
  sum: (...x) => apply1('Sum', x),
  mean: (...x) => apply1('Mean', x),
  maximum: ops.maximum,
  'maximum, equal': ops.maximum,
  minimum: ops.minimum,
  clip: (x) => ops.clip(x, -1, 0.75),
  'clip below': (x) => ops.clip(x, -0.5),
  'clip above': (x) => ops.clip(x, undefined, 0.5),
  neg: ops.neg,
  abs: ops.abs,
  sign: ops.sign,
  ceil: ops.ceil,
  floor: ops.floor,
  round: ops.round,
  exp: ops.exp,
  log: ops.log,
  sqrt: ops.sqrt,
  rsqrt: ops.rsqrt,
  reciprocal: ops.reciprocal,
  erf: ops.erf,
  identity: ops.identity,
  mod: ops.mod,
  sin: ops.sin,
  cos: ops.cos,
  tan: ops.tan,
  atan: ops.atan,
  sinh: ops.sinh,
  cosh: ops.cosh,
  asinh: ops.asinh,
  asin: ops.asin,
  acos: ops.acos,
  atanh: ops.atanh,
  acosh: ops.acosh,
}

const comparison: Cases = {
  equal: ops.equal,
  greater: ops.greater,
  greaterOrEqual: ops.greaterOrEqual,
  less: ops.less,
  lessOrEqual: ops.lessOrEqual,
  logicalAnd: ops.logicalAnd,
  logicalOr: ops.logicalOr,
  logicalXor: ops.logicalXor,
  logicalNot: ops.logicalNot,
  isNan: (x) => ops.isNan(ops.div(x, 0)),
  isInf: (x) => ops.isInf(ops.div(x, 0)),
  where: (condition, a, b) => ops.where(condition, a, b),
  'cast to int': (x) => ops.cast(x, 'int64'),
  'cast and back': (x) => ops.cast(square(ops.cast(x, 'float64')), 'float32'),
}

const shape: Cases = {
  reshape: squared((x) => ops.reshape(x, [3, -1])),
  flatten: squared((x) => ops.flatten(x, 1)),
  Flatten: squared((x) => apply1('Flatten', [x], { axis: 1 })),
  squeeze: squared((x) => ops.squeeze(x, 1)),
  Squeeze: squared((x) => apply1('Squeeze', [x, int64([1])])),
  Unsqueeze: squared((x) => apply1('Unsqueeze', [x, int64([0, 2])])),
  transpose: squared((x) => ops.transpose(x, [2, 0, 1])),
  swapAxes: squared((x) => ops.swapAxes(x, 0, -1)),
  expand: squared((x) => ops.expand(x, [2, 3, 4])),
  tile: squared((x) => ops.tile(x, [2, 3])),
  shape: (x) => apply1('Shape', [x]),
  concat: squared((a, b) => ops.concat([a, b], 1)),
  stack: squared((a, b) => ops.stack([a, b], -1)),
  split: (x) => {
    const [a, b, c] = ops.split(x, [2, 1, 2], 1)
    return [square(a), b, cube(c)]
  },
  'split, one part used': (x) => square(ops.split(x, [2, 1, 2], 1)[1]),
  slice: squared((x) => ops.slice(x, [1, -3], [undefined, -1])),
  'slice with steps': squared((x) => ops.slice(x, [0, -1], [undefined, 0], [0, 1], [2, -2])),
  'slice of all': squared((x) => ops.slice(x, [0, 1], [9, 1])),
  pad: squared((x) => ops.pad(x, [0, 1, 1, 2], 0.5)),
  'pad, value': squared((x, value) => ops.pad(x, [0, 1, 0, 2], value)),
  'pad, negative': squared((x) => ops.pad(x, [1, -1, -1, 2])),
  'pad, reflect': squared((x) => ops.pad(x, [0, 0, 1, 2, 0, 0, 2, 3], 0, 'reflect')),
  'pad, edge': squared((x) => ops.pad(x, [0, 0, 1, 2, 0, 0, 0, 5], 0, 'edge')),
  'pad, wrap': squared((x) => ops.pad(x, [0, 0, 0, 2, 0, 0, 1, 1], 0, 'wrap')),
  CastLike: squared((x) => apply1('CastLike', [x, constant(0, 'float32')])),
  pixelShuffle: squared((x) => ops.pixelShuffle(x, 2)),
  DepthToSpace: squared((x) => apply1('DepthToSpace', [x], { blocksize: 2 })),
  SpaceToDepth: squared((x) => apply1('SpaceToDepth', [x], { blocksize: 2 })),
  reverseSequence: squared((x) => ops.reverseSequence(x, int64([3, 1]))),
  'upper triangle': squared((x) => ops.triangle(x, 'upper', 1)),
  'lower triangle': squared((x) => ops.triangle(x, 'lower', -1)),
  range: () =>
    apply1(
      'Range',
      [2, 11, 3].map((n) => constant(n, 'int64')),
    ),
  'constant of shape': () => apply1('ConstantOfShape', [int64([2, 3])], { value: tensor([1.5]) }),
}

const gather: Cases = {
  gather: squared((x) => ops.gather(x, int64([2, 0, -1, 2], [2, 2]))),
  'gather, axis 1': squared((x) => ops.gather(x, int64([1, 1, -3, 0]), 1)),
  select: squared((x) => ops.select(x, 1, -1)),
  embedding: squared((table) => ops.embedding(table, int64([3, 1, 3, 0], [2, 2]))),
  gatherElements: squared((x) => ops.gatherElements(x, int64([0, 2, 2, 1, 0, 0], [2, 3]), 1)),
  'gatherElements, axis 0': squared((x) => ops.gatherElements(x, int64([0, 1, 1, 1, 1, 0], [2, 3]), 0)),
  gatherND: squared((x) => ops.gatherND(x, int64([0, 2, 1, 0, -1, 2], [3, 2]))),
  'gatherND, rows': squared((x) => ops.gatherND(x, int64([2, 0, 2], [3, 1]))),
  'gatherND, batch': squared((x) => ops.gatherND(x, int64([1, 1, 2, 0], [2, 2, 1]), 1)),
  scatterElements: squared((x, u) => ops.scatterElements(x, int64([0, 2, 1, 0], [2, 2]), u, 1)),
  'scatterElements, add': squared((x, u) =>
    ops.scatterElements(x, int64([0, 2, 2, 1, 0, 0], [2, 3]), u, 1, 'add'),
  ),
  scatterND: squared((x, u) => ops.scatterND(x, int64([0, 2, 1, -3], [2, 2]), u)),
  'scatterND, add': squared((x, u) => ops.scatterND(x, int64([0, 2, 1, 0, 0, 2], [3, 2]), u, 'add')),
  oneHot: (n) => ops.oneHot(n, 4),
  nonZero: ops.nonZero,
}

const gemm = (transA: number, transB: number) => (a: Value, b: Value, c: Value) =>
  ops.gemm(a, b, c, { transA, transB, alpha: 0.5, beta: 1.5 })

const linear: Cases = {
  matmul: ops.matmul,
  'matmul, batch': ops.matmul,
  'matmul, shared right': ops.matmul,
  'matmul, vector left': ops.matmul,
  'matmul, vector right': ops.matmul,
  'matmul, vectors': ops.matmul,
  'gemm 00': gemm(0, 0),
  'gemm 01': gemm(0, 1),
  'gemm 10': gemm(1, 0),
  'gemm 11': gemm(1, 1),
  linear: ops.linear,
  'linear, matrix': ops.linear,
  einsum: (a, b) => ops.einsum('bij,bkj->bik', a, b),
  'einsum, three': (a, b, c) => ops.einsum('ij,jk,kl->il', a, b, c),
  'einsum, ellipsis': (a, b) => ops.einsum('...ij,...j->...i', a, b),
  'einsum, sums': (a, b) => ops.einsum('ij,k->j', a, b),
  'einsum, implicit': (a, b) => ops.einsum('ba,ca', a, b),
}

const convolution: Cases = {
  conv1d: (x, w, b) => ops.conv(x, w, b, { padding: 1 }),
  conv2d: (x, w, b) => ops.conv(x, w, b, { stride: 2, padding: 1 }),
  'conv2d, groups': (x, w) =>
    ops.conv(x, w, undefined, { stride: [1, 2], padding: [2, 0], dilation: [2, 1], groups: 2 }),
  'conv2d, depthwise': (x, w, b) => ops.conv(x, w, b, { stride: 2, padding: 1, groups: 3 }),
  'conv2d, uneven padding': (x, w) => ops.conv(x, w, undefined, { stride: 3, padding: [0, 1, 2, 0] }),
  'conv2d, wide strides': (x, w) => ops.conv(x, w, undefined, { stride: 3 }),
  'conv2d, same': (x, w) => apply1('Conv', [x, w], { auto_pad: 'SAME_UPPER', strides: [2, 2] }),
  conv3d: (x, w) => ops.conv(x, w, undefined, { stride: 2, padding: 1 }),
  convTranspose1d: (x, w, b) => ops.convTranspose(x, w, b, { stride: 2 }),
  convTranspose2d: (x, w, b) => ops.convTranspose(x, w, b, { stride: 2, padding: 1, outputPadding: 1 }),
  'convTranspose2d, groups': (x, w) =>
    ops.convTranspose(x, w, undefined, {
      stride: [3, 1],
      padding: [1, 2],
      outputPadding: [1, 0],
      groups: 2,
      dilation: [1, 2],
    }),
}

const pooling: Cases = {
  maxPool: squared((x) => ops.maxPool(x, 2)),
  'maxPool, padding': squared((x) => ops.maxPool(x, [3, 2], { stride: [2, 1], padding: [1, 0] })),
  'maxPool, dilation': squared((x) => ops.maxPool(x, 2, { stride: 1, dilation: 2 })),
  'maxPool, ceil': squared((x) => ops.maxPool(x, 2, { ceil: true })),
  maxPool1d: squared((x) => ops.maxPool(x, 3, { stride: 2, padding: 1 })),
  'maxPool, equal': squared((x) => ops.maxPool(x, 2)),
  averagePool: squared((x) => ops.averagePool(x, [2, 3], { stride: 2, padding: 1 })),
  'averagePool, inside': squared((x) =>
    ops.averagePool(x, 3, { stride: 2, padding: 1, countPadding: false }),
  ),
  'averagePool, stride 1': squared((x) => ops.averagePool(x, 3, { stride: 1, padding: 1 })),
  'averagePool, ceil and padding': squared((x) =>
    ops.averagePool(x, 3, { stride: 2, padding: 1, ceil: true }),
  ),
  'averagePool, ceil': squared((x) => ops.averagePool(x, 2, { ceil: true })),
  averagePool1d: squared((x) => ops.averagePool(x, 2)),
  averagePool3d: squared((x) => ops.averagePool(x, 2, { stride: 1 })),
  globalAveragePool: squared(ops.globalAveragePool),
  globalMaxPool: squared(ops.globalMaxPool),
  adaptiveAveragePool: squared((x) => ops.adaptiveAveragePool(x, [2, 3])),
}

const reduction: Cases = {
  reduceSum: squared((x) => ops.reduceSum(x, [0, 2])),
  'reduceSum of all': squared((x) => ops.reduceSum(x)),
  reduceMean: squared((x) => ops.reduceMean(x, 1, true)),
  reduceMax: squared((x) => ops.reduceMax(x, 1)),
  'reduceMax, equal': squared((x) => ops.reduceMax(x, -1)),
  reduceMin: squared((x) => ops.reduceMin(x, [0, 1])),
  reduceProd: (x) => ops.reduceProd(x, 1),
  'reduceProd with zeros': (x) => ops.reduceProd(x, 1),
  ReduceL1: squared((x) => apply1('ReduceL1', [x, int64([1])], { keepdims: 0 })),
  norm: (x) => ops.norm(x, 1),
  'norm of 0': (x) => ops.norm(x, 1),
  ReduceSumSquare: squared((x) => apply1('ReduceSumSquare', [x, int64([0])], { keepdims: 0 })),
  ReduceLogSum: (x) => apply1('ReduceLogSum', [x, int64([1])], { keepdims: 0 }),
  logSumExp: (x) => ops.logSumExp(x, 1),
  'logSumExp, large': (x) => ops.logSumExp(x, 0, true),
  argMax: (x) => ops.argMax(x, 1),
  argMin: (x) => ops.argMin(x, 0, true),
  topK: (x) => {
    const { values, indices } = ops.topK(x, 2, 1)
    return [square(values), indices]
  },
  'topK, smallest': (x) => {
    const { values, indices } = ops.topK(x, 2, 0, false)
    return [square(values), indices]
  },
  cumSum: squared((x) => ops.cumSum(x, 1)),
  'cumSum, exclusive': squared((x) => ops.cumSum(x, 0, { exclusive: true })),
  'cumSum, reverse': squared((x) => ops.cumSum(x, 1, { reverse: true })),
  variance: (x) => ops.variance(x, 1),
  normalize: (x) => ops.normalize(x, 1),
  softmax: (x) => ops.softmax(x),
  'softmax, axis 1': (x) => ops.softmax(x, 1),
  'logSoftmax, axis 0': (x) => ops.logSoftmax(x, 0),
  logSoftmax: (x) => ops.logSoftmax(x),
}

const normalization: Cases = {
  layerNorm: (x, scale, bias) => ops.layerNorm(x, scale, bias, 1e-2),
  'layerNorm without bias': (x, scale) => ops.layerNorm(x, scale, undefined, 1e-2),
  'LayerNormalization with statistics': (...inputs) =>
    apply('LayerNormalization', inputs, { axis: 1, epsilon: { float: 1e-2 } }, { outputs: 3 }),
  rmsNorm: (x, scale) => ops.rmsNorm(x, scale, 1e-2),
  groupNorm: (x, scale, bias) => ops.groupNorm(x, 2, scale, bias, 1e-2),
  GroupNormalization: (...inputs) =>
    apply1('GroupNormalization', inputs, { num_groups: 2, epsilon: { float: 1e-2 } }),
  'groupNorm of vectors': (x, scale, bias) => ops.groupNorm(x, 2, scale, bias),
  instanceNorm: (x, scale, bias) => ops.instanceNorm(x, scale, bias, 1e-2),
  batchNorm: (x, scale, bias, mean, variance) => ops.batchNorm(x, scale, bias, { mean, variance }, 1e-3),
  batchNormTraining: (x, scale, bias) => {
    const { y, statistics } = ops.batchNormTraining(x, scale, bias, 1e-2)
    return [y, statistics.mean, statistics.variance]
  },
}

const activation: Cases = {
  relu: ops.relu,
  sigmoid: ops.sigmoid,
  tanh: ops.tanh,
  softplus: ops.softplus,
  softsign: ops.softsign,
  silu: ops.silu,
  mish: ops.mish,
  elu: (x) => ops.elu(x),
  selu: ops.selu,
  gelu: (x) => ops.gelu(x),
  hardswish: ops.hardSwish,
  hardsigmoid: ops.hardSigmoid,
  'hardSigmoid of ONNX': (x) => apply1('HardSigmoid', [x], { alpha: { float: 0.3 }, beta: { float: 0.4 } }),
  'gelu, tanh': (x) => ops.gelu(x, 'tanh'),
  quickGelu: ops.quickGelu,
  leakyRelu: (x) => ops.leakyRelu(x, 0.2),
  'elu, alpha': (x) => ops.elu(x, 0.5),
  celu: (x) => ops.celu(x, 0.5),
  prelu: ops.prelu,
  Hardmax: (x) => ops.mul(apply1('Hardmax', [x]), 2),
  Shrink: squared((x) => apply1('Shrink', [x], { bias: { float: 0.25 }, lambd: { float: 1.5 } })),
  ThresholdedRelu: squared((x) => apply1('ThresholdedRelu', [x], { alpha: { float: 0.5 } })),
  Swish: (x) => {
    x.graph.opsets.set('', 24)
    return apply1('Swish', [x], { alpha: { float: 1.5 } })
  },
  'Dropout, not in training': squared((x) => apply1('Dropout', [x])),
  'elu far out': (x) => ops.elu(x),
}

const resizeCases = ([word, sizes]: [string, number[]]): [string, Cases[string]][] => [
  ...(['nearest', 'nearest-exact', 'linear', 'cubic'] as const).map((mode): [string, Cases[string]] => [
    `${mode} ${word}`,
    squared((x) => ops.resize(x, { sizes, mode })),
  ]),
  ...(['linear', 'cubic'] as const).map((mode): [string, Cases[string]] => [
    `${mode} corners ${word}`,
    squared((x) => ops.resize(x, { sizes, mode, alignCorners: true })),
  ]),
]

const resize: Cases = {
  ...Object.fromEntries(
    Object.entries({ up: [6, 10], down: [2, 3], odd: [4, 7], one: [1, 1] }).flatMap(resizeCases),
  ),
  'nearest, scale': squared((x) => ops.resize(x, { scale: 2 })),
  'linear, scale': squared((x) => ops.resize(x, { scale: 2, mode: 'linear' })),
  'linear, one axis': squared((x) => ops.resize(x, { sizes: [7], mode: 'linear' })),
}

const boxes = () => constant([1, 0.5, 9, 7.5, -6, 2, 3, 30, 4, 4, 4.5, 4.25, 0, 0, 13, 11], 'float32', [4, 4])
const align = (aligned: boolean) =>
  squared((x) =>
    ops.roiAlign(x, boxes(), int64([0, 1, 1, 0]), { size: [2, 3], scale: 0.5, samples: 2, aligned }),
  )

const detection: Cases = {
  'roiAlign aligned': align(true),
  'roiAlign at corners': align(false),
  nonMaxSuppression: (b, scores) =>
    ops.nonMaxSuppression(b, scores, { limit: 3, overlap: 0.3, score: -0.25 }),
}

const rotary = (layout: 'interleaved' | 'halves') =>
  squared((x, places) => ops.rotary(x, ops.rotation(places, 4, 100), layout))

const attention: Cases = {
  attention: (q, k, v) => ops.attention(q, k, v),
  'attention, scale and bias': (q, k, v, bias) => ops.attention(q, k, v, { scale: 0.7, bias }),
  'attention, mask': (q, k, v, mask) => ops.attention(q, k, v, { mask }),
  'attention, causal': (q, k, v) => ops.attention(q, k, v, { causal: true }),
  'attention, causal and mask': (q, k, v, mask) => ops.attention(q, k, v, { causal: true, mask }),
  heads: squared((x) => ops.splitHeads(x, 2)),
  'heads merged': squared(ops.mergeHeads),
  'rotary, interleaved': rotary('interleaved'),
  'rotary of a part, interleaved': rotary('interleaved'),
  'rotary, halves': rotary('halves'),
  'rotary of a part, halves': rotary('halves'),
}

const loss: Cases = {
  crossEntropy: (x, labels) => ops.crossEntropy(x, labels),
  'crossEntropy, smoothing': (x, labels) => ops.crossEntropy(x, labels, { labelSmoothing: 0.1 }),
  'crossEntropy, ignored': (x, labels) =>
    ops.crossEntropy(x, labels, { ignoreIndex: -100, labelSmoothing: 0.2 }),
  'crossEntropy, each': (x, labels) => ops.crossEntropy(x, labels, { ignoreIndex: 3, reduction: 'none' }),
  'crossEntropy, sum': (x, labels) => ops.crossEntropy(x, labels, { ignoreIndex: 3, reduction: 'sum' }),
  meanSquaredError: (a, b) => ops.meanSquaredError(a, b),
  meanAbsoluteError: (a, b) => ops.meanAbsoluteError(a, b),
  huber: (a, b) => ops.huber(a, b, 0.75),
  'huber, sum': (a, b) => ops.huber(a, b, 1, 'sum'),
  binaryCrossEntropy: (x, y) => ops.binaryCrossEntropy(x, y),
  'binaryCrossEntropy, weight': (x, y) => ops.binaryCrossEntropy(x, y, { positiveWeight: 2.5 }),
  klDivergence: (a, b) => ops.klDivergence(ops.logSoftmax(a), ops.logSoftmax(b)),
  cosineSimilarity: (a, b) => ops.cosineSimilarity(a, b),
  infoNCE: ops.infoNCE,
  dropout: squared((x, uniforms) => ops.dropout(x, uniforms, 0.25)),
}

export const families: Readonly<Record<string, Cases>> = {
  elementwise,
  comparison,
  shape,
  gather,
  linear,
  convolution,
  pooling,
  reduction,
  normalization,
  activation,
  resize,
  detection,
  attention,
  loss,
}
