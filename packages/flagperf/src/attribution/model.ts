import type { Graph, NamedValue, Node, Value } from '@flag/core-tensor'
import { addWork, type CountedNode, isCounted, noWork, type TensorType, type Work, workOf } from './work.ts'

/** The work of one node, found from the shapes that inference gives. */
export interface CountedWork {
  readonly node: CountedNode
  readonly work: Work
}

/** The work of one run of a model. */
export interface ModelWork {
  readonly nodes: readonly CountedWork[]
  readonly total: Work
  /** Nodes that could not be counted, and why. Their work is not in the total. */
  readonly uncounted: readonly { readonly operator: string; readonly reason: string }[]
  /** Elements of constants and stored tensors, and their bytes. */
  readonly parameters: number
}

/**
 * Counts what one run of a graph does. Sizes that are symbols have to be given when the model is read
 * (`loadOnnx(file, { sizes })`).
 */
export function modelWork(model: {
  readonly graph: Graph
  readonly outputs: readonly NamedValue[]
}): ModelWork {
  const nodes: CountedWork[] = []
  const uncounted: { operator: string; reason: string }[] = []
  const weights = new Set<Value>()
  const needed = neededNodes(model.outputs)
  for (const node of model.graph.nodes) {
    if (!needed.has(node)) continue
    for (const input of node.inputs)
      if (input && (input.origin.kind === 'constant' || input.origin.kind === 'stored')) weights.add(input)
    const counted = countedNode(node)
    if (typeof counted === 'string') uncounted.push({ operator: node.operator, reason: counted })
    else nodes.push({ node: counted, work: workOf(counted) })
  }
  return {
    nodes,
    total: nodes.reduce((sum, { work }) => addWork(sum, work), noWork),
    uncounted,
    parameters: [...weights].reduce(
      (sum, { shape }) => sum + shape.reduce<number>((a, b) => a * Number(b), 1),
      0,
    ),
  }
}

/** What the outputs depend on: a runtime leaves out the rest. */
function neededNodes(outputs: readonly NamedValue[]): Set<Node> {
  const needed = new Set<Node>()
  const open: (Value | undefined)[] = outputs.map(({ value }) => value)
  for (let value = open.pop(); open.length > 0 || value; value = open.pop()) {
    if (value?.origin.kind !== 'node' || needed.has(value.origin.node)) continue
    needed.add(value.origin.node)
    open.push(...value.origin.node.inputs)
  }
  return needed
}

/** The node with numbers for sizes, or the reason why it cannot be counted. */
function countedNode({ operator, domain, attributes, inputs, outputs }: Node): CountedNode | string {
  if (Object.values(attributes).some((value) => typeof value === 'object' && 'graph' in value))
    return 'how often its sub-graphs run is known only when it runs'
  if (!isCounted(operator)) return 'there is no rule that counts it'
  const symbols = new Set<string>()
  const type = (value: Value): TensorType => {
    for (const dim of value.shape) if (typeof dim === 'string') symbols.add(dim)
    return { dtype: value.dtype, shape: value.shape as readonly number[] }
  }
  const types = { inputs: inputs.map((value) => value && type(value)), outputs: outputs.map(type) }
  if (symbols.size > 0) return `sizes that depend on data or were not given: ${[...symbols].join(', ')}`
  return { operator, domain, attributes, ...types }
}
