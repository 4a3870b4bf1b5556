import {
  currentGraph,
  type DType,
  decodeMessage,
  encodeModel,
  fromNumbers,
  Graph,
  message,
  type ops,
  spec,
  trace,
  type Value,
} from '@flag/core-tensor'
import type { Argument, Example } from './example.ts'

/** Names of all operators that core-tensor declares. */
export type OnnxOperator = keyof typeof ops.operators

const floats: readonly DType[] = ['float32', 'float16', 'float64']
const numbers: readonly DType[] = [...floats, 'int32', 'int64']
const wholes: readonly DType[] = ['int32', 'int64', 'uint8']

// Shapes, as functions of n: the largest argument has about n² elements.
const side = (n: number) => Math.max(8, Math.floor(n / 4))
const square = (n: number): Argument => ({ shape: [n, n] })
const channels = 16
const image = (n: number): Argument => ({ shape: [1, channels, side(n), side(n)] })
const vector = (size: number, range?: [number, number]): Argument => ({ shape: [size], range })
const scalar = (value: number, dtype?: DType): Argument => ({ shape: [], dtype, values: [value] })
const list = (dtype: DType, ...values: number[]): Argument => ({ shape: [values.length], dtype, values })
const longs = (...values: number[]) => list('int64', ...values)
const indices = (shape: number[], end: number): Argument => ({ shape, dtype: 'int64', range: [0, end] })

type Attributes = NonNullable<Example['attributes']>
type Args = Example['arguments']
const of = (args: Args, more: Partial<Example> = {}): Example => ({
  arguments: args,
  dtypes: floats,
  ...more,
})

const unary = (more: Partial<Example> = {}, range?: [number, number]) =>
  of((n) => [{ ...square(n), range }], more)
const binary = (dtypes: readonly DType[] = numbers, range?: [number, number], attributes: Attributes = {}) =>
  of(
    (n) => [
      { ...square(n), range },
      { ...square(n), range },
    ],
    { dtypes, attributes },
  )
const onImage = (more: Partial<Example> = {}, ...rest: Argument[]) => of((n) => [image(n), ...rest], more)
/** Along the rows. */
const reduce = (more: Partial<Example> = {}) => of((n) => [square(n), longs(1)], { dtypes: floats, ...more })
const text = (...shape: number[]): Argument => ({ shape, dtype: 'string' })

/** A sub-graph attribute: what `body` does to inputs of these types. */
function subgraph(
  inputs: readonly (readonly [DType, readonly number[]])[],
  body: (...values: Value[]) => Value | Value[],
) {
  const graph = new Graph()
  const traced = trace(
    (...values: Value[]) => body(...values),
    inputs.map(([dtype, shape]) => spec(dtype, shape)),
    graph,
  )
  const model = message<{ graph?: Uint8Array }>('ModelProto', { graph: [7, 'bytes'] })
  return { graph: decodeMessage(model, encodeModel(graph, traced.outputs)).graph as Uint8Array }
}
const sine = (x: Value) => x.graph.node('Sin', '', [x], {}, [x]).outputs[0]
const negative = (x: Value) => x.graph.node('Neg', '', [x], {}, [x]).outputs[0]
const same = (x: Value) => x.graph.node('Identity', '', [x], {}, [x]).outputs[0]

const only32: Partial<Example> = { dtypes: ['float32'] }
const float = (value: number) => ({ float: value })
const window = of((n) => [scalar(n * n, 'int64')], only32)
const recurrent = (gates: number) =>
  of(
    (n) => {
      const hidden = side(n)
      return [
        { shape: [16, 4, hidden] },
        { shape: [1, gates * hidden, hidden] },
        { shape: [1, gates * hidden, hidden] },
      ]
    },
    { dtypes: ['float32'], attributes: (n) => ({ hidden_size: side(n) }) },
  )
