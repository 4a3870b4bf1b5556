import { FlagError } from '../errors.ts'
import { contentsOf } from '../graph/contents.ts'
import type { Dim, Dims } from '../graph/dims.ts'
import { formatDims } from '../graph/dims.ts'
import { Graph, type Value, type ValueType } from '../graph/graph.ts'
import { findOperator } from '../graph/operator.ts'
import { fromNumbers, type Tensor, tensor } from '../tensor/tensor.ts'
import { attributesOf } from './attributes.ts'
import { dtypeFromOnnx } from './dtypes.ts'
import type { NamedValue } from './encode.ts'
import { inlineFunctions } from './functions.ts'
import {
  type GraphProto,
  type ModelProto,
  modelMessage,
  type NodeProto,
  type ValueInfoProto,
} from './schema.ts'
import { denseTensor, storedTensorOf, tensorOf } from './tensors.ts'
import { CURRENT_OPSET, upgradeGraph } from './upgrade.ts'
import { decodeMessage } from './wire.ts'

export interface DecodeOptions {
  /** Where the files lie that hold tensors outside the model. */
  readonly folder?: string
  /** Inputs that always have this value: they become constants. */
  readonly fixed?: Readonly<Record<string, Tensor>>
  /** Values of symbolic sizes of the inputs. An axis without a name is called `<input>_<axis>`. */
  readonly sizes?: Readonly<Record<string, number>>
  /** Puts the branch that will run in the place of an If whose condition follows from shapes, constants and `fixed`. */
  readonly inlineBranches?: boolean
  /** Rewrites a model of an older operator set in the forms of operator set 21, which gradients need. */
  readonly upgrade?: boolean
}

/** A model read from an ONNX file. */
export interface LoadedModel {
  readonly graph: Graph
  readonly outputs: readonly NamedValue[]
  readonly name: string
  readonly producer: string
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * Reads an ONNX file (ModelProto). Operator-set versions stay as they are in the file, unless `upgrade` is set. Constant nodes and initializers
 * become constants, also those that are listed as inputs; sparse ones are written out; tensors in other files stay
 * there. Calls of the model's own functions are replaced by their bodies. Sub-graphs (If, Loop, Scan) stay encoded.
 *
 * Types follow from the operators' inference; where it cannot tell, the file's own statement is taken.
 *
 * Throws `corrupt-file` for bytes that are no such model, `unsupported` for sequences, maps, sparse and optional
 * values, other element types, and values whose number of axes nothing says.
 */
export function decodeModel(bytes: Uint8Array, options: DecodeOptions = {}): LoadedModel {
  const model = decodeMessage(modelMessage, bytes)
  if (!model.graph) throw new FlagError('corrupt-file', 'not an ONNX model: it has no graph')
  const opsets = opsetsOf(model)
  let proto = inlineFunctions(model)
  const opset = opsets.get('')
  if (options.upgrade && opset !== undefined && opset < CURRENT_OPSET) {
    proto = upgradeGraph(proto, opset)
    opsets.set('', CURRENT_OPSET)
  }
  const graph = new Graph(opsets)
  const outputs = addGraph(graph, proto, { ...options, outer: new Map() })
  return {
    graph,
    outputs,
    name: model.graph.name ?? '',
    producer: [model.producerName, model.producerVersion].filter(Boolean).join(' '),
    metadata: Object.fromEntries((model.metadataProps ?? []).map(({ key = '', value = '' }) => [key, value])),
  }
}

const domainOf = (domain: string | undefined) => (domain === undefined || domain === 'ai.onnx' ? '' : domain)

function opsetsOf(model: ModelProto): Map<string, number> {
  const opsets = new Map<string, number>()
  for (const { domain, version } of model.opsetImport ?? [])
    opsets.set(domainOf(domain), Number(version ?? 1))
  // Files of the first format versions do not say; they are written for the first operator set.
  if (!opsets.has('') && opsets.size === 0) opsets.set('', 1)
  return opsets
}

export interface GraphContext extends DecodeOptions {
  /** Values of the surrounding graph that a sub-graph may use. */
  readonly outer: ReadonlyMap<string, Value>
  /** Types of the inputs, where the surrounding graph knows better than the file. */
  readonly inputTypes?: readonly ValueType[]
}

/** Adds what an encoded graph computes to `graph`, its inputs as inputs, and gives its outputs. */
export function addGraph(graph: Graph, proto: GraphProto, context: GraphContext): NamedValue[] {
  return new GraphReader(graph, proto, context).read()
}

class GraphReader {
  readonly #graph: Graph
  readonly #proto: GraphProto
  readonly #context: GraphContext
  readonly #values: Map<string, Value>
  readonly #declared = new Map<string, ValueInfoProto>()

