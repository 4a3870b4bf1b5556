import { currentGraph, type Graph, type Node, type RematerializedRegion, type Value } from '../graph/graph.ts'
import { cast } from '../ops/comparison.ts'
import { add, mul } from '../ops/elementwise.ts'
import { reshape } from '../ops/shape.ts'
import { slice } from '../ops/slicing.ts'
import { isFloat } from '../tensor/dtype.ts'

/**
 * `fn`, with its intermediate results computed again for the backward pass instead of being kept (gradient
 * checkpointing, Chen et al. 2016): less memory for one more forward pass.
 */
export function remat<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    const graph = currentGraph()
    const first = graph.nodes.length
    const result = fn(...args)
    graph.rematerialized.push({ first, end: graph.nodes.length })
    return result
  }
}

/** Regions among `nodes` (a prefix of the graph's) that lie in no other region, by the index of their last node. */
export function outermostRegions(graph: Graph, nodes: readonly Node[]): Map<number, RematerializedRegion> {
  const whole = graph.rematerialized.filter(
    ({ first, end }) => end > first && end <= nodes.length && graph.nodes[first] === nodes[first],
  )
  const outer = whole.filter((a) => !whole.some((b) => b !== a && b.first <= a.first && b.end >= a.end))
  return new Map(outer.map((region) => [region.end - 1, region]))
}

/**
 * A copy of `body` that cannot start before `gradient` is there. Without that dependency the runtime would see the
 * same computation twice and keep the first result, which is what rematerialisation is to avoid.
 */
export function repeatBehind(
  graph: Graph,
  body: readonly Node[],
  gradient: Value,
): { nodes: Node[]; copies: Map<Value, Value> } {
  const copies = new Map<Value, Value>()
  const inside = new Set(body.flatMap((node) => node.outputs))
  const first = slice(reshape(gradient, [-1]), [0], [1])
  const barrier = mul(reshape(first, []), 0)
  for (const x of new Set(body.flatMap((node) => node.inputs))) {
    if (x && !inside.has(x) && x.origin.kind === 'node' && isFloat(x.dtype))
      copies.set(x, add(x, cast(barrier, x.dtype)))
  }
  const nodes = body.map((node) => {
    const inputs = node.inputs.map((x) => x && (copies.get(x) ?? x))
    const copy = graph.node(node.operator, node.domain, inputs, node.attributes, node.outputs)
    node.outputs.forEach((y, i) => {
      copies.set(y, copy.outputs[i])
      if (graph.stopped.has(y)) graph.stopped.add(copy.outputs[i])
    })
    return copy
  })
  return { nodes, copies }
}
