import { tensor } from '../../tensor/tensor.ts'
import { onnxDType } from '../dtypes.ts'
import { AttributeType } from '../schema.ts'
import { tensorProto } from '../tensors.ts'
import { f, float, i64, initializers, int, node, type Row, scalar64, subgraph } from './build.ts'

/** Sub-graphs that use values of the graph around them, one in another. */
export const branches: Row = [
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
export const loop: Row = [
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

export const scan: Row = [
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
export const functions: Row = [
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
export const sparse: Row = [
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
