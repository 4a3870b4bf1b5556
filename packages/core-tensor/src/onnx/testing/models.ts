import { arange, fromNumbers, type Tensor, tensor, zeros } from '../../tensor/tensor.ts'
import { attributeProto } from '../attributes.ts'
import { onnxDType } from '../dtypes.ts'
import {
  type AttributeProto,
  AttributeType,
  type GraphProto,
  type ModelProto,
  modelMessage,
  type NodeProto,
} from '../schema.ts'
import { tensorProto } from '../tensors.ts'
import { encodeMessage } from '../wire.ts'
import type { ConformanceCase } from './conformance.ts'

/** A node in a line: `node('Add', ['x', 'y'], ['z'])`. */
export const node = (
  opType: string,
  input: string[],
  output: string[],
  attribute: AttributeProto[] = [],
  domain = '',
): NodeProto => ({ opType, input, output, attribute, domain })

const int = (name: string, value: number) => attributeProto(name, value)
const ints = (name: string, ...values: number[]) => attributeProto(name, values)
const float = (name: string, value: number) => attributeProto(name, { float: value })
const floats = (name: string, ...values: number[]) => attributeProto(name, { floats: values })
const text = (name: string, value: string) => attributeProto(name, value)
const subgraph = (name: string, g: GraphProto): AttributeProto => ({ name, type: AttributeType.GRAPH, g })

export const input = (name: string, { dtype, shape }: Tensor) => ({
  name,
  type: {
    tensorType: { elemType: onnxDType(dtype), shape: { dim: shape.map((dimValue) => ({ dimValue })) } },
  },
})

/** The model of some nodes; it does not say anything about the types of its outputs. */
export function modelOf(
  opset: number,
  inputs: Record<string, Tensor>,
  nodes: NodeProto[],
  outputs: string[],
  rest: Partial<ModelProto> = {},
): Uint8Array {
  return encodeMessage(modelMessage, {
    irVersion: 8,
    opsetImport: [{ version: opset }],
    ...rest,
    graph: {
      name: 'test',
      ...rest.graph,
      input: Object.entries(inputs).map(([name, value]) => input(name, value)),
      node: nodes,
      output: outputs.map((name) => ({ name, type: undefined })),
    },
  })
}

const f = (...shape: number[]) => {
  const size = shape.reduce((product, dim) => product * dim, 1)
  return fromNumbers(
    Array.from({ length: size }, (_, i) => Math.sin(i + 1) * 2),
    shape,
    'float32',
  )
}
const i64 = (...values: number[]) => tensor(values, 'int64')
const scalar64 = (value: number) => tensor(value, 'int64')
const initializers = (tensors: Record<string, Tensor>): Partial<ModelProto> => ({
  graph: { initializer: Object.entries(tensors).map(([name, value]) => tensorProto(name, value)) },
})

type Row = [
  opset: number,
  inputs: Record<string, Tensor>,
  nodes: NodeProto[],
  outputs: string[],
  rest?: Partial<ModelProto>,
]

