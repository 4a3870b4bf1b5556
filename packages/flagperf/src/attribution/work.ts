import { type Attributes, byteSize, type DType } from '@flag/core-tensor'

/** Element type and shape of a tensor that exists. */
export interface TensorType {
  readonly dtype: DType
  readonly shape: readonly number[]
}

/** What has to be known of a node to count its work. */
export interface CountedNode {
  readonly operator: string
  readonly domain: string
  readonly attributes: Attributes
  readonly inputs: readonly (TensorType | undefined)[]
  readonly outputs: readonly TensorType[]
}

/**
 * The work of one run of a node. A multiply-accumulate is two floating-point operations; tables that count MACs give
 * half the number. Integer products are counted in the same way.
 */
export interface Work {
  /** Multiply-accumulates of products and convolutions. */
  readonly macs: number
  /** Other arithmetic: additions of a bias, activations, reductions; a transcendental function counts as one. */
  readonly other: number
  /** 2 macs + other. */
  readonly flops: number
  /** Bytes read and written if nothing stayed in a cache: inputs, weights and outputs. */
  readonly bytes: number
}

export const noWork: Work = { macs: 0, other: 0, flops: 0, bytes: 0 }

export const addWork = (a: Work, b: Work): Work => ({
  macs: a.macs + b.macs,
  other: a.other + b.other,
  flops: a.flops + b.flops,
  bytes: a.bytes + b.bytes,
})

const product = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1)
const elements = (tensor: TensorType | undefined) => (tensor ? product(tensor.shape) : 0)

/** Bytes of a tensor; strings have no fixed size and count as none. */
const bytesOf = (tensor: TensorType | undefined): number =>
  !tensor || tensor.dtype === 'string' ? 0 : elements(tensor) * byteSize(tensor.dtype)

type MacRule = (node: CountedNode) => number

/** Rows times columns times what is summed over. */
const matmul: MacRule = ({ inputs: [a], outputs: [y] }) => elements(y) * (a?.shape.at(-1) ?? 0)

/** Each output element sums over the kernel and the input channels of its group: the weight's shape without its first axis. */
const convolution =
  (weight: number): MacRule =>
  ({ inputs, outputs: [y] }) =>
    elements(y) * product(inputs[weight]?.shape.slice(1) ?? [0])

const isSet = (attributes: Attributes, name: string) => Number(attributes[name] ?? 0) !== 0

const gemm: MacRule = ({ inputs: [a], outputs: [y], attributes }) =>
  elements(y) * (a?.shape[isSet(attributes, 'transA') ? 0 : 1] ?? 0)

/** Gates of a recurrent cell times the products with input and state, for every step and sequence. */
const recurrent =
  (gates: number): MacRule =>
  ({ inputs: [x, w, r] }) => {
    if (!x || !w || !r) return 0
    const [directions, , inputSize] = w.shape
    const hidden = r.shape[2]
    return x.shape[0] * x.shape[1] * directions * gates * hidden * (inputSize + hidden)
  }

/**
 * Scores and weighted sum of attention: q, k and v are `[batch, length, width]` or `[batch, heads, length, width]`;
 * earlier keys come before those of k. A mask saves nothing.
 */
const attention: MacRule = ({ inputs, outputs: [y] }) => {
  const [q, k, , , past] = inputs
  if (!q || !k) return 0
  const keys = (k.shape.at(-2) ?? 0) + (past?.shape.at(-2) ?? 0)
  return (elements(q) + elements(y)) * keys
}

/** The product of the sizes of all labels: what a loop over all of them would do. */
const einsum: MacRule = ({ inputs, attributes }) => {
  const [terms] = String(attributes.equation ?? '')
    .replaceAll(' ', '')
    .split('->')
  const sizes = new Map<string, number>()
  terms.split(',').forEach((term, i) => {
    const shape = inputs[i]?.shape ?? []
    const [before, after] = term.split('...')
    ;[...before].forEach((label, j) => void sizes.set(label, shape[j]))
    ;[...(after ?? '')].reverse().forEach((label, j) => void sizes.set(label, shape[shape.length - 1 - j]))
    const hidden = after === undefined ? [] : shape.slice(before.length, shape.length - after.length)
    hidden.forEach(
      (size, j) =>
        void sizes.set(`...${hidden.length - j}`, Math.max(size, sizes.get(`...${hidden.length - j}`) ?? 1)),
    )
  })
  return inputs.length < 2 ? 0 : product([...sizes.values()])
}

const macRules: Readonly<Record<string, MacRule>> = {
  MatMul: matmul,
  FusedMatMul: ({ inputs: [a], outputs: [y], attributes }) =>
    elements(y) * (a?.shape.at(isSet(attributes, 'transA') ? -2 : -1) ?? 0),
  MatMulInteger: matmul,
  MatMulIntegerToFloat: matmul,
  DynamicQuantizeMatMul: matmul,
  QLinearMatMul: matmul,
  MatMulNBits: matmul,
  Gemm: gemm,
  FusedGemm: gemm,
  Conv: convolution(1),
  FusedConv: convolution(1),
  NhwcFusedConv: convolution(1),
  ConvInteger: convolution(1),
  QLinearConv: convolution(3),
  ConvTranspose: ({ inputs: [x, w] }) => elements(x) * product(w?.shape.slice(1) ?? [0]),
  Einsum: einsum,
  LSTM: recurrent(4),
  GRU: recurrent(3),
  RNN: recurrent(1),
  // Its fourth and fifth inputs are a bias of the projections and a mask.
  MultiHeadAttention: (node) => attention({ ...node, inputs: node.inputs.slice(0, 3) }),
  Attention: (node) => (node.domain === 'com.microsoft' ? fusedAttention(node) : attention(node)),
}

