import type { StoredTensor } from '../checkpoint/checkpoint.ts'
import { FlagError } from '../errors.ts'
import type { DType, NumericDType } from '../tensor/dtype.ts'
import { fromNumbers, type Shape, Tensor } from '../tensor/tensor.ts'
import { type Dims, formatDims } from './dims.ts'

/** Element type and shape of a value. */
export interface ValueType {
  readonly dtype: DType
  readonly shape: Dims
}

/**
 * An ONNX attribute. A bare number (or list) is an integer; floats are written `{ float: 1e-5 }`, sub-graphs
 * as their encoded GraphProto, and what has no other form (types, sparse tensors) as an encoded AttributeProto.
 * Values that a sub-graph refers to by the names `captured` are inputs of the node, behind its own.
 */
export type Attribute =
  | number
  | bigint
  | string
  | Tensor
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly graph: Uint8Array; readonly captured?: readonly string[] }
  | { readonly encoded: Uint8Array }
  | readonly number[]
  | readonly string[]
export type Attributes = Readonly<Record<string, Attribute>>

/** One operator applied to values. `inputs` may have holes, as optional ONNX inputs do. */
export interface Node {
  readonly operator: string
  readonly domain: string
  readonly attributes: Attributes
  readonly inputs: readonly (Value | undefined)[]
  readonly outputs: readonly Value[]
}

/** Where a value comes from. */
export type Origin =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'constant'; readonly tensor: Tensor }
  | { readonly kind: 'stored'; readonly stored: StoredTensor }
  | { readonly kind: 'node'; readonly node: Node; readonly index: number }

/** A tensor that does not exist yet: what traced functions compute with. */
export class Value implements ValueType {
  readonly graph: Graph
  readonly id: number
  readonly dtype: DType
  readonly shape: Dims
  readonly origin: Origin

  constructor(graph: Graph, id: number, type: ValueType, origin: Origin) {
    this.graph = graph
    this.id = id
    this.dtype = type.dtype
    this.shape = type.shape
    this.origin = origin
  }

  get rank(): number {
    return this.shape.length
  }

  /** The value's tensor, if it is a constant of the graph. */
  get constant(): Tensor | undefined {
    return this.origin.kind === 'constant' ? this.origin.tensor : undefined
  }

  toString(): string {
    return `%${this.id}: ${this.dtype}${formatDims(this.shape)}`
  }
}

/** What a traced function accepts where a value is meant: numbers and tensors become constants. */
export type Operand = Value | Tensor | number

/** A part of the graph whose intermediate results are computed again for the backward pass. */
export interface RematerializedRegion {
  readonly first: number
  readonly end: number
}

/** A list of nodes in the order in which they were traced, which is a topological order. */
export class Graph {
  readonly inputs: Value[] = []
  readonly nodes: Node[] = []
  /** Values through which no gradient flows. */
  readonly stopped = new Set<Value>()
  readonly rematerialized: RematerializedRegion[] = []
  /** For each symbolic dimension, a value and the axis that has this size. */
  readonly symbols = new Map<string, { value: Value; axis: number }>()
  /** Vectors of sizes by the sizes that they hold: each is computed once. */
  readonly sizes = new Map<string, Value>()
  /**
   * Whether operators of ONNX Runtime may stand for several of the ONNX standard, which other runtimes do not know
   * and which have no gradients.
   */
  readonly fused: boolean
  readonly opsets: Map<string, number>
  readonly #scalars = new Map<string, Value>()
  readonly #stored = new Map<string, Value>()
  #count = 0

  constructor(opsets: ReadonlyMap<string, number> = new Map([['', 21]]), options: { fused?: boolean } = {}) {
    this.opsets = new Map(opsets)
    this.fused = options.fused ?? false
  }

  input(name: string, type: ValueType): Value {
    const value = this.#value(type, { kind: 'input', name })
    this.inputs.push(value)
    return value
  }

