import { fromNumbers, type Tensor, tensor } from '../../tensor/tensor.ts'
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

/** A node in a line: `node('Add', ['x', 'y'], ['z'])`. */
export const node = (
  opType: string,
  input: string[],
  output: string[],
  attribute: AttributeProto[] = [],
  domain = '',
): NodeProto => ({ opType, input, output, attribute, domain })

export const int = (name: string, value: number) => attributeProto(name, value)
export const ints = (name: string, ...values: number[]) => attributeProto(name, values)
export const float = (name: string, value: number) => attributeProto(name, { float: value })
export const floats = (name: string, ...values: number[]) => attributeProto(name, { floats: values })
export const text = (name: string, value: string) => attributeProto(name, value)
export const subgraph = (name: string, g: GraphProto): AttributeProto => ({
  name,
  type: AttributeType.GRAPH,
  g,
})

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

export const f = (...shape: number[]) => {
  const size = shape.reduce((product, dim) => product * dim, 1)
  return fromNumbers(
    Array.from({ length: size }, (_, i) => Math.sin(i + 1) * 2),
    shape,
    'float32',
  )
}
export const i64 = (...values: number[]) => tensor(values, 'int64')
export const scalar64 = (value: number) => tensor(value, 'int64')
export const initializers = (tensors: Record<string, Tensor>): Partial<ModelProto> => ({
  graph: { initializer: Object.entries(tensors).map(([name, value]) => tensorProto(name, value)) },
})

/** Operator-set version, inputs, nodes, names of outputs. */
export type Row = [
  opset: number,
  inputs: Record<string, Tensor>,
  nodes: NodeProto[],
  outputs: string[],
  rest?: Partial<ModelProto>,
]
