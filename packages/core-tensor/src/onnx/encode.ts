import type { StoredTensor } from '../checkpoint/checkpoint.ts'
import { FlagError } from '../errors.ts'
import type { Dim } from '../graph/dims.ts'
import type { Graph, Node, Value, ValueType } from '../graph/graph.ts'
import { findOperator } from '../graph/operator.ts'
import { Tensor } from '../tensor/tensor.ts'
import { attributeProto } from './attributes.ts'
import { onnxDType } from './dtypes.ts'
import {
  type ModelProto,
  modelMessage,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './schema.ts'
import { namesIn, ownInputs, subgraphsOf } from './subgraph.ts'
import { tensorProto } from './tensors.ts'
import { encodeMessage } from './wire.ts'

/** Version of the file format: the first that has all element types of operator set 21. */
const IR_VERSION = 10

export interface NamedValue {
  readonly name: string
  readonly value: Value
}

/** Where the bytes of a tensor lie outside the model file. */
export interface ExternalData {
  readonly location: string
  readonly offset: number
  readonly length: number
}

export interface EncodeOptions {
  /** The external-data `location` of a checkpoint file; its absolute path when left out. */
  readonly locationOf?: (path: string) => string
  /**
   * Says of a constant or checkpoint tensor where it lies outside the model, or gives the tensor to write into it.
   * By default constants are written and checkpoint tensors lie where they are.
   */
  readonly place?: (tensor: Tensor | StoredTensor, name: string) => ExternalData | Tensor | undefined
  readonly graphName?: string
  readonly producer?: string
  readonly metadata?: Readonly<Record<string, string>>
}

/**
 * The ONNX file (ModelProto) that computes `outputs`. Nodes that no output depends on are left out; every input of
 * the graph stays, used or not. Constants are written into the file, checkpoint tensors as external data that points
 * at the checkpoint.
 *
 * Throws `unsupported` for a checkpoint tensor whose bytes do not lie raw in a file, `invalid-argument` for two
 * outputs of one name.
 */
export function encodeModel(
  graph: Graph,
  outputs: readonly NamedValue[],
  options: EncodeOptions = {},
): Uint8Array {
  return encodeMessage(modelMessage, modelOf(graph, outputs, options))
}

function modelOf(graph: Graph, outputs: readonly NamedValue[], options: EncodeOptions): ModelProto {
  const { nodes: inOrder, used } = needed(graph, outputs)
  const nodes = [...inOrder.filter(widensWeight), ...inOrder.filter((node) => !widensWeight(node))]
  const names = new Names(graph, nodes, outputs)
  const protos = nodes.map((node, i) => nodeProto(node, `${node.operator}_${i}`, used, names))
  for (const { name, value } of outputs) {
    if (names.of(value) !== name) protos.push(identity(names.of(value), name))
  }
  const initializer = [...used].flatMap((value) => initializerOf(value, names.of(value), options))
  return {
    irVersion: IR_VERSION,
    producerName: options.producer ?? 'flag',
    opsetImport: [...graph.opsets].map(([domain, version]) => ({ domain, version })),
    metadataProps: Object.entries(options.metadata ?? {}).map(([key, value]) => ({ key, value })),
    graph: {
      name: options.graphName ?? 'graph',
      node: protos,
      initializer,
      input: graph.inputs.map((value) => valueInfo(names.of(value), value)),
      output: outputs.map(({ name, value }) => valueInfo(name, value)),
      valueInfo: nodes
        .filter((node) => !findOperator(node.operator, node.domain))
        .flatMap((node) => node.outputs)
        .filter((value) => used.has(value) && !outputs.some((output) => output.value === value))
        .map((value) => valueInfo(names.of(value), value)),
    },
  }
}

/**
 * Whether a node brings a checkpoint tensor to another type. These come first in the file: ONNX Runtime then runs each
 * right before its result is needed, and frees it right after. Written among the others, all would run at the start
 * and a widened copy of the whole checkpoint would lie in memory (seen in profiles of 1.30).
 */
const widensWeight = ({ operator, inputs }: Node): boolean =>
  operator === 'Cast' && inputs[0]?.origin.kind === 'stored'

/** The nodes that outputs depend on, in order, and every value that these nodes read or that is an output. */
export function needed(graph: Graph, outputs: readonly NamedValue[]): { nodes: Node[]; used: Set<Value> } {
  const used = new Set(outputs.map(({ value }) => value))
  for (const value of used) {
    if (value.graph !== graph)
      throw new FlagError('invalid-argument', `the output ${value} belongs to another graph`)
  }
  const nodes: Node[] = []
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i]
    if (!node.outputs.some((y) => used.has(y))) continue
    nodes.push(node)
    for (const x of node.inputs) if (x) used.add(x)
  }
  return { nodes: nodes.reverse(), used }
}

