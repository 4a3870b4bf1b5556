import { type Message, message } from './wire.ts'

/**
 * The messages of onnx.proto (ONNX 1.23, Apache-2.0) that Flag reads and writes. Fields that it does not know are
 * skipped on reading.
 */

export interface StringStringEntryProto {
  key?: string
  value?: string
}

export interface OperatorSetIdProto {
  domain?: string
  version?: number
}

export interface TensorProto {
  dims?: number[]
  dataType?: number
  segment?: { begin?: number; end?: number }
  floatData?: number[]
  int32Data?: number[]
  stringData?: Uint8Array[]
  int64Data?: (number | bigint)[]
  name?: string
  rawData?: Uint8Array
  doubleData?: number[]
  uint64Data?: (number | bigint)[]
  externalData?: StringStringEntryProto[]
  /** 1: the bytes lie in another file. */
  dataLocation?: number
}

export interface SparseTensorProto {
  values?: TensorProto
  indices?: TensorProto
  dims?: number[]
}

export interface DimensionProto {
  dimValue?: number
  dimParam?: string
}

export interface TensorShapeProto {
  dim?: DimensionProto[]
}

export interface TensorTypeProto {
  elemType?: number
  shape?: TensorShapeProto
}

export interface TypeProto {
  tensorType?: TensorTypeProto
  sequenceType?: { elemType?: TypeProto }
  mapType?: { keyType?: number; valueType?: TypeProto }
  sparseTensorType?: TensorTypeProto
  optionalType?: { elemType?: TypeProto }
}

export interface ValueInfoProto {
  name?: string
  type?: TypeProto
  docString?: string
}

/** AttributeProto.AttributeType. */
export const AttributeType = {
  FLOAT: 1,
  INT: 2,
  STRING: 3,
  TENSOR: 4,
  GRAPH: 5,
  FLOATS: 6,
  INTS: 7,
  STRINGS: 8,
} as const

export interface AttributeProto {
  name?: string
  refAttrName?: string
  docString?: string
  type?: number
  f?: number
  i?: number | bigint
  s?: Uint8Array
  t?: TensorProto
  g?: GraphProto
  sparseTensor?: SparseTensorProto
  tp?: TypeProto
  floats?: number[]
  ints?: (number | bigint)[]
  strings?: Uint8Array[]
  tensors?: TensorProto[]
  graphs?: GraphProto[]
  sparseTensors?: SparseTensorProto[]
  typeProtos?: TypeProto[]
}

export interface NodeProto {
  input?: string[]
  output?: string[]
  name?: string
  opType?: string
  domain?: string
  overload?: string
  attribute?: AttributeProto[]
  docString?: string
  metadataProps?: StringStringEntryProto[]
}

export interface GraphProto {
  node?: NodeProto[]
  name?: string
  initializer?: TensorProto[]
  sparseInitializer?: SparseTensorProto[]
  docString?: string
  input?: ValueInfoProto[]
  output?: ValueInfoProto[]
  valueInfo?: ValueInfoProto[]
  metadataProps?: StringStringEntryProto[]
}

export interface FunctionProto {
  name?: string
  input?: string[]
  output?: string[]
  attribute?: string[]
  attributeProto?: AttributeProto[]
  node?: NodeProto[]
  docString?: string
  opsetImport?: OperatorSetIdProto[]
  domain?: string
  overload?: string
  valueInfo?: ValueInfoProto[]
}

export interface ModelProto {
  irVersion?: number
  opsetImport?: OperatorSetIdProto[]
  producerName?: string
  producerVersion?: string
  domain?: string
  modelVersion?: number
  docString?: string
  graph?: GraphProto
  metadataProps?: StringStringEntryProto[]
  functions?: FunctionProto[]
}

const entry = message<StringStringEntryProto>('StringStringEntryProto', {
  key: [1, 'string'],
  value: [2, 'string'],
})

const opset = message<OperatorSetIdProto>('OperatorSetIdProto', {
  domain: [1, 'string'],
  version: [2, 'int'],
})

const segment = message<NonNullable<TensorProto['segment']>>('TensorProto.Segment', {
  begin: [1, 'int'],
  end: [2, 'int'],
})

export const tensorMessage = message<TensorProto>('TensorProto', {
  dims: [1, 'int', 'repeated'],
  dataType: [2, 'int'],
  segment: [3, () => segment],
  floatData: [4, 'float', 'repeated'],
  int32Data: [5, 'int', 'repeated'],
  stringData: [6, 'bytes', 'repeated'],
  int64Data: [7, 'int', 'repeated'],
  name: [8, 'string'],
  rawData: [9, 'bytes'],
  doubleData: [10, 'double', 'repeated'],
  uint64Data: [11, 'int', 'repeated'],
  externalData: [13, () => entry, 'repeated'],
  dataLocation: [14, 'int'],
})

