import { describe, expect, test } from 'vitest'
import { constant, type Value } from '../graph/graph.ts'
import { spec, trace } from '../graph/trace.ts'
import * as ops from '../ops/index.ts'
import { fromNumbers, ones, tensor } from '../tensor/tensor.ts'
import { encodeModel } from './encode.ts'
import { type GraphProto, type ModelProto, modelMessage } from './schema.ts'
import { decodeMessage } from './wire.ts'

type Encoded = ModelProto & { graph: Required<GraphProto> }

function encode(fn: (x: Value) => unknown, options?: Parameters<typeof encodeModel>[2]): Encoded {
  const traced = trace(fn, [spec('float32', ['batch', 4])])
  const empty = { node: [], initializer: [], input: [], output: [] }
  const model = decodeMessage(modelMessage, encodeModel(traced.graph, traced.outputs, options))
  return { ...model, graph: { ...empty, ...model.graph } as Required<GraphProto> }
}

const operators = (model: Encoded) => model.graph.node.map(({ opType }) => opType)

describe('encodeModel', () => {
  test('leaves out what no output depends on', () => {
    const model = encode((x) => {
      ops.exp(x)
      return ops.neg(x)
    })
    expect(operators(model)).toEqual(['Neg'])
  })

  test('keeps inputs that are not used', () => {
    const traced = trace((a, _b) => ops.neg(a), [spec('float32', [2]), spec('int64', [])])
    const { graph } = decodeMessage(modelMessage, encodeModel(traced.graph, traced.outputs))
    expect(graph?.input?.map(({ name }) => name)).toEqual(['in.0', 'in.1'])
  })

  test('copies outputs that are inputs, constants, or given twice', () => {
    const model = encode((x) => {
      const y = ops.neg(x)
      return { x, y, again: y, c: constant(tensor([7])) }
    })
    expect(operators(model)).toEqual(['Neg', 'Identity', 'Identity', 'Identity'])
    expect(model.graph.output.map(({ name }) => name)).toEqual(['out.x', 'out.y', 'out.again', 'out.c'])
  })

  test('omits optional outputs that nobody uses, not others', () => {
    const norm = encode((x) => ops.layerNorm(x, constant(ones([4])), undefined, 1e-5))
    expect(norm.graph.node.at(-1)?.output).toEqual(['out'])
    const parts = encode((x) => ops.split(x, [1, 3], 1)[1])
    expect(parts.graph.node.at(-1)?.output).toHaveLength(2)
  })

  test('writes symbolic sizes and the versions of operator sets', () => {
    const model = encode((x) => ops.neg(x))
    expect(model.irVersion).toBe(10)
    expect(model.opsetImport).toEqual([{ domain: '', version: 21 }])
    expect(model.graph.input[0].type?.tensorType?.shape?.dim).toEqual([
      { dimParam: 'batch' },
      { dimValue: 4 },
    ])
  })

  test('writes constants of every type as they are in memory', () => {
    const values = [
      fromNumbers([1, -2], [2], 'float16'),
      fromNumbers([1, -2], [2], 'bfloat16'),
      tensor([2n ** 62n, -1n], 'int64'),
      tensor([1, 0], 'bool'),
      tensor(['a', '漢']),
    ]
    const model = encode(() => values.map((value) => constant(value as never)))
    expect(model.graph.initializer.map(({ dataType }) => dataType)).toEqual([10, 16, 7, 9, 8])
    expect(model.graph.initializer.slice(0, 4).map(({ rawData }) => rawData)).toEqual(
      values.slice(0, 4).map((value) => value.bytes),
    )
    expect(model.graph.initializer[4].stringData).toEqual(
      [Buffer.from('a'), Buffer.from('漢')].map((b) => new Uint8Array(b)),
    )
  })

  test('points to checkpoint tensors where they lie', () => {
    const source = { path: '/models/net.safetensors', offset: 64, byteLength: 16 }
    const stored = { name: 'w', dtype: 'float32', shape: [4], source } as const
    const traced = (x: Value) => ops.mul(x, x.graph.stored(stored))
    const entries = (model: Encoded) => model.graph.initializer[0].externalData?.map(({ value }) => value)
    expect(entries(encode(traced))).toEqual(['/models/net.safetensors', '64', '16'])
    expect(entries(encode(traced, { locationOf: () => 'elsewhere' }))).toEqual(['elsewhere', '64', '16'])
    const nowhere = { ...stored, source: undefined }
    expect(() => encode((x) => ops.mul(x, x.graph.stored(nowhere)))).toThrow(/does not lie raw/)
  })

  test('refuses two outputs of one name', () => {
    const traced = trace((x) => ops.neg(x), [spec('float32', [2])])
    const [{ value }] = traced.outputs
    const outputs = [
      { name: 'y', value },
      { name: 'y', value: traced.graph.inputs[0] },
    ]
    expect(() => encodeModel(traced.graph, outputs)).toThrow(/two inputs or outputs named "y"/)
  })
})
