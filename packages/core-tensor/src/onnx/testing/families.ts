import { arange, tensor, zeros } from '../../tensor/tensor.ts'
import { attributeProto } from '../attributes.ts'
import { f, float, floats, i64, initializers, int, ints, node, type Row, scalar64, text } from './build.ts'

/** One model for what the operators of a family have in common, and one for each form that older files have. */
export const families: Record<string, Row> = {
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