/** One model for what the operators of a family have in common, and one for each form that older files have. */
const rows: Record<string, Row> = {
  broadcasting: [21, { a: f(2, 1, 3), b: f(4, 1) }, [node('Sub', ['a', 'b'], ['y'])], ['y']],
  'several outputs': [
    18,
    { x: f(5, 3) },
    [node('Split', ['x'], ['a', 'b', 'c'], [int('num_outputs', 3)])],
    ['a', 'c'],
  ],
  'unused outputs': [
    21,
    { x: f(4, 8), s: f(8) },
    [node('LayerNormalization', ['x', 's'], ['y', 'm', 'd'])],
    ['y'],
  ],
  'a hole among the inputs': [
    21,
    { x: f(6), high: tensor(1) },
    [node('Clip', ['x', '', 'high'], ['y'])],
    ['y'],
  ],
  'an input that is an output': [21, { x: f(2) }, [node('Neg', ['x'], ['y'])], ['y', 'x']],
  'reshape by a computed shape': [
    21,
    { x: f(2, 3, 4) },
    [
      node('Shape', ['x'], ['s']),
      node('Gather', ['s', 'zero'], ['n']),
      node('Unsqueeze', ['n', 'axis'], ['n1']),
      node('Concat', ['n1', 'rest'], ['target'], [int('axis', 0)]),
      node('Reshape', ['x', 'target'], ['y']),
    ],
    ['y'],
    initializers({ zero: scalar64(0), axis: i64(0), rest: i64(-1) }),
  ],
  'expand by a computed shape': [
    21,
    { x: f(1, 3), like: f(4, 3) },
    [
      node('Shape', ['like'], ['s']),
      node('Constant', [], ['one'], [attributeProto('value', i64(1))]),
      node('Equal', ['s', 'one'], ['same']),
      node('Where', ['same', 'one', 's'], ['target']),
      node('Expand', ['x', 'target'], ['y']),
    ],
    ['y'],
  ],
  'slices to the end': [
    21,
    { x: f(5, 6) },
    [node('Slice', ['x', 'from', 'to', 'axes', 'steps'], ['y'])],
    ['y'],
    initializers({
      from: i64(-1, 1),
      to: tensor([-(2n ** 63n), 2n ** 63n - 1n], 'int64'),
      axes: i64(0, 1),
      steps: i64(-2, 2),
    }),
  ],
  'slice with attributes': [
    9,
    { x: f(5, 6) },
    [node('Slice', ['x'], ['y'], [ints('starts', 1, 0), ints('ends', 2 ** 31 - 1, -1), ints('axes', 0, 1)])],
    ['y'],
  ],
  'reduce with attributes': [
    11,
    { x: f(2, 3, 4) },
    [node('ReduceSum', ['x'], ['y'], [ints('axes', 0, -1), int('keepdims', 0)])],
    ['y'],
  ],
  'reduce with inputs': [
    18,
    { x: f(2, 3, 4), axes: i64(1) },
    [node('ReduceMax', ['x', 'axes'], ['y'])],
    ['y'],
  ],
  'squeeze with attributes': [
    11,
    { x: f(1, 3, 1) },
    [node('Squeeze', ['x'], ['y'], [ints('axes', 0)])],
    ['y'],
  ],
  'unsqueeze with attributes': [
    11,
    { x: f(3) },
    [node('Unsqueeze', ['x'], ['y'], [ints('axes', 0, 2)])],
    ['y'],
  ],
  'pad with attributes': [
    10,
    { x: f(2, 3) },
    [node('Pad', ['x'], ['y'], [ints('pads', 0, 1, 2, 0), float('value', 1.5)])],
    ['y'],
  ],
  'clip with attributes': [
    6,
    { x: f(9) },
    [node('Clip', ['x'], ['y'], [float('min', -1), float('max', 1)])],
    ['y'],
  ],
  'split with attributes': [
    11,
    { x: f(2, 6) },
    [node('Split', ['x'], ['a', 'b'], [ints('split', 2, 4), int('axis', 1)])],
    ['a', 'b'],
  ],
  'upsample with attributes': [
    7,
    { x: f(1, 1, 2, 3) },
    [node('Upsample', ['x'], ['y'], [floats('scales', 1, 1, 2, 2)])],
    ['y'],
  ],
  'dropout of an old model': [9, { x: f(4) }, [node('Dropout', ['x'], ['y'], [float('ratio', 0.3)])], ['y']],
  'topK with an attribute': [9, { x: f(2, 5) }, [node('TopK', ['x'], ['v', 'i'], [int('k', 2)])], ['v', 'i']],
  casts: [
    21,
    { x: f(5) },
    [node('Cast', ['x'], ['i'], [int('to', 7)]), node('Cast', ['i'], ['y'], [int('to', 10)])],
    ['y'],
  ],
  strings: [
    21,
    { x: tensor(['a', 'ä', '', '漢字']) },
    [node('Equal', ['x', 'other'], ['same']), node('Where', ['same', 'x', 'other'], ['y'])],
    ['y'],
    initializers({ other: tensor(['a', 'b', '', 'ü']) }),
  ],
  integers: [
    21,
    { x: i64(5, -7, 9), d: i64(2) },
    [node('Mod', ['x', 'd'], ['m']), node('Div', ['x', 'd'], ['q'])],
    ['m', 'q'],
  ],
  bits: [
    21,
    { x: tensor([1, 2, 4], 'uint8') },
    [node('BitwiseNot', ['x'], ['n']), node('BitShift', ['n', 'x'], ['y'], [text('direction', 'LEFT')])],
    ['y'],
  ],
  'an empty tensor': [
    21,
    { x: zeros([0, 3]) },
    [node('ReduceSum', ['x', 'axes'], ['y'], [int('keepdims', 0)])],
    ['y'],
    initializers({ axes: i64(0) }),
  ],
  convolution: [
    21,
    { x: f(1, 2, 7, 7), w: f(4, 1, 3, 3) },
    [
      node(
        'Conv',
        ['x', 'w'],
        ['y'],
        [int('group', 2), ints('strides', 2, 2), text('auto_pad', 'SAME_UPPER')],
      ),
    ],
    ['y'],
  ],
  'pooling with ceiling': [
    21,
    { x: f(1, 1, 6, 5) },
    [
      node(
        'MaxPool',
        ['x'],
        ['y', 'i'],
        [ints('kernel_shape', 3, 2), ints('strides', 2, 2), int('ceil_mode', 1)],
      ),
    ],
    ['y', 'i'],
  ],
  quantization: [
    21,
    { x: f(2, 4) },
    [
      node('DynamicQuantizeLinear', ['x'], ['q', 's', 'z']),
      node('MatMulInteger', ['q', 'w', 'z'], ['y']),
      node('DequantizeLinear', ['q', 's', 'z'], ['back']),
    ],
    ['y', 'back'],
    initializers({ w: arange(0, 12, 1, 'int8').reshape([4, 3]) }),
  ],
  'a recurrent layer': [
    14,
    { x: f(3, 2, 4), w: f(1, 12, 4), r: f(1, 12, 3) },
    [node('LSTM', ['x', 'w', 'r'], ['', 'h', 'c'], [int('hidden_size', 3)])],
    ['h', 'c'],
  ],
  einsum: [
    21,
    { a: f(2, 3, 4), b: f(2, 4, 5) },
    [node('Einsum', ['a', 'b'], ['y'], [text('equation', 'bij,bjk->bki')])],
    ['y'],
  ],
  'einsum with an ellipsis': [
    21,
    { a: f(2, 3, 4), b: f(4, 5) },
    [node('Einsum', ['a', 'b'], ['y'], [text('equation', '...j,jk->...k')])],
    ['y'],
  ],
  'space and depth': [
    13,
    { x: f(1, 8, 2, 3) },
    [
      node('DepthToSpace', ['x'], ['d'], [int('blocksize', 2), text('mode', 'CRD')]),
      node('SpaceToDepth', ['d'], ['y'], [int('blocksize', 2)]),
    ],
    ['y'],
  ],
  'grid sampling': [
    16,
    { x: f(1, 2, 4, 4), grid: f(1, 3, 5, 2) },
    [node('GridSample', ['x', 'grid'], ['y'])],
    ['y'],
  ],
  'a loss': [
    13,
    { x: f(3, 5), t: i64(1, 0, 4) },
    [node('SoftmaxCrossEntropyLoss', ['x', 't'], ['l', 'p'])],
    ['l', 'p'],
  ],
  'a spectrum': [
    17,
    { x: f(1, 16, 1), step: scalar64(4), n: scalar64(8) },
    [node('STFT', ['x', 'step', '', 'n'], ['y'])],
    ['y'],
  ],
  'places of nonzero elements': [
    21,
    {
      x: tensor([
        [1, 0],
        [0, 3],
      ]),
    },
    [node('NonZero', ['x'], ['p']), node('Transpose', ['p'], ['t']), node('GatherND', ['x', 't'], ['y'])],
    ['p', 'y'],
  ],
}