const sparseTensor = message<SparseTensorProto>('SparseTensorProto', {
  values: [1, () => tensorMessage],
  indices: [2, () => tensorMessage],
  dims: [3, 'int', 'repeated'],
})

const dimension = message<DimensionProto>('TensorShapeProto.Dimension', {
  dimValue: [1, 'int'],
  dimParam: [2, 'string'],
})

const tensorShape = message<TensorShapeProto>('TensorShapeProto', { dim: [1, () => dimension, 'repeated'] })

const tensorType = message<TensorTypeProto>('TypeProto.Tensor', {
  elemType: [1, 'int'],
  shape: [2, () => tensorShape],
})

const listType = message<NonNullable<TypeProto['sequenceType']>>('TypeProto.Sequence', {
  elemType: [1, () => typeMessage],
})

const mapType = message<NonNullable<TypeProto['mapType']>>('TypeProto.Map', {
  keyType: [1, 'int'],
  valueType: [2, () => typeMessage],
})

const typeMessage: Message<TypeProto> = message<TypeProto>('TypeProto', {
  tensorType: [1, () => tensorType],
  sequenceType: [4, () => listType],
  mapType: [5, () => mapType],
  sparseTensorType: [8, () => tensorType],
  optionalType: [9, () => listType],
})

const valueInfo = message<ValueInfoProto>('ValueInfoProto', {
  name: [1, 'string'],
  type: [2, () => typeMessage],
  docString: [3, 'string'],
})

export const attributeMessage: Message<AttributeProto> = message<AttributeProto>('AttributeProto', {
  name: [1, 'string'],
  f: [2, 'float'],
  i: [3, 'int'],
  s: [4, 'bytes'],
  t: [5, () => tensorMessage],
  g: [6, () => graphMessage],
  floats: [7, 'float', 'repeated'],
  ints: [8, 'int', 'repeated'],
  strings: [9, 'bytes', 'repeated'],
  tensors: [10, () => tensorMessage, 'repeated'],
  graphs: [11, () => graphMessage, 'repeated'],
  docString: [13, 'string'],
  tp: [14, () => typeMessage],
  typeProtos: [15, () => typeMessage, 'repeated'],
  type: [20, 'int'],
  refAttrName: [21, 'string'],
  sparseTensor: [22, () => sparseTensor],
  sparseTensors: [23, () => sparseTensor, 'repeated'],
})

const node = message<NodeProto>('NodeProto', {
  input: [1, 'string', 'repeated'],
  output: [2, 'string', 'repeated'],
  name: [3, 'string'],
  opType: [4, 'string'],
  attribute: [5, () => attributeMessage, 'repeated'],
  docString: [6, 'string'],
  domain: [7, 'string'],
  overload: [8, 'string'],
  metadataProps: [9, () => entry, 'repeated'],
})

export const graphMessage: Message<GraphProto> = message<GraphProto>('GraphProto', {
  node: [1, () => node, 'repeated'],
  name: [2, 'string'],
  initializer: [5, () => tensorMessage, 'repeated'],
  docString: [10, 'string'],
  input: [11, () => valueInfo, 'repeated'],
  output: [12, () => valueInfo, 'repeated'],
  valueInfo: [13, () => valueInfo, 'repeated'],
  sparseInitializer: [15, () => sparseTensor, 'repeated'],
  metadataProps: [16, () => entry, 'repeated'],
})

const functionMessage = message<FunctionProto>('FunctionProto', {
  name: [1, 'string'],
  input: [4, 'string', 'repeated'],
  output: [5, 'string', 'repeated'],
  attribute: [6, 'string', 'repeated'],
  node: [7, () => node, 'repeated'],
  docString: [8, 'string'],
  opsetImport: [9, () => opset, 'repeated'],
  domain: [10, 'string'],
  attributeProto: [11, () => attributeMessage, 'repeated'],
  valueInfo: [12, () => valueInfo, 'repeated'],
  overload: [13, 'string'],
})

export const modelMessage = message<ModelProto>('ModelProto', {
  irVersion: [1, 'int'],
  producerName: [2, 'string'],
  producerVersion: [3, 'string'],
  domain: [4, 'string'],
  modelVersion: [5, 'int'],
  docString: [6, 'string'],
  graph: [7, () => graphMessage],
  opsetImport: [8, () => opset, 'repeated'],
  metadataProps: [14, () => entry, 'repeated'],
  functions: [25, () => functionMessage, 'repeated'],
})
