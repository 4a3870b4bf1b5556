import {
  type Attribute,
  type DType,
  decodeMessage,
  FlagError,
  type Message,
  message,
  type Port,
} from '@flag/core-tensor'
import type { TensorType } from './work.ts'

/**
 * What an ONNX file says of its nodes and inputs without inference: graphs that `loadOnnx` reads have no names of nodes,
 * and it refuses operators whose types nothing says, which a runtime may still run.
 */
interface TensorProto {
  dims?: (number | bigint)[]
  dataType?: number
  name?: string
}
interface AttributeProto {
  name?: string
  i?: number | bigint
  s?: Uint8Array
  t?: TensorProto
  g?: GraphProto
  ints?: (number | bigint)[]
}
interface NodeProto {
  input?: string[]
  output?: string[]
  name?: string
  opType?: string
  domain?: string
  attribute?: AttributeProto[]
}
interface DimensionProto {
  dimValue?: number | bigint
  dimParam?: string
}
interface ValueInfoProto {
  name?: string
  type?: { tensorType?: { elemType?: number; shape?: { dim?: DimensionProto[] } } }
}
interface GraphProto {
  node?: NodeProto[]
  initializer?: TensorProto[]
  input?: ValueInfoProto[]
}
interface ModelProto {
  graph?: GraphProto
}

const tensorMessage: Message<TensorProto> = message<TensorProto>('TensorProto', {
  dims: [1, 'int', 'repeated'],
  dataType: [2, 'int'],
  name: [8, 'string'],
})
const attributeMessage: Message<AttributeProto> = message<AttributeProto>('AttributeProto', {
  name: [1, 'string'],
  i: [3, 'int'],
  s: [4, 'bytes'],
  t: [5, () => tensorMessage],
  g: [6, () => graphMessage],
  ints: [8, 'int', 'repeated'],
})
const nodeMessage: Message<NodeProto> = message<NodeProto>('NodeProto', {
  input: [1, 'string', 'repeated'],
  output: [2, 'string', 'repeated'],
  name: [3, 'string'],
  opType: [4, 'string'],
  attribute: [5, () => attributeMessage, 'repeated'],
  domain: [7, 'string'],
})
const dimensionMessage: Message<DimensionProto> = message<DimensionProto>('Dimension', {
  dimValue: [1, 'int'],
  dimParam: [2, 'string'],
})
const shapeMessage = message<{ dim?: DimensionProto[] }>('TensorShapeProto', {
  dim: [1, () => dimensionMessage, 'repeated'],
})
const tensorTypeMessage = message<{ elemType?: number; shape?: object }>('TypeProto.Tensor', {
  elemType: [1, 'int'],
  shape: [2, () => shapeMessage],
})
const typeMessage = message<{ tensorType?: object }>('TypeProto', {
  tensorType: [1, () => tensorTypeMessage],
})
const valueMessage: Message<ValueInfoProto> = message<ValueInfoProto>('ValueInfoProto', {
  name: [1, 'string'],
  type: [2, () => typeMessage],
})
const graphMessage: Message<GraphProto> = message<GraphProto>('GraphProto', {
  node: [1, () => nodeMessage, 'repeated'],
  initializer: [5, () => tensorMessage, 'repeated'],
  input: [11, () => valueMessage, 'repeated'],
})
const modelMessage: Message<ModelProto> = message<ModelProto>('ModelProto', {
  graph: [7, () => graphMessage],
})

/** TensorProto.DataType. */
const dtypes: Readonly<Record<number, DType>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  8: 'string',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  12: 'uint32',
  13: 'uint64',
  16: 'bfloat16',
}

/** A node as a file has it. Whole-number, list and text attributes are kept: the others say nothing about work. */
export interface NamedNode {
  readonly name: string
  readonly operator: string
  readonly domain: string
  readonly attributes: Readonly<Record<string, Attribute>>
  /** Inputs in order: the type of a constant, `'computed'` for what other nodes compute, undefined for one left out. */
  readonly inputs: readonly (TensorType | 'computed' | undefined)[]
  /** How many sub-graphs it lies in. */
  readonly depth: number
}

