import { Graph, type Node, type Value, withGraph } from './graph.ts'
import { isValue, type Traced } from './trace.ts'
import { mapTree } from './tree.ts'

/** What a node becomes: other values in place of its outputs, nothing at all, or (`undefined`) itself. */
export type Replacement = readonly Value[] | 'dropped' | undefined

/**
 * A copy of a traced function in which `replace` may put other nodes in the place of some. It is called for every node
 * in order, with the copies of its inputs (a call of `copyOf`), while the copy is the graph that operators add to. Only
 * weights that the copy uses become part of it. A node may be dropped when nothing that stays reads it.
 */
export function rewrite<R>(
  traced: Traced<R>,
  replace: (node: Node, copyOf: (value: Value) => Value) => Replacement,
): Traced<R> {
  const graph = new Graph(traced.graph.opsets)
  const copies = new Map<Value, Value>()
  const copyOf = (value: Value): Value => {
    const known = copies.get(value)
    if (known) return known
    const { origin } = value
    if (origin.kind === 'node' || origin.kind === 'input') {
      throw new Error(`rewrite: ${value} was dropped, but is used`)
    }
    const copy = origin.kind === 'constant' ? graph.constant(origin.tensor) : graph.stored(origin.stored)
    copies.set(value, copy)
    return copy
  }
  return withGraph(graph, () => {
    for (const input of traced.graph.inputs) {
      copies.set(input, graph.input((input.origin as { name: string }).name, input))
    }
    for (const node of traced.graph.nodes) {
      const replaced = replace(node, copyOf)
      if (replaced === 'dropped') continue
      const outputs =
        replaced ??
        graph.node(
          node.operator,
          node.domain,
          node.inputs.map((x) => x && copyOf(x)),
          node.attributes,
          node.outputs,
        ).outputs
      for (const [i, y] of node.outputs.entries()) copies.set(y, outputs[i])
    }
    return {
      graph,
      outputs: traced.outputs.map(({ name, value }) => ({ name, value: copyOf(value) })),
      result: mapTree(traced.result, isValue, copyOf) as R,
    }
  })
}