  constructor(graph: Graph, proto: GraphProto, context: GraphContext) {
    this.#graph = graph
    this.#proto = proto
    this.#context = context
    this.#values = new Map(context.outer)
    for (const info of [...(proto.valueInfo ?? []), ...(proto.output ?? [])])
      this.#declared.set(info.name ?? '', info)
  }

  read(): NamedValue[] {
    for (const initializer of this.#proto.initializer ?? []) {
      const name = initializer.name ?? ''
      const outside = initializer.dataLocation === 1
      const value = outside
        ? this.#graph.stored(storedTensorOf(initializer, this.#context.folder))
        : this.#graph.constant(tensorOf(initializer))
      this.#define(name, value)
    }
    for (const sparse of this.#proto.sparseInitializer ?? [])
      this.#define(sparse.values?.name ?? '', this.#graph.constant(denseTensor(sparse)))
    const constants = new Set(this.#values.keys())
    this.#proto.input?.forEach((info, i) => {
      if (!constants.has(info.name ?? '')) this.#input(info, this.#context.inputTypes?.[i])
    })
    for (const node of this.#proto.node ?? []) this.#node(node)
    return (this.#proto.output ?? []).map(({ name = '' }) => ({
      name,
      value: this.#value(name, 'the graph'),
    }))
  }

  #define(name: string, value: Value): void {
    if (name === '' || (this.#values.has(name) && !this.#context.outer.has(name)))
      throw new FlagError('corrupt-file', `two values of the graph are named "${name}"`)
    this.#values.set(name, value)
  }

  #value(name: string, reader: string): Value {
    const value = this.#values.get(name)
    if (!value)
      throw new FlagError('corrupt-file', `${reader} reads "${name}", which nothing before it computes`)
    return value
  }