/** com.microsoft's Attention takes the hidden states and does the projections to q, k and v itself. */
function fusedAttention({ inputs: [x, w], outputs: [y] }: CountedNode): number {
  if (!x || !w) return 0
  const [batch, length] = x.shape
  const width = y.shape[2]
  return batch * length * product(w.shape) + 2 * batch * length * length * width
}

/** Operations per element of the output, of operators that compute element by element. */
const perElement: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    [
      'Abs',
      'Neg',
      'Sign',
      'Add',
      'Sub',
      'Mul',
      'Div',
      'Max',
      'Min',
      'Mod',
      'Pow',
      'Sqrt',
      'Exp',
      'Log',
      'Erf',
      'Tanh',
      'Sin',
      'Cos',
      'Tan',
      'Acos',
      'Acosh',
      'Asin',
      'Asinh',
      'Atan',
      'Atanh',
      'Cosh',
      'Sinh',
      'IsInf',
      'IsNaN',
      'BitShift',
      'BitwiseAnd',
      'BitwiseNot',
      'BitwiseOr',
      'BitwiseXor',
      'Hardmax',
      'Shrink',
      'ThresholdedRelu',
      'Reciprocal',
      'Relu',
      'Clip',
      'LeakyRelu',
      'PRelu',
      'Floor',
      'Ceil',
      'Round',
      'Equal',
      'Greater',
      'GreaterOrEqual',
      'Less',
      'LessOrEqual',
      'And',
      'Or',
      'Xor',
      'Not',
      'Where',
      'Sum',
      'Mean',
      'HardSigmoid',
      'QuantizeLinear',
      'DequantizeLinear',
    ].map((name) => [name, 1]),
  ),
  Sigmoid: 4,
  Softplus: 3,
  Elu: 3,
  Celu: 4,
  Softsign: 3,
  // Two numbers turned by an angle: four products, two sums.
  RotaryEmbedding: 3,
  LpNormalization: 3,
  MeanVarianceNormalization: 8,
  DynamicQuantizeLinear: 3,
  Selu: 4,
  HardSwish: 3,
  QuickGelu: 5,
  Gelu: 10,
  BiasGelu: 11,
  FastGelu: 10,
  Mish: 6,
  Softmax: 5,
  LogSoftmax: 5,
  // Multiplication and addition with the folded statistics.
  BatchNormalization: 2,
  LayerNormalization: 8,
  SkipLayerNormalization: 9,
  EmbedLayerNormalization: 10,
  InstanceNormalization: 8,
  GroupNormalization: 8,
  RMSNormalization: 5,
  SimplifiedLayerNormalization: 5,
  Resize: 7,
  Upsample: 7,
}

const reductions = /^(Reduce\w+|ArgMax|ArgMin|CumSum|CumProd|GlobalAveragePool|GlobalMaxPool|GlobalLpPool)$/
const pools = new Set(['MaxPool', 'AveragePool', 'LpPool'])
const views = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Identity', 'Shape', 'Size'])
const lookups = new Set(['Gather', 'GatherElements', 'GatherND', 'Slice'])
const moves = new Set(
  (
    'Transpose Concat Split Expand Tile Pad Cast CastLike Constant ConstantOfShape Range ScatterElements ScatterND ' +
    'NonZero OneHot Compress Unique Trilu EyeLike DepthToSpace SpaceToDepth ReverseSequence Dropout ' +
    'BitCast Scatter TensorScatter CenterCropPad StringConcat StringNormalizer StringSplit ' +
    'ReorderInput ReorderOutput MemcpyFromHost MemcpyToHost If Loop Scan'
  ).split(' '),
)

/** Whether there is a rule that counts an operator's work; without one, its operations count as none. */
export const isCounted = (operator: string): boolean =>
  operator in macRules ||
  operator in perElement ||
  reductions.test(operator) ||
  [pools, views, lookups, moves].some((names) => names.has(operator))

/** Which input a product or convolution adds to every element. */
const biasInput: Readonly<Record<string, number>> = {
  Conv: 2,
  FusedConv: 2,
  NhwcFusedConv: 2,
  QLinearConv: 8,
  Gemm: 2,
  FusedGemm: 2,
  ConvTranspose: 2,
}

function otherWork(node: CountedNode, macs: number): number {
  const {
    operator,
    inputs,
    outputs: [y],
    attributes,
  } = node
  if (macs > 0) {
    const bias = biasInput[operator]
    const added = bias !== undefined && inputs[bias] ? 1 : 0
    // Fused kernels name the activation that they also compute.
    const { activation } = attributes
    return elements(y) * (added + (activation === undefined ? 0 : (perElement[String(activation)] ?? 1)))
  }
  if (reductions.test(operator)) return elements(inputs[0])
  if (pools.has(operator))
    return elements(y) * product((attributes.kernel_shape as readonly number[] | undefined) ?? [1])
  return elements(y) * (perElement[operator] ?? 0)
}

/**
 * The work of one run of a node, from its shapes. Operators that only move data have bytes and no operations; those that
 * only give a tensor another shape have neither. What sub-graphs do (If, Loop, Scan) is not in it. Operators that
 * `isCounted` does not know have bytes only.
 */
export function workOf(node: CountedNode): Work {
  const { operator, inputs, outputs } = node
  const macs = macRules[operator]?.(node) ?? 0
  const other = otherWork(node, macs)
  const written = outputs.reduce((sum, output) => sum + bytesOf(output), 0)
  const read = lookups.has(operator)
    ? written + inputs.slice(1).reduce((sum, input) => sum + bytesOf(input), 0)
    : inputs.reduce((sum, input) => sum + bytesOf(input), 0)
  return { macs, other, flops: 2 * macs + other, bytes: views.has(operator) ? 0 : read + written }
}
