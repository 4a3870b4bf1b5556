import type { Dim, Dims } from '../graph/dims.ts'
import type { Graph, Node, Value } from '../graph/graph.ts'
import { byteSize, type DType } from '../tensor/dtype.ts'
import { sizeOf } from '../tensor/tensor.ts'
import { type NamedValue, needed } from './encode.ts'
import { ownInputs, subgraphsOf } from './subgraph.ts'

/** A named input or output of a model. */
export interface Port {
  readonly name: string
  readonly dtype: DType
  readonly shape: Dims
}

/** What a model is made of. */
export interface ModelSummary {
  readonly inputs: readonly Port[]
  readonly outputs: readonly Port[]
  /** Versions of the operator sets by domain; '' is the standard one. */
  readonly opsets: Readonly<Record<string, number>>
  /** How often each operator occurs, the most frequent first. A node with sub-graphs counts once; what is in them does not. */
  readonly operators: Readonly<Record<string, number>>
  /** Elements of the weights: floating-point tensors that the graph uses and that are not single numbers. */
  readonly parameters: number
  /** Bytes of all constants and stored tensors, by element type. */
  readonly bytes: Readonly<Partial<Record<DType, number>>>
  /**
   * Multiply-accumulate operations of matrix products and convolutions for one run; a formula when sizes are symbols.
   * What sub-graphs do is not counted.
   */
  readonly multiplyAccumulates: Dim
}

/** Counts what outputs depend on: inputs, operators, weights, and work. */
export function summarize(model: {
  readonly graph: Graph
  readonly outputs: readonly NamedValue[]
}): ModelSummary {
  const { graph, outputs } = model
  const { nodes, used } = needed(graph, outputs)
  const tensors = [...used].filter(({ origin }) => origin.kind === 'constant' || origin.kind === 'stored')
  const counts = new Map<string, number>()
  const work = new Map<string, number>()
  for (const node of nodes) {
    const name = node.domain === '' ? node.operator : `${node.domain}:${node.operator}`
    counts.set(name, (counts.get(name) ?? 0) + 1)
    addProduct(work, multiplyAccumulates(node))
  }
  const bytes: Partial<Record<DType, number>> = {}
  let parameters = 0
  for (const { dtype, shape } of tensors) {
    const size = sizeOf(shape as number[])
    if (dtype !== 'string') bytes[dtype] = (bytes[dtype] ?? 0) + size * byteSize(dtype)
    if (dtype.includes('float') && size > 1) parameters += size
  }
  const port = (name: string, { dtype, shape }: Value): Port => ({ name, dtype, shape })
  return {
    inputs: graph.inputs.map((value) => port((value.origin as { name: string }).name, value)),
    outputs: outputs.map(({ name, value }) => port(name, value)),
    opsets: Object.fromEntries(graph.opsets),
    operators: Object.fromEntries([...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))),
    parameters,
    bytes,
    multiplyAccumulates: formula(work),
  }
}

/** Adds a product of sizes to a sum of products, which has a number for each product of symbols. */
function addProduct(sum: Map<string, number>, factors: Dims): void {
  const symbols = factors.filter((dim) => typeof dim === 'string').sort()
  const number = factors.reduce<number>((p, dim) => (typeof dim === 'number' ? p * dim : p), 1)
  const key = symbols.map((symbol) => (/^\w+$/.test(symbol) ? symbol : `(${symbol})`)).join(' * ')
  if (number !== 0) sum.set(key, (sum.get(key) ?? 0) + number)
}

function formula(sum: ReadonlyMap<string, number>): Dim {
  if ([...sum.keys()].every((key) => key === '')) return sum.get('') ?? 0
  return [...sum].map(([key, number]) => (key === '' ? `${number}` : `${number} * ${key}`)).join(' + ')
}

/** Sizes whose product says how many pairs of numbers a node multiplies and adds up. */
function multiplyAccumulates(node: Node): Dims {
  const [a, b] = ownInputs(node)
  const [y] = node.outputs
  if (!a || !b || !y || subgraphsOf(node).length > 0) return [0]
  switch (node.operator) {
    case 'MatMul':
    case 'MatMulInteger':
    case 'QLinearMatMul':
      return [...y.shape, a.shape[a.rank - 1]]
    case 'Gemm':
      return [...y.shape, a.shape[node.attributes.transA ? 0 : 1]]
    case 'Conv':
    case 'ConvInteger':
      return [...y.shape, ...b.shape.slice(1)]
    case 'QLinearConv':
      return [...y.shape, ...(node.inputs[3]?.shape.slice(1) ?? [])]
    case 'ConvTranspose':
      return [...a.shape, ...b.shape.slice(1)]
    default:
      return [0]
  }
}