  #input(info: ValueInfoProto, known: ValueType | undefined): void {
    const name = info.name ?? ''
    const found = known ?? typeOf(info)
    if (!found) throw new FlagError('unsupported', `input "${name}" has no shape`)
    const { sizes } = this.#context
    const type = { dtype: found.dtype, shape: found.shape.map((dim) => sizes?.[dim] ?? dim) }
    const fixed = this.#context.fixed?.[name]
    if (fixed && !fits(fixed.shape, type.shape)) {
      throw new FlagError(
        'shape-mismatch',
        `input "${name}" is ${formatDims(type.shape)}, the fixed value [${fixed.shape.join(', ')}]`,
      )
    }
    this.#define(name, fixed ? this.#graph.constant(fixed) : this.#graph.input(name, type))
  }

  #node(proto: NodeProto): void {
    const operator = proto.opType ?? ''
    const label = proto.name ? `${operator} "${proto.name}"` : operator
    const domain = domainOf(proto.domain)
    const names = proto.output ?? []
    const { attributes, captured } = attributesOf(proto.attribute ?? [])
    if (operator === 'Constant' && domain === '') {
      this.#define(names[0] ?? '', this.#graph.constant(constantOf(proto)))
      return
    }
    const branch = operator === 'If' && domain === '' ? this.#knownBranch(proto, label) : undefined
    if (branch) {
      const outputs = addGraph(this.#graph, branch, {
        ...this.#context,
        inputTypes: undefined,
        outer: this.#values,
      })
      names.forEach((name, i) => {
        if (name === '') return
        if (!outputs[i]) throw new FlagError('corrupt-file', `${label}: its branch has no output ${i}`)
        this.#define(name, outputs[i].value)
      })
      return
    }
    const own = (proto.input ?? []).map((name) => (name === '' ? undefined : this.#value(name, label)))
    const inputs = [...own, ...captured.map((name) => this.#value(name, label))]
    const types = this.#types(label, operator, domain, inputs, attributes, names)
    const { outputs } = this.#graph.node(operator, domain, inputs, attributes, types)
    names.forEach((name, i) => {
      if (name !== '') this.#define(name, outputs[i])
    })
  }

  /** The branch of an If that will run, where that is to be known and is. */
  #knownBranch({ input = [], attribute = [] }: NodeProto, label: string): GraphProto | undefined {
    if (!this.#context.inlineBranches) return undefined
    const condition = contentsOf(this.#value(input[0] ?? '', label))?.[0]
    if (typeof condition !== 'number') return undefined
    const wanted = condition ? 'then_branch' : 'else_branch'
    return attribute.find(({ name }) => name === wanted)?.g
  }

  #types(
    label: string,
    operator: string,
    domain: string,
    inputs: readonly (Value | undefined)[],
    attributes: ReturnType<typeof attributesOf>['attributes'],
    names: readonly string[],
  ): ValueType[] {
    const opset = this.#graph.opsets.get(domain) ?? 1
    const declaration = findOperator(operator, domain)
    let inferred: readonly ValueType[] = []
    let reason: unknown
    try {
      if (declaration)
        inferred = declaration.infer({ operator, inputs, attributes, opset, outputCount: names.length })
    } catch (error) {
      if (!(error instanceof FlagError)) {
        throw new FlagError(
          'corrupt-file',
          `${label}: its inputs or attributes are not those of this operator`,
          {
            cause: error,
          },
        )
      }
      if (error.code !== 'unsupported') throw new FlagError(error.code, `${label}: ${error.message}`, error)
      reason = error
    }
    return names.map((name, i) => {
      const declared = name === '' ? undefined : typeOf(this.#declared.get(name) ?? {})
      const found = inferred[i] ? this.#refined(inferred[i], declared) : declared
      if (found?.shape.some((dim) => typeof dim === 'number' && !(Number.isSafeInteger(dim) && dim >= 0)))
        throw new FlagError('corrupt-file', `${label}: its output would be ${formatDims(found.shape)}`)
      if (found) return found
      throw new FlagError('unsupported', `${label}: the type of its output "${name}" is not known`, {
        cause: reason,
        hint: reason instanceof FlagError ? reason.message : undefined,
      })
    })
  }

  /** Sizes that only the file knows: those that inference had to give a name of their own. */
  #refined(inferred: ValueType, declared: ValueType | undefined): ValueType {
    if (declared?.shape.length !== inferred.shape.length) return inferred
    const shape = inferred.shape.map((dim, i) => {
      const isNew = typeof dim === 'string' && /^\w+$/.test(dim) && !this.#graph.symbols.has(dim)
      return isNew ? declared.shape[i] : dim
    })
    return { dtype: inferred.dtype, shape }
  }
}

const fits = (shape: readonly number[], dims: Dims) =>
  shape.length === dims.length && dims.every((dim, i) => typeof dim === 'string' || dim === shape[i])

/** The type that a ValueInfoProto states, if it states a number of axes. */
function typeOf({ name, type }: ValueInfoProto): ValueType | undefined {
  // Some exporters write a type that says nothing.
  if (!type || Object.keys(type).length === 0) return undefined
  const { tensorType } = type
  if (!tensorType)
    throw new FlagError('unsupported', `"${name}" is a sequence, map, sparse or optional value, not a tensor`)
  const dtype = dtypeFromOnnx(tensorType.elemType ?? 0)
  if (!tensorType.shape) return undefined
  const shape = (tensorType.shape.dim ?? []).map(({ dimValue, dimParam }, axis): Dim => {
    if (dimParam) return dimParam
    return Number.isSafeInteger(dimValue) && (dimValue as number) >= 0
      ? (dimValue as number)
      : `${name}_${axis}`
  })
  return { dtype, shape }
}

/** The tensor of a Constant node, in whichever of its attributes it is. */
function constantOf(node: NodeProto): Tensor {
  const [attribute] = node.attribute ?? []
  const strings = (list: readonly Uint8Array[]) => list.map((item) => new TextDecoder().decode(item))
  switch (attribute?.name) {
    case 'value':
      return tensorOf(attribute.t ?? {})
    case 'sparse_value':
      return denseTensor(attribute.sparseTensor ?? {})
    case 'value_int':
      return fromNumbers([Number(attribute.i ?? 0)], [], 'int64')
    case 'value_ints':
      return fromNumbers((attribute.ints ?? []).map(Number), [attribute.ints?.length ?? 0], 'int64')
    case 'value_float':
      return fromNumbers([attribute.f ?? 0], [], 'float32')
    case 'value_floats':
      return fromNumbers(attribute.floats ?? [], [attribute.floats?.length ?? 0], 'float32')
    case 'value_string':
      return tensor(strings([attribute.s ?? new Uint8Array()])).reshape([])
    case 'value_strings':
      return tensor(strings(attribute.strings ?? []))
    default:
      throw new FlagError('corrupt-file', `Constant "${node.name ?? ''}" has no value`)
  }
}
