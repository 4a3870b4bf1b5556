import { FlagError } from '../errors.ts'
import type { Attribute, Attributes } from '../graph/graph.ts'
import { Tensor } from '../tensor/tensor.ts'
import {
  type AttributeProto,
  AttributeType,
  attributeMessage,
  type GraphProto,
  graphMessage,
} from './schema.ts'
import { renameCaptured } from './subgraph.ts'
import { tensorOf, tensorProto } from './tensors.ts'
import { decodeMessage, encodeMessage } from './wire.ts'

const encoder = new TextEncoder()
const strict = new TextDecoder('utf-8', { fatal: true })
const utf8 = (text: string) => encoder.encode(text)

const INT64_MAX = 2n ** 63n - 1n

/** A whole number; those beyond 2^53, which stand for "to the end", are kept within 64 bits. */
function int64(value: number | bigint): number | bigint {
  if (Number.isSafeInteger(value)) return value
  const exact = BigInt(value)
  return exact > INT64_MAX ? INT64_MAX : exact < -INT64_MAX ? -INT64_MAX - 1n : exact
}

/** An attribute in the form in which ONNX files hold it; `captured` renames the outer values of a sub-graph. */
export function attributeProto(
  name: string,
  value: Attribute,
  captured: ReadonlyMap<string, string> = new Map(),
): AttributeProto {
  if (typeof value === 'number' || typeof value === 'bigint')
    return { name, type: AttributeType.INT, i: int64(value) }
  if (typeof value === 'string') return { name, type: AttributeType.STRING, s: utf8(value) }
  if (value instanceof Tensor) return { name, type: AttributeType.TENSOR, t: tensorProto('', value) }
  if ('float' in value) return { name, type: AttributeType.FLOAT, f: value.float }
  if ('floats' in value) return { name, type: AttributeType.FLOATS, floats: [...value.floats] }
  if ('graph' in value) return { name, type: AttributeType.GRAPH, g: renameCaptured(value.graph, captured) }
  if ('encoded' in value) return { ...decodeMessage(attributeMessage, value.encoded), name }
  if (typeof value[0] === 'string')
    return { name, type: AttributeType.STRINGS, strings: (value as readonly string[]).map(utf8) }
  return { name, type: AttributeType.INTS, ints: (value as readonly number[]).map(int64) }
}

/** Attributes by name, and the outer names that sub-graphs among them refer to, in order. */
export function attributesOf(protos: readonly AttributeProto[]): {
  attributes: Attributes
  captured: string[]
} {
  const attributes: Record<string, Attribute> = {}
  const captured: string[] = []
  for (const proto of protos) {
    const name = proto.name ?? ''
    if (proto.refAttrName)
      throw new FlagError(
        'corrupt-file',
        `attribute "${name}" refers to "${proto.refAttrName}" outside a function`,
      )
    attributes[name] = attributeOf(proto)
  }
  for (const value of Object.values(attributes))
    if (typeof value === 'object' && 'graph' in value) captured.push(...(value.captured ?? []))
  return { attributes, captured }
}

function attributeOf(proto: AttributeProto): Attribute {
  switch (proto.type || typeByContent(proto)) {
    case AttributeType.FLOAT:
      return { float: proto.f ?? 0 }
    case AttributeType.INT:
      return proto.i ?? 0
    case AttributeType.STRING:
      return stringOf(proto.s ?? new Uint8Array()) ?? encoded(proto)
    case AttributeType.TENSOR:
      return tensorAttribute(proto)
    case AttributeType.GRAPH: {
      const graph = proto.g ?? {}
      return { graph: encodeMessage(graphMessage, graph), captured: [...freeNames(graph)] }
    }
    case AttributeType.FLOATS:
      return { floats: proto.floats ?? [] }
    case AttributeType.INTS:
      return (proto.ints ?? []).map(Number)
    case AttributeType.STRINGS: {
      const strings = (proto.strings ?? []).map(stringOf)
      return strings.length > 0 && strings.every((item) => item !== undefined) ? strings : encoded(proto)
    }
    default:
      return encoded(proto)
  }
}

/** Files of the first format version do not say the type. */
function typeByContent(proto: AttributeProto): number {
  if (proto.f !== undefined) return AttributeType.FLOAT
  if (proto.i !== undefined) return AttributeType.INT
  if (proto.s !== undefined) return AttributeType.STRING
  if (proto.t) return AttributeType.TENSOR
  if (proto.g) return AttributeType.GRAPH
  if (proto.floats) return AttributeType.FLOATS
  return proto.strings ? AttributeType.STRINGS : AttributeType.INTS
}

const encoded = (proto: AttributeProto): Attribute => ({ encoded: encodeMessage(attributeMessage, proto) })

function stringOf(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes)
  } catch {
    return undefined
  }
}

function tensorAttribute(proto: AttributeProto): Attribute {
  try {
    return tensorOf(proto.t ?? {})
  } catch (error) {
    if (error instanceof FlagError && error.code === 'unsupported') return encoded(proto)
    throw error
  }
}

/** Names that a sub-graph uses but does not define. */
function freeNames(graph: GraphProto, defined: ReadonlySet<string> = new Set()): Set<string> {
  const inside = new Set(defined)
  const free = new Set<string>()
  const use = (name: string) => {
    if (name !== '' && !inside.has(name)) free.add(name)
  }
  for (const { name = '' } of [...(graph.input ?? []), ...(graph.initializer ?? [])]) inside.add(name)
  for (const { values } of graph.sparseInitializer ?? []) inside.add(values?.name ?? '')
  for (const node of graph.node ?? []) {
    node.input?.forEach(use)
    for (const { g, graphs = [] } of node.attribute ?? []) {
      for (const inner of g ? [g, ...graphs] : graphs)
        for (const name of freeNames(inner, inside)) free.add(name)
    }
    for (const name of node.output ?? []) inside.add(name)
  }
  for (const { name = '' } of graph.output ?? []) use(name)
  return free
}
