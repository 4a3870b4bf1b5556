import {
  currentGraph,
  type Graph,
  type Node,
  type RematerializedRegion,
  stopGradient,
  type Value,
} from '../graph/graph.ts'
import { cast, logicalOr } from '../ops/comparison.ts'
import { add } from '../ops/elementwise.ts'
import { reduceSum } from '../ops/reduction.ts'
import { reshape } from '../ops/shape.ts'
import { slice } from '../ops/slicing.ts'

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
 * same computation twice and keep the first result, which is what rematerialisation is to avoid. What is computed
 * from parameters alone stays as it is: `data` are the values that differ from batch to batch.
 */
export function repeatBehind(
  graph: Graph,
  body: readonly Node[],
  gradient: Value,
  data: ReadonlySet<Value>,
): { nodes: Node[]; copies: Map<Value, Value> } {
  const copies = new Map<Value, Value>()
  const inside = new Set(body.flatMap((node) => node.outputs))
  const inputs = [...new Set(body.flatMap((node) => node.inputs))].filter(
    (x): x is Value => x !== undefined && !inside.has(x) && x.constant === undefined && x.dtype !== 'string',
  )
  const held = inputs.some((x) => data.has(x)) ? inputs.filter((x) => data.has(x)) : inputs
  // The sum of no elements: 0 whatever the gradient is, also where that overflowed.
  const zero = stopGradient(reduceSum(slice(reshape(gradient, [-1]), [0], [0])))
  for (const x of held) {
    copies.set(x, x.dtype === 'bool' ? logicalOr(x, cast(zero, 'bool')) : add(x, cast(zero, x.dtype)))
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