function graphOf(bytes: Uint8Array): GraphProto {
  const { graph } = decodeMessage(modelMessage, bytes)
  if (!graph) throw new FlagError('corrupt-file', 'not an ONNX model: it has no graph')
  return graph
}

/** The nodes of an ONNX file in order, those of sub-graphs after the node that has them. Throws `corrupt-file`. */
export const readNodes = (bytes: Uint8Array): NamedNode[] => nodesOf(graphOf(bytes), 0, new Map())

const text = new TextDecoder()

function nodesOf(graph: GraphProto, depth: number, outer: ReadonlyMap<string, TensorType>): NamedNode[] {
  const constants = new Map(outer)
  const keep = (name: string, tensor: TensorProto) => {
    const dtype = dtypes[tensor.dataType ?? 0]
    if (dtype) constants.set(name, { dtype, shape: (tensor.dims ?? []).map(Number) })
  }
  for (const tensor of graph.initializer ?? []) keep(tensor.name ?? '', tensor)
  return (graph.node ?? []).flatMap((node) => {
    const { name = '', opType = '', domain = '' } = node
    const attributes: Record<string, Attribute> = {}
    for (const { name: key = '', i, s, t, ints } of node.attribute ?? []) {
      if (i !== undefined) attributes[key] = Number(i)
      else if (ints) attributes[key] = ints.map(Number)
      else if (s) attributes[key] = text.decode(s)
      else if (t && opType === 'Constant') keep(node.output?.[0] ?? '', t)
    }
    const inputs = (node.input ?? []).map((each) =>
      each === '' ? undefined : (constants.get(each) ?? 'computed'),
    )
    const own = {
      name,
      operator: opType,
      domain: domain === 'ai.onnx' ? '' : domain,
      attributes,
      inputs,
      depth,
    }
    const inner = (node.attribute ?? []).flatMap(({ g }) => (g ? nodesOf(g, depth + 1, constants) : []))
    return [own, ...inner]
  })
}

/**
 * What a model has to be fed: inputs that are not constants. An axis without a name is called `<input>_<axis>`. Throws
 * `corrupt-file` for what is no model and `unsupported` for inputs that are no tensors of a known type.
 */
export function readPorts(bytes: Uint8Array): Port[] {
  const graph = graphOf(bytes)
  const constants = new Set((graph.initializer ?? []).map(({ name }) => name))
  return (graph.input ?? []).flatMap(({ name = '', type }) => {
    if (constants.has(name)) return []
    const dtype = dtypes[type?.tensorType?.elemType ?? 0]
    if (!dtype)
      throw new FlagError('unsupported', `input "${name}" is not a tensor of a type that can be made up`)
    const dims = type?.tensorType?.shape?.dim ?? []
    const shape = dims.map(({ dimValue, dimParam }, axis) =>
      dimValue === undefined ? dimParam || `${name}_${axis}` : Number(dimValue),
    )
    return [{ name, dtype, shape }]
  })
}

/**
 * The types of all inputs of a node that ran. A profile leaves out constants that the runtime has packed into another
 * layout; the file knows them.
 */
export function completeInputs(
  node: NamedNode | undefined,
  profiled: readonly TensorType[],
): readonly (TensorType | undefined)[] {
  if (!node) return profiled
  let next = 0
  let computed = node.inputs.filter((input) => input === 'computed').length
  return node.inputs.map((input) => {
    if (input === undefined) return undefined
    if (input === 'computed') {
      computed--
      return profiled[next++]
    }
    if (profiled.length - next > computed && same(profiled[next], input)) next++
    return input
  })
}

const same = (a: TensorType, b: TensorType) => a.dtype === b.dtype && `${a.shape}` === `${b.shape}`
