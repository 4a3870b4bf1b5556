import { describe, expect, test } from 'vitest'
import { FlagError } from '../errors.ts'
import { gradients } from '../grad/gradient.ts'
import { Generator } from '../tensor/generator.ts'
import { tensor, zeros } from '../tensor/tensor.ts'
import '../ops/index.ts'
import { attributeProto } from './attributes.ts'
import { decodeModel } from './decode.ts'
import { encodeModel } from './encode.ts'
import { modelMessage } from './schema.ts'
import { tensorProto } from './tensors.ts'
import { input, modelOf, node } from './testing/build.ts'
import { smallCases } from './testing/models.ts'
import { decodeMessage, encodeMessage } from './wire.ts'

const x = zeros([2, 8])

describe('decodeModel', () => {
  test('takes types of operators that it does not know from the file', () => {
    const bytes = modelOf(
      21,
      { x },
      [node('Mystery', ['x'], ['y'], [], 'somebody'), node('Neg', ['y'], ['z'])],
      ['z'],
      {
        opsetImport: [{ version: 21 }, { domain: 'somebody', version: 3 }],
        graph: { valueInfo: [input('y', zeros([2, 5]))] },
      },
    )
    const model = decodeModel(bytes)
    expect(model.outputs[0].value.shape).toEqual([2, 5])
    expect([...model.graph.opsets]).toEqual([
      ['', 21],
      ['somebody', 3],
    ])
    // They are written into the file again, so it can be read again.
    expect(decodeModel(encodeModel(model.graph, model.outputs)).outputs[0].value.shape).toEqual([2, 5])
  })

  test('says which operator and output it can tell nothing about', () => {
    const bytes = modelOf(21, { x }, [node('Mystery', ['x'], ['y'])], ['y'])
    expect(() => decodeModel(bytes)).toThrow(/Mystery: the type of its output "y" is not known/)
  })

  test('puts the branch that will run in the place of an If, where that is known', () => {
    const branch = (operator: string) => ({ node: [node(operator, ['x'], ['r'])], output: [{ name: 'r' }] })
    const bytes = modelOf(
      21,
      { x, c: tensor([true]).reshape([]) },
      [
        node(
          'If',
          ['c'],
          ['y'],
          [
            { name: 'then_branch', type: 5, g: branch('Neg') },
            { name: 'else_branch', type: 5, g: branch('Abs') },
          ],
        ),
        node('Relu', ['y'], ['z']),
      ],
      ['z'],
    )
    const operators = (options: Parameters<typeof decodeModel>[1]) =>
      decodeModel(bytes, options).graph.nodes.map(({ operator }) => operator)
    const fixed = { c: tensor([false]).reshape([]) }
    expect(operators({ inlineBranches: true, fixed })).toEqual(['Abs', 'Relu'])
    expect(operators({ inlineBranches: true })).toEqual(['If', 'Relu'])
    expect(operators({ fixed })).toEqual(['If', 'Relu'])
  })

  test('keeps names of inputs and outputs, metadata, and symbolic sizes', () => {
    const bytes = encodeMessage(modelMessage, {
      opsetImport: [{ version: 20 }],
      producerName: 'somebody',
      producerVersion: '2',
      metadataProps: [{ key: 'licence', value: 'free' }],
      graph: {
        name: 'net',
        input: [
          {
            name: 'pixels',
            type: {
              tensorType: {
                elemType: 1,
                shape: { dim: [{ dimParam: 'batch' }, { dimValue: 3 }, {}] },
              },
            },
          },
        ],
        node: [node('Transpose', ['pixels'], ['features'])],
        output: [{ name: 'features' }],
      },
    })
    const { graph, outputs, ...rest } = decodeModel(bytes)
    expect(rest).toEqual({ name: 'net', producer: 'somebody 2', metadata: { licence: 'free' } })
    expect(graph.inputs[0].shape).toEqual(['batch', 3, 'pixels_2'])
    expect(outputs.map(({ name, value }) => [name, value.shape])).toEqual([
      ['features', ['pixels_2', 3, 'batch']],
    ])
  })

  test('infers through symbolic sizes that the graph computes with', () => {
    const bytes = modelOf(
      21,
      {},
      [
        node('Shape', ['x'], ['s']),
        node('Gather', ['s', 'zero'], ['n']),
        node('Concat', ['n', 'rest'], ['target'], []),
        node('Reshape', ['x', 'target'], ['y']),
      ],
      ['y'],
      {
        graph: {
          input: undefined,
          initializer: [
            tensorProto('zero', tensor([0], 'int64')),
            tensorProto('rest', tensor([4, -1], 'int64')),
          ],
        },
      },
    )
    const model = decodeMessage(modelMessage, bytes)
    const dims = [{ dimParam: 'batch' }, { dimValue: 3 }, { dimValue: 8 }]
    const symbolic = { name: 'x', type: { tensorType: { elemType: 1, shape: { dim: dims } } } }
    const withInput = encodeMessage(modelMessage, { ...model, graph: { ...model.graph, input: [symbolic] } })
    expect(decodeModel(withInput).outputs[0].value.shape).toEqual(['batch', 4, 6])
  })

  test('gives inputs a fixed value', () => {
    const bytes = modelOf(
      21,
      { x, shape: tensor([4, -1], 'int64') },
      [node('Reshape', ['x', 'shape'], ['y'])],
      ['y'],
    )
    expect(decodeModel(bytes).outputs[0].value.rank).toBe(2)
    const fixed = decodeModel(bytes, { fixed: { shape: tensor([4, -1], 'int64') } })
    expect(fixed.graph.inputs).toHaveLength(1)
    expect(fixed.outputs[0].value.shape).toEqual([4, 4])
  })

  test('gives symbolic sizes of inputs a value', () => {
    const bytes = modelOf(21, { x }, [node('Transpose', ['x'], ['y'])], ['y'])
    const model = decodeMessage(modelMessage, bytes)
    const shape = { dim: [{ dimParam: 'batch' }, {}] }
    const free = { name: 'x', type: { tensorType: { elemType: 1, shape } } }
    const open = encodeMessage(modelMessage, { ...model, graph: { ...model.graph, input: [free] } })
    expect(decodeModel(open).outputs[0].value.shape).toEqual(['x_1', 'batch'])
    expect(decodeModel(open, { sizes: { batch: 2, x_1: 8 } }).outputs[0].value.shape).toEqual([8, 2])
  })

  test('gives a graph that can be differentiated', () => {
    const bytes = modelOf(21, { x }, [node('Mul', ['x', 'x'], ['q']), node('ReduceSum', ['q'], ['y'])], ['y'])
    const { graph, outputs } = decodeModel(bytes)
    const [gradient] = gradients(outputs[0].value, graph.inputs)
    expect(gradient.shape).toEqual([2, 8])
  })

  test('does not mix forms of operators of two versions', () => {
    const bytes = modelOf(
      11,
      { x },
      [node('ReduceMax', ['x'], ['y'], [attributeProto('keepdims', 0)])],
      ['y'],
    )
    const { graph, outputs } = decodeModel(bytes)
    expect(() => gradients(outputs[0].value, graph.inputs)).toThrow(/operator set 11; nothing can be added/)
    const upgraded = decodeModel(bytes, { upgrade: true })
    expect(upgraded.graph.opsets.get('')).toBe(21)
    expect(gradients(upgraded.outputs[0].value, upgraded.graph.inputs)[0].shape).toEqual([2, 8])
  })

  test.each([
    [
      'a name used twice',
      [node('Neg', ['x'], ['y']), node('Abs', ['x'], ['y'])],
      /two values of the graph are named "y"/,
    ],
    [
      'an unknown name',
      [node('Neg', ['nothing'], ['y'])],
      /reads "nothing", which nothing before it computes/,
    ],
    ['a missing input', [node('MatMul', ['x'], ['y'])], /MatMul: input 1 is missing/],
    [
      'a wrong attribute',
      [node('Transpose', ['x'], ['y'], [{ name: 'perm', type: 3, s: new Uint8Array([65]) }])],
      /Transpose/,
    ],
  ])('refuses %s', (_, nodes, message) => {
    expect(() => decodeModel(modelOf(21, { x }, nodes, ['y']))).toThrow(message)
  })

  test('refuses results of impossible sizes', () => {
    const strides = [attributeProto('kernel_shape', [1, 1]), attributeProto('strides', [0, 1])]
    const bytes = modelOf(21, { x: zeros([1, 1, 4, 4]) }, [node('MaxPool', ['x'], ['y'], strides)], ['y'])
    expect(() => decodeModel(bytes)).toThrow(/MaxPool: its output would be \[1, 1, Infinity, 4\]/)
  })

  test('refuses functions that call themselves', () => {
    const call = node('F', ['x'], ['y'], [], 'local')
    const bytes = modelOf(21, { x }, [call], ['y'], {
      functions: [{ name: 'F', domain: 'local', input: ['x'], output: ['y'], node: [call] }],
    })
    expect(() => decodeModel(bytes)).toThrow(/nested without end/)
  })

  test('refuses functions that stand for more nodes than there is memory', () => {
    const twice = (name: string) => [
      node(name, ['x'], ['h'], [], 'local'),
      node(name, ['h'], ['y'], [], 'local'),
    ]
    const functions = Array.from({ length: 30 }, (_, i) => ({
      name: `F${i}`,
      domain: 'local',
      input: ['x'],
      output: ['y'],
      node: i === 0 ? [node('Neg', ['x'], ['y'])] : twice(`F${i - 1}`),
    }))
    const bytes = modelOf(21, { x }, [node('F29', ['x'], ['y'], [], 'local')], ['y'], { functions })
    expect(() => decodeModel(bytes)).toThrow(/nodes once its functions are inlined/)
  })

  test.each([
    ['sizes that lie', { ...tensorProto('w', tensor([1, 2])), dims: [2 ** 52, 1] }],
    ['negative sizes', { ...tensorProto('w', tensor([1, 2])), dims: [-1, -2] }],
    ['an unknown type', { ...tensorProto('w', tensor([1, 2])), dataType: 99 }],
    [
      'data elsewhere',
      { name: 'w', dims: [1], dataType: 1, dataLocation: 1, externalData: [{ key: 'location', value: 'w' }] },
    ],
  ])('refuses tensors with %s', (_, initializer) => {
    const bytes = modelOf(21, {}, [node('Neg', ['w'], ['y'])], ['y'], {
      graph: { initializer: [initializer] },
    })
    expect(() => decodeModel(bytes)).toThrow(FlagError)
  })

  test.each(['/etc/passwd', '../secret', 'a/../../secret', ''])('refuses weights at "%s"', (location) => {
    const initializer = {
      name: 'w',
      dims: [1],
      dataType: 1,
      dataLocation: 1,
      externalData: [{ key: 'location', value: location }],
    }
    const bytes = modelOf(21, {}, [node('Neg', ['w'], ['y'])], ['y'], {
      graph: { initializer: [initializer] },
    })
    expect(() => decodeModel(bytes, { folder: '/models' })).toThrow(/lies outside the model's folder/)
  })

  test('gives only FlagErrors for 10,000 damaged files', () => {
    const random = new Generator(20)
    const below = (limit: number) => random.uint32() % limit
    let refused = 0
    for (let i = 0; i < 10_000; i++) {
      const bytes = new Uint8Array(smallCases[i % smallCases.length].model)
      const cut = below(4) === 0 ? bytes.subarray(0, below(bytes.length)) : bytes
      if (cut.length > 0) for (let k = below(4); k >= 0; k--) cut[below(cut.length)] = random.uint32()
      try {
        const { graph, outputs } = decodeModel(cut)
        encodeModel(graph, outputs)
      } catch (error) {
        refused++
        if (!(error instanceof FlagError)) throw error
      }
    }
    expect(refused).toBeGreaterThan(1000)
  })
})