const heads = (n: number): Argument => ({ shape: [1, 4, side(n), 64] })
const quantized = (dtype: DType, ...shape: number[]): Argument => ({
  shape,
  dtype,
  range: dtype === 'int8' ? [-100, 100] : [0, 200],
})
/** Whole blocks of 32. */
const blocks = (n: number) => 32 * Math.ceil(n / 32)
const scale = (dtype?: DType) => scalar(0.05, dtype)

/**
 * Every operator of core-tensor at work, by its ONNX name: arguments, attributes, element types. An operator that is
 * declared there and missing here does not compile.
 */
export const onnxExamples: Record<OnnxOperator, Example> = {
  // Element by element
  Abs: unary({ dtypes: numbers }),
  Add: binary(),
  Ceil: unary(),
  Clip: of((n) => [square(n), scalar(-0.5), scalar(0.5)]),
  Div: binary(floats, [0.5, 2]),
  Erf: unary({ dtypes: ['float32', 'float16'] }),
  Exp: unary(),
  Floor: unary(),
  Identity: unary({ dtypes: numbers }),
  Log: unary({}, [0.1, 2]),
  Max: binary(),
  Mean: binary(floats),
  Min: binary(),
  Mod: binary(['int32', 'int64'], [1, 100]),
  Mul: binary(),
  Neg: unary({ dtypes: [...floats, 'int32'] }),
  Pow: binary(floats, [0.5, 2]),
  Reciprocal: unary({}, [0.5, 2]),
  Round: unary(),
  Sign: unary({ dtypes: numbers }),
  Sqrt: unary({}, [0, 2]),
  Sub: binary(),
  Sum: binary(floats),
  // Trigonometry
  Acos: unary({}, [-0.9, 0.9]),
  Acosh: unary({}, [1, 3]),
  Asin: unary({}, [-0.9, 0.9]),
  Asinh: unary(),
  Atan: unary(),
  Atanh: unary({}, [-0.9, 0.9]),
  Cos: unary(),
  Cosh: unary(),
  Sin: unary(),
  Sinh: unary(),
  Tan: unary(),
  // Comparison and logic
  And: binary(['bool']),
  Cast: unary({ dtypes: ['float32', 'float16', 'int32', 'int64'], attributes: { to: 11 } }),
  Equal: binary(),
  Greater: binary(),
  GreaterOrEqual: binary(),
  IsInf: unary({ dtypes: ['float32', 'float64'] }),
  IsNaN: unary(),
  Less: binary(),
  LessOrEqual: binary(),
  Not: unary({ dtypes: ['bool'] }),
  Or: binary(['bool']),
  Where: of((n) => [{ ...square(n), dtype: 'bool' }, square(n), square(n)], { dtypes: numbers }),
  Xor: binary(['bool']),
  // Shapes
  Expand: of((n) => [{ shape: [1, n] }, longs(n, n)], { dtypes: numbers }),
  Flatten: onImage({ dtypes: numbers }),
  Reshape: of((n) => [square(n), longs(-1)], { dtypes: numbers }),
  Shape: unary({ dtypes: numbers }),
  Squeeze: of((n) => [{ shape: [1, n, n] }, longs(0)], { dtypes: numbers }),
  Tile: of((n) => [{ shape: [n, n / 2] }, longs(1, 2)], { dtypes: numbers }),
  Transpose: unary({ dtypes: numbers, attributes: { perm: [1, 0] } }),
  Unsqueeze: of((n) => [square(n), longs(0)], { dtypes: numbers }),
  // Parts
  Concat: binary(numbers, undefined, { axis: 1 }),
  Pad: of((n) => [square(n), longs(1, 1, 1, 1)], { dtypes: numbers }),
  Slice: of((n) => [square(n), longs(0), longs(n / 2), longs(1)], { dtypes: numbers }),
  Split: of((n) => [square(n), longs(n / 2, n / 2)], { dtypes: numbers, outputs: 2 }),
  Trilu: unary({ dtypes: numbers, attributes: { upper: 1 } }),
  // Made from a shape
  ConstantOfShape: of((n) => [{ shape: [2], dtype: 'int64', range: [n, n + 1] }], only32),
  Range: of((n) => [scalar(0), scalar(n * n), scalar(1)], { dtypes: ['float32', 'int32', 'int64'] }),
  // Look-ups
  Gather: of((n) => [square(n), indices([n], n)], { dtypes: numbers }),
  GatherElements: of((n) => [square(n), indices([n, n], n)], { dtypes: numbers, attributes: { axis: 1 } }),
  GatherND: of((n) => [square(n), indices([n, 1], n)], { dtypes: numbers }),
  NonZero: unary({ dtypes: ['float32', 'int32', 'int64', 'bool'] }),
  OneHot: of((n) => [indices([n], n), scalar(n, 'int64'), list('float32', 0, 1)], only32),
  ScatterElements: of((n) => [square(n), indices([n, n], n), square(n)], {
    dtypes: numbers,
    attributes: { axis: 1 },
  }),
  ScatterND: of((n) => [square(n), indices([n, 1], n), square(n)], { dtypes: numbers }),
  // Products
  Einsum: binary(['float32', 'float64'], undefined, { equation: 'ij,jk->ik' }),
  Gemm: of((n) => [square(n), square(n), { shape: [n] }]),
  MatMul: binary(floats),
  // Convolutions
  Conv: onImage(
    { dtypes: ['float32', 'float16'], attributes: { pads: [1, 1, 1, 1] } },
    { shape: [channels, channels, 3, 3] },
    vector(channels),
  ),
  ConvTranspose: onImage(
    { dtypes: ['float32', 'float16'], attributes: { strides: [2, 2] } },
    { shape: [channels, channels, 2, 2] },
  ),
  // Pooling
  AveragePool: onImage({
    dtypes: ['float32', 'float16'],
    attributes: { kernel_shape: [2, 2], strides: [2, 2] },
  }),
  GlobalAveragePool: onImage({ dtypes: ['float32', 'float16'] }),
  GlobalMaxPool: onImage({ dtypes: ['float32', 'float16'] }),
  MaxPool: onImage({ attributes: { kernel_shape: [2, 2], strides: [2, 2] } }),
  // Reductions
  ArgMax: unary({ attributes: { axis: 1 } }),
  ArgMin: unary({ attributes: { axis: 1 } }),
  CumProd: of((n) => [square(n), scalar(1, 'int64')], { dtypes: ['float32'], opset: 26 }),
  CumSum: of((n) => [square(n), scalar(1, 'int64')], { dtypes: ['float32', 'float64', 'int32', 'int64'] }),
  ReduceL1: reduce(),
  ReduceL2: reduce(),
  ReduceLogSum: of((n) => [{ ...square(n), range: [0.1, 1] }, longs(1)]),
  ReduceLogSumExp: reduce(),
  ReduceMax: reduce({ dtypes: numbers }),
  ReduceMean: reduce(),
  ReduceMin: reduce({ dtypes: numbers }),
  ReduceProd: reduce(),
  ReduceSum: reduce({ dtypes: numbers }),
  ReduceSumSquare: reduce(),
  TopK: of((n) => [square(n), longs(8)], { outputs: 2, dtypes: ['float32', 'float64', 'int64'] }),
  // Normalisation
  BatchNormalization: onImage(
    {},
    vector(channels),
    vector(channels),
    vector(channels),
    vector(channels, [0.5, 1]),
  ),
  GroupNormalization: onImage(
    { dtypes: ['float32', 'float16'], attributes: { num_groups: 4 } },
    vector(channels),
    vector(channels),
  ),
  InstanceNormalization: onImage({ dtypes: ['float32', 'float16'] }, vector(channels), vector(channels)),
  LayerNormalization: of((n) => [square(n), vector(n), vector(n)]),
  LogSoftmax: unary({ attributes: { axis: -1 } }),
  Softmax: unary({ attributes: { axis: -1 } }),
  // Activations
  Celu: unary(only32),
  Elu: unary(),
  Gelu: unary({ dtypes: ['float32', 'float16'] }),
  HardSigmoid: unary(),
  HardSwish: unary(),
  LeakyRelu: unary(),
  Mish: unary({ dtypes: ['float32', 'float16'] }),
  PRelu: of((n) => [square(n), { shape: [n] }]),
  Relu: unary(),
  Selu: unary(),
  Sigmoid: unary(),
  Softplus: unary(),
  Softsign: unary(),
  Tanh: unary(),
  Hardmax: unary(only32),
  Shrink: unary(only32),
  Swish: unary({ opset: 24 }),
  ThresholdedRelu: unary(only32),
  // Pictures
  Resize: onImage(
    { dtypes: ['float32', 'float16'], attributes: { mode: 'linear' } },
    { shape: [0], dtype: 'float32', values: [] },
    list('float32', 1, 1, 2, 2),
  ),
  NonMaxSuppression: of(
    (n) => [
      { shape: [1, n, 4], range: [0, 1] },
      { shape: [1, 1, n], range: [0, 1] },
      longs(20),
      list('float32', 0.5),
      list('float32', 0.1),
    ],
    only32,
  ),
  RoiAlign: onImage(
    { dtypes: ['float32'], attributes: { output_height: 7, output_width: 7 } },
    { shape: [16, 4], range: [0, 8] },
    { shape: [16], dtype: 'int64', range: [0, 1] },
  ),
  // Bits
  BitShift: binary(['uint32', 'uint8'], [0, 4], { direction: 'LEFT' }),
  BitwiseAnd: binary(wholes),
  BitwiseNot: unary({ dtypes: wholes }),
  BitwiseOr: binary(wholes),
  BitwiseXor: binary(wholes),
  // Composites
  Attention: of((n) => [heads(n), heads(n), heads(n)], { dtypes: ['float32', 'float16'], opset: 23 }),
  Det: of((n) => [{ shape: [side(n), 8, 8] }], only32),
  LRN: onImage({ dtypes: ['float32'], attributes: { size: 5 } }),
  LpNormalization: unary({ dtypes: ['float32', 'float64'], attributes: { axis: -1, p: 2 } }),
  MeanVarianceNormalization: onImage(only32),
  NegativeLogLikelihoodLoss: of((n) => [square(n), indices([n], n)], only32),
  RMSNormalization: of((n) => [square(n), vector(n)], { dtypes: ['float32', 'float16'], opset: 23 }),
  RotaryEmbedding: of(
    (n) => [heads(n), { shape: [side(n), 32] }, { shape: [side(n), 32] }, indices([1, side(n)], side(n))],
    { dtypes: ['float32', 'float16'], opset: 23 },
  ),
  SoftmaxCrossEntropyLoss: of((n) => [square(n), indices([n], n)], only32),
  // Control flow, on branches and bodies of one node
  If: of(() => [{ shape: [], dtype: 'bool' }], {
    dtypes: ['float32'],
    attributes: () => {
      const branch = (value: number) => subgraph([], () => negative(constantOf(value)))
      return { then_branch: branch(1), else_branch: branch(2) }
    },
  }),
  Loop: of((n) => [scalar(8, 'int64'), scalar(1, 'bool'), square(n)], {
    dtypes: ['float32'],
    attributes: (n) => ({
      body: subgraph(
        [
          ['int64', []],
          ['bool', []],
          ['float32', [n, n]],
        ],
        (_, on, x) => [same(on), sine(x)],
      ),
    }),
  }),
  Scan: of((n) => [square(n)], {
    dtypes: ['float32'],
    attributes: (n) => ({ num_scan_inputs: 1, body: subgraph([['float32', [n]]], (row) => [sine(row)]) }),
  }),
  // Quantised
  ConvInteger: of(
    (n) => [quantized('uint8', 1, channels, side(n), side(n)), quantized('uint8', channels, channels, 3, 3)],
    {
      dtypes: ['uint8'],
    },
  ),
  DequantizeLinear: of((n) => [quantized('uint8', n, n), scale('float32')], { dtypes: ['uint8'] }),
  DynamicQuantizeLinear: unary({ dtypes: ['float32'], outputs: 3 }),
  DynamicQuantizeMatMul: of((n) => [square(n), quantized('int8', n, n), scale('float32')], {
    dtypes: ['float32'],
    domain: 'com.microsoft',
  }),
  GatherBlockQuantized: of(
    (n) => [quantized('uint8', n, blocks(n) / 2), indices([n], n), { shape: [n, blocks(n) / 32] }],
    {
      dtypes: ['float32'],
      domain: 'com.microsoft',
      attributes: { bits: 4, block_size: 32, gather_axis: 0, quantize_axis: 1 },
    },
  ),
  MultiHeadAttention: of((n) => Array(3).fill({ shape: [1, side(n), 256] }), {
    dtypes: ['float32'],
    domain: 'com.microsoft',
    attributes: { num_heads: 4 },
  }),
  MatMulNBits: of(
    (n) => [
      { shape: [n, blocks(n)] },
      quantized('uint8', blocks(n), blocks(n) / 32, 16),
      { shape: [blocks(n) ** 2 / 32] },
    ],
    {
      dtypes: ['float32', 'float16'],
      domain: 'com.microsoft',
      attributes: (n) => ({ K: blocks(n), N: blocks(n), bits: 4, block_size: 32 }),
    },
  ),
  MatMulInteger: of((n) => [quantized('uint8', n, n), quantized('int8', n, n)], { dtypes: ['uint8'] }),
  QLinearConv: of(
    (n) => [
      quantized('uint8', 1, channels, side(n), side(n)),
      scale('float32'),
      scalar(128, 'uint8'),
      quantized('int8', channels, channels, 3, 3),
      scale('float32'),
      scalar(0, 'int8'),
      scale('float32'),
      scalar(128, 'uint8'),
    ],
    { dtypes: ['uint8'] },
  ),
  QLinearMatMul: of(
    (n) => [
      quantized('uint8', n, n),
      scale('float32'),
      scalar(128, 'uint8'),
      quantized('int8', n, n),
      scale('float32'),
      scalar(0, 'int8'),
      scale('float32'),
      scalar(128, 'uint8'),
    ],
    { dtypes: ['uint8'] },
  ),
  QuantizeLinear: of((n) => [square(n), scale(), scalar(128, 'uint8')], { dtypes: ['float32', 'float16'] }),
  // Random
  Bernoulli: unary({ dtypes: ['float32'], attributes: { seed: float(1) } }, [0, 1]),
  Dropout: of((n) => [square(n), scalar(0.5, 'float32'), scalar(1, 'bool')], only32),
  Multinomial: of((n) => [square(n)], { dtypes: ['float32'], attributes: { sample_size: 4 } }),
  RandomNormal: of(() => [], { dtypes: ['float32'], attributes: (n) => ({ shape: [n, n] }) }),
  RandomNormalLike: unary(only32),
  RandomUniform: of(() => [], { dtypes: ['float32'], attributes: (n) => ({ shape: [n, n] }) }),
  RandomUniformLike: unary(only32),
  // Rearrangement
  BitCast: unary({ dtypes: ['float32'], attributes: { to: 6 }, opset: 26 }),
  CastLike: of((n) => [square(n), { shape: [1], dtype: 'int32' }], only32),
  Compress: of((n) => [square(n), { shape: [n], dtype: 'bool' }], {
    dtypes: numbers,
    attributes: { axis: 0 },
  }),
  DepthToSpace: onImage({ dtypes: ['float32'], attributes: { blocksize: 2 } }),
  EyeLike: unary({ dtypes: ['float32', 'float64', 'int32', 'int64'] }),
  ReverseSequence: of((n) => [square(n), { shape: [n], dtype: 'int64', range: [1, n] }], only32),
  Scatter: of((n) => [square(n), indices([n, n], n), square(n)], {
    dtypes: ['float32'],
    attributes: { axis: 1 },
    opset: 10,
  }),
  Size: unary({ dtypes: numbers }),
  SpaceToDepth: onImage({ dtypes: ['float32'], attributes: { blocksize: 2 } }),
  Unique: of((n) => [{ shape: [n * n] }], { dtypes: ['int64', 'float32'] }),
  // Recurrent
  GRU: recurrent(3),
  LSTM: recurrent(4),
  RNN: recurrent(1),
  // Sampling
  AffineGrid: of((n) => [{ shape: [1, 2, 3] }, longs(1, 3, side(n), side(n))], {
    dtypes: ['float32'],
    opset: 20,
  }),
  CenterCropPad: of((n) => [square(n), longs(n / 2, n / 2)], only32),
  Col2Im: of((n) => [{ shape: [1, channels, side(n) ** 2 / 4] }, longs(side(n), side(n)), longs(2, 2)], {
    dtypes: ['float32'],
    attributes: { strides: [2, 2] },
  }),
  DeformConv: of(
    (n) => [image(n), { shape: [channels, channels, 3, 3] }, { shape: [1, 18, side(n) - 2, side(n) - 2] }],
    { dtypes: ['float32'], opset: 22 },
  ),
  GlobalLpPool: onImage(only32),
  GridSample: of((n) => [image(n), { shape: [1, side(n), side(n), 2] }], only32),
  LpPool: onImage({ dtypes: ['float32'], attributes: { kernel_shape: [2, 2], strides: [2, 2] } }),
  MaxRoiPool: onImage(
    { dtypes: ['float32'], attributes: { pooled_shape: [4, 4] } },
    { shape: [16, 5], range: [0, 0.9] },
  ),
  MaxUnpool: of(
    (n) => [
      { shape: [1, channels, side(n) / 2, side(n) / 2] },
      indices([1, channels, side(n) / 2, side(n) / 2], side(n) ** 2),
    ],
    { dtypes: ['float32'], attributes: { kernel_shape: [2, 2], strides: [2, 2] } },
  ),
  TensorScatter: of((n) => [heads(n), { shape: [1, 4, 1, 64] }, longs(3)], {
    dtypes: ['float32', 'float16'],
    opset: 24,
  }),
  Upsample: of((n) => [image(n), list('float32', 1, 1, 2, 2)], {
    dtypes: ['float32'],
    attributes: { mode: 'nearest' },
    opset: 9,
  }),
  // Signals
  BlackmanWindow: window,
  DFT: of((n) => [{ shape: [4, n, 1] }, undefined, scalar(1, 'int64')], only32),
  HammingWindow: window,
  HannWindow: window,
  MelWeightMatrix: of(
    (n) => [scalar(40, 'int64'), scalar(n, 'int64'), scalar(16000, 'int64'), scalar(0), scalar(8000)],
    only32,
  ),
  STFT: of(
    (n) => [{ shape: [1, n * 16, 1] }, scalar(64, 'int64'), vector(128), scalar(128, 'int64')],
    only32,
  ),
  // Texts
  RegexFullMatch: of((n) => [text(n)], { dtypes: ['string'], attributes: { pattern: 'text [0-9]+' } }),
  StringConcat: of((n) => [text(n), text(n)], { dtypes: ['string'] }),
  StringNormalizer: of((n) => [text(n)], {
    dtypes: ['string'],
    attributes: { case_change_action: 'UPPER', locale: 'C' },
  }),
  StringSplit: of((n) => [text(n)], { dtypes: ['string'], outputs: 2, attributes: { delimiter: ' ' } }),
  TfIdfVectorizer: of((n) => [{ shape: [n, n], dtype: 'int64' }], {
    dtypes: ['int64'],
    attributes: {
      mode: 'TF',
      min_gram_length: 1,
      max_gram_length: 1,
      max_skip_count: 0,
      ngram_counts: [0],
      ngram_indexes: [0, 1, 2, 3],
      pool_int64s: [0, 1, 2, 3],
    },
  }),
}

function constantOf(value: number): Value {
  return currentGraph().constant(fromNumbers([value], [1], 'float32'))
}