/** Sub-graphs that use values of the graph around them, one in another. */
const branches: Row = [
  21,
  { x: f(2, 3), y: f(2, 3), flag: tensor(true as never, 'bool') },
  [
    node('Mul', ['x', 'two'], ['outer']),
    node(
      'If',
      ['flag'],
      ['r'],
      [
        subgraph('then_branch', {
          name: 'then',
          node: [node('Add', ['outer', 'y'], ['t'])],
          output: [{ name: 't' }],
        }),
        subgraph('else_branch', {
          name: 'else',
          node: [
            node('ReduceSum', ['outer'], ['sum']),
            node('Greater', ['sum', 'two'], ['large']),
            node(
              'If',
              ['large'],
              ['e'],
              [
                subgraph('then_branch', {
                  name: 'a',
                  node: [node('Neg', ['outer'], ['n'])],
                  output: [{ name: 'n' }],
                }),
                subgraph('else_branch', {
                  name: 'b',
                  node: [node('Sub', ['y', 'sum'], ['m'])],
                  output: [{ name: 'm' }],
                }),
              ],
            ),
          ],
          output: [{ name: 'e' }],
        }),
      ],
    ),
  ],
  ['r'],
  initializers({ two: tensor(2) }),
]

/** Three steps, each adding a value of the graph around it. */
const loop: Row = [
  21,
  { x: f(2), addend: f(2) },
  [
    node(
      'Loop',
      ['count', '', 'x'],
      ['last', 'all'],
      [
        subgraph('body', {
          name: 'body',
          // The state's type is without a shape, as exporters write it.
          input: Object.entries({ i: 'int64', go: 'bool', state: 'float32' } as const).map(
            ([name, dtype]) => ({
              name,
              type: {
                tensorType: { elemType: onnxDType(dtype), shape: name === 'state' ? undefined : { dim: [] } },
              },
            }),
          ),
          node: [
            node('Identity', ['go'], ['again']),
            node('Add', ['state', 'addend'], ['next']),
            node('Identity', ['next'], ['kept']),
          ],
          output: ['again', 'next', 'kept'].map((name) => ({ name })),
        }),
      ],
    ),
  ],
  ['last', 'all'],
  initializers({ count: scalar64(3) }),
]