/**
 * Names of values in the file. Inputs and outputs have theirs; values that sub-graphs refer to keep theirs where
 * possible; all others get a new one.
 */
class Names {
  readonly #names = new Map<Value, string>()
  readonly #taken = new Set<string>()

  constructor(graph: Graph, nodes: readonly Node[], outputs: readonly NamedValue[]) {
    for (const input of graph.inputs) this.#set(input, (input.origin as { name: string }).name)
    for (const { name, value } of outputs) {
      const computed = value.origin.kind === 'node' && !this.#names.has(value)
      if (computed) this.#set(value, name)
      else if (this.#names.get(value) !== name) this.#take(name)
    }
    const subgraphs = nodes.flatMap((node) => subgraphsOf(node))
    const inner = new Set(subgraphs.flatMap(({ graph: bytes }) => [...namesIn(bytes)]))
    for (const { captured } of subgraphs) {
      for (const [name, value] of captured) {
        if (!this.#names.has(value) && !this.#taken.has(name)) this.#set(value, name)
      }
    }
    for (const name of inner) this.#taken.add(name)
  }

  #take(name: string): void {
    if (name === '' || this.#taken.has(name))
      throw new FlagError('invalid-argument', `the graph has two inputs or outputs named "${name}"`)
    this.#taken.add(name)
  }

  #set(value: Value, name: string): void {
    this.#take(name)
    this.#names.set(value, name)
  }

  of(value: Value): string {
    const known = this.#names.get(value)
    if (known !== undefined) return known
    const { origin } = value
    let name =
      origin.kind === 'stored' ? origin.stored.name : `${origin.kind === 'node' ? 'v' : 'c'}${value.id}`
    while (name === '' || this.#taken.has(name)) name += '_'
    this.#set(value, name)
    return name
  }
}

const identity = (from: string, to: string): NodeProto => ({
  name: `output_${to}`,
  opType: 'Identity',
  input: [from],
  output: [to],
})

function nodeProto(node: Node, name: string, used: ReadonlySet<Value>, names: Names): NodeProto {
  const optionalFrom = findOperator(node.operator, node.domain)?.requiredOutputs ?? node.outputs.length
  const output = node.outputs.map((y, i) => (i >= optionalFrom && !used.has(y) ? '' : names.of(y)))
  while (output.at(-1) === '') output.pop()
  const input = ownInputs(node).map((x) => (x ? names.of(x) : ''))
  while (input.at(-1) === '') input.pop()
  const renamed = new Map<string, Map<string, string>>()
  for (const { attribute, captured } of subgraphsOf(node)) {
    renamed.set(attribute, new Map([...captured].map(([inner, value]) => [inner, names.of(value)])))
  }
  return {
    name,
    opType: node.operator,
    domain: node.domain,
    input,
    output,
    attribute: Object.entries(node.attributes).map(([key, value]) =>
      attributeProto(key, value, renamed.get(key)),
    ),
  }
}

function initializerOf(value: Value, name: string, options: EncodeOptions): TensorProto[] {
  const { origin } = value
  if (origin.kind !== 'constant' && origin.kind !== 'stored') return []
  const tensor = origin.kind === 'constant' ? origin.tensor : origin.stored
  const place =
    options.place?.(tensor, name) ??
    (tensor instanceof Tensor ? tensor : sourceOf(tensor, options.locationOf))
  return [place instanceof Tensor ? tensorProto(name, place) : externalProto(name, tensor, place)]
}

function sourceOf({ name, source }: StoredTensor, locationOf = (path: string) => path): ExternalData {
  if (source) return { location: locationOf(source.path), offset: source.offset, length: source.byteLength }
  throw new FlagError('unsupported', `the tensor "${name}" does not lie raw in its checkpoint file`, {
    hint: 'read it with checkpoint.read() and use it as a constant',
  })
}

function externalProto(name: string, type: Tensor | StoredTensor, place: ExternalData): TensorProto {
  return {
    name,
    dims: [...type.shape],
    dataType: onnxDType(type.dtype),
    dataLocation: 1,
    externalData: [
      { key: 'location', value: place.location },
      { key: 'offset', value: String(place.offset) },
      { key: 'length', value: String(place.length) },
    ],
  }
}

const dimProto = (dim: Dim) => (typeof dim === 'number' ? { dimValue: dim } : { dimParam: dim })

function valueInfo(name: string, { dtype, shape }: ValueType): ValueInfoProto {
  return { name, type: { tensorType: { elemType: onnxDType(dtype), shape: { dim: shape.map(dimProto) } } } }
}