  constant(tensor: Tensor): Value {
    const small = tensor.size <= 8 && tensor.dtype !== 'string'
    const key = small ? `${tensor.dtype}[${tensor.shape}]${tensor.bytes}` : ''
    const known = small ? this.#scalars.get(key) : undefined
    if (known) return known
    const value = this.#value(tensor, { kind: 'constant', tensor })
    if (small) this.#scalars.set(key, value)
    return value
  }

  /** A tensor that stays in its checkpoint file until the runtime maps it. */
  stored(stored: StoredTensor): Value {
    const key = `${stored.source?.path}\0${stored.name}`
    const known = this.#stored.get(key)
    if (known) return known
    const value = this.#value(stored, { kind: 'stored', stored })
    this.#stored.set(key, value)
    return value
  }

  /** Checkpoint tensors that the graph refers to. */
  get storedTensors(): StoredTensor[] {
    return [...this.#stored.values()].flatMap(({ origin }) =>
      origin.kind === 'stored' ? [origin.stored] : [],
    )
  }

  node(
    operator: string,
    domain: string,
    inputs: readonly (Value | undefined)[],
    attributes: Attributes,
    types: readonly ValueType[],
  ): Node {
    for (const value of inputs) {
      if (value && value.graph !== this) {
        throw new FlagError('invalid-argument', `${operator}: an input belongs to another trace: ${value}`)
      }
    }
    const outputs: Value[] = []
    const node: Node = { operator, domain, attributes, inputs, outputs }
    for (const type of types) outputs.push(this.#value(type, { kind: 'node', node, index: outputs.length }))
    this.nodes.push(node)
    return node
  }

  #value(type: ValueType, origin: Origin): Value {
    const value = new Value(this, this.#count++, type, origin)
    if (origin.kind !== 'constant') {
      value.shape.forEach((dim, axis) => {
        if (typeof dim === 'string' && !this.symbols.has(dim)) this.symbols.set(dim, { value, axis })
      })
    }
    return value
  }
}

let current: Graph | undefined

/** The graph that is being traced. Throws `invalid-argument` outside a trace. */
export function currentGraph(): Graph {
  if (!current) {
    throw new FlagError('invalid-argument', 'operators work on values of a graph that is being traced', {
      hint: 'call them inside a function given to compile(), trace() or evaluate()',
    })
  }
  return current
}

/** Runs `body` with `graph` as the graph that operators add to. */
export function withGraph<T>(graph: Graph, body: () => T): T {
  const previous = current
  current = graph
  try {
    return body()
  } finally {
    current = previous
  }
}

/** A constant of the graph being traced. */
export function constant(tensor: Tensor): Value
export function constant(values: number | readonly number[], dtype: NumericDType, shape?: Shape): Value
export function constant(
  source: Tensor | number | readonly number[],
  dtype?: NumericDType,
  shape?: Shape,
): Value {
  if (source instanceof Tensor) return currentGraph().constant(source)
  const list = typeof source === 'number' ? [source] : source
  const dims = shape ?? (typeof source === 'number' ? [] : [list.length])
  return currentGraph().constant(fromNumbers(list, dims, dtype as NumericDType))
}

/** Operand as a value; a bare number takes the dtype of `like` (float32 without one). */
export function toValue(operand: Operand, like?: Operand): Value {
  if (operand instanceof Value) return operand
  if (operand instanceof Tensor) return currentGraph().constant(operand)
  const dtype = like === undefined || typeof like === 'number' ? 'float32' : like.dtype
  return constant(operand, dtype as NumericDType)
}

/** Two operands as values of one dtype, each lending its dtype to a bare number beside it. */
export function toValues(a: Operand, b: Operand): [Value, Value] {
  const left = toValue(a, b)
  const right = toValue(b, left)
  if (left.dtype !== right.dtype) {
    throw new FlagError('dtype-mismatch', `operands have different types: ${left} and ${right}`, {
      hint: 'cast one of them with cast(x, dtype)',
    })
  }
  return [left, right]
}

/** The same value, through which no gradient flows. */
export function stopGradient(x: Value): Value {
  const [stopped] = x.graph.node('Identity', '', [x], {}, [x]).outputs
  x.graph.stopped.add(stopped)
  return stopped
}