const scan: Row = [
  21,
  { start: f(2), xs: f(3, 2) },
  [
    node(
      'Scan',
      ['start', 'xs'],
      ['sum', 'sums'],
      [
        int('num_scan_inputs', 1),
        subgraph('body', {
          name: 'body',
          input: ['s', 'x'].map((name) => ({ name })),
          node: [node('Add', ['s', 'x'], ['next']), node('Identity', ['next'], ['kept'])],
          output: ['next', 'kept'].map((name) => ({ name })),
        }),
      ],
    ),
  ],
  ['sum', 'sums'],
]

/** A function of the model with an attribute, called twice and by another function. */
const functions: Row = [
  21,
  { x: f(3) },
  [node('Twice', ['x'], ['a'], [], 'local'), node('Leaky', ['a'], ['y'], [float('slope', 0.5)], 'local')],
  ['y'],
  {
    opsetImport: [{ version: 21 }, { domain: 'local', version: 1 }],
    functions: [
      {
        name: 'Leaky',
        domain: 'local',
        input: ['v'],
        output: ['w'],
        attributeProto: [float('slope', 0.1)],
        opsetImport: [{ version: 21 }],
        node: [
          node(
            'LeakyRelu',
            ['v'],
            ['w'],
            [{ name: 'alpha', refAttrName: 'slope', type: AttributeType.FLOAT }],
          ),
        ],
      },
      {
        name: 'Twice',
        domain: 'local',
        input: ['v'],
        output: ['w'],
        opsetImport: [{ version: 21 }, { domain: 'local', version: 1 }],
        node: [node('Leaky', ['v'], ['once'], [], 'local'), node('Leaky', ['once'], ['w'], [], 'local')],
      },
    ],
  },
]

/** A matrix of which only two elements are stored. */
const sparse: Row = [
  21,
  { x: f(2, 3) },
  [
    node(
      'Constant',
      [],
      ['s'],
      [
        {
          name: 'sparse_value',
          type: 11,
          sparseTensor: {
            values: tensorProto('', tensor([5, 7])),
            indices: tensorProto('', i64(1, 5)),
            dims: [2, 3],
          },
        },
      ],
    ),
    node('Add', ['x', 's'], ['y']),
  ],
  ['y'],
]

const all: Record<string, Row> = { ...rows, branches, loop, scan, functions, sparse }

/** Small models with inputs, for tests that always run. */
export const smallCases: ConformanceCase[] = Object.entries(all).map(
  ([name, [opset, inputs, nodes, outputs, rest]]) => ({
    name,
    model: modelOf(opset, inputs, nodes, outputs, rest),
    inputs: Object.values(inputs),
  }),
)
