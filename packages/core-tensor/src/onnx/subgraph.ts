import type { Node, Value } from '../graph/graph.ts'
import { type GraphProto, graphMessage } from './schema.ts'
import { decodeMessage } from './wire.ts'

/**
 * A sub-graph attribute of a node (the branches of If, the body of Loop and Scan), with the values of the
 * surrounding graph that it refers to by name.
 */
export interface Subgraph {
  readonly attribute: string
  readonly graph: Uint8Array
  readonly captured: ReadonlyMap<string, Value>
}

/**
 * The sub-graphs of a node. What they capture stands behind the node's own inputs, so that whatever follows inputs
 * (pruning, gradients) also sees the captured values.
 */
export function subgraphsOf(node: Pick<Node, 'inputs' | 'attributes'>): Subgraph[] {
  const subgraphs: Subgraph[] = []
  let end = node.inputs.length
  for (const [attribute, value] of Object.entries(node.attributes).reverse()) {
    if (typeof value !== 'object' || !('graph' in value)) continue
    const names = value.captured ?? []
    const start = end - names.length
    const captured = new Map(names.map((name, i) => [name, node.inputs[start + i] as Value]))
    subgraphs.unshift({ attribute, graph: value.graph, captured })
    end = start
  }
  return subgraphs
}

/** A node's inputs without those that only its sub-graphs use. */
export function ownInputs(node: Pick<Node, 'inputs' | 'attributes'>): readonly (Value | undefined)[] {
  let captured = 0
  for (const value of Object.values(node.attributes)) {
    if (typeof value === 'object' && 'graph' in value) captured += value.captured?.length ?? 0
  }
  return captured === 0 ? node.inputs : node.inputs.slice(0, -captured)
}

/** Every name that occurs in an encoded graph and in the graphs inside it. */
export function namesIn(encoded: Uint8Array): Set<string> {
  const names = new Set<string>()
  const visit = (graph: GraphProto): void => {
    for (const { name } of [...(graph.input ?? []), ...(graph.initializer ?? [])]) if (name) names.add(name)
    for (const { values } of graph.sparseInitializer ?? []) if (values?.name) names.add(values.name)
    for (const node of graph.node ?? []) {
      for (const name of [...(node.input ?? []), ...(node.output ?? [])]) names.add(name)
      for (const { g, graphs } of node.attribute ?? [])
        for (const inner of [g, ...(graphs ?? [])]) if (inner) visit(inner)
    }
  }
  visit(decodeMessage(graphMessage, encoded))
  return names
}

/** The encoded graph with the outer values that it refers to under new names. */
export function renameCaptured(encoded: Uint8Array, names: ReadonlyMap<string, string>): GraphProto {
  const graph = decodeMessage(graphMessage, encoded)
  const changed = new Map([...names].filter(([from, to]) => from !== to))
  return changed.size === 0 ? graph : renameIn(graph, changed)
}

function renameIn(graph: GraphProto, names: ReadonlyMap<string, string>): GraphProto {
  const rename = (name: string | undefined) => names.get(name ?? '') ?? name ?? ''
  return {
    ...graph,
    output: graph.output?.map((output) => ({ ...output, name: rename(output.name) })),
    node: graph.node?.map((node) => ({
      ...node,
      input: node.input?.map(rename),
      attribute: node.attribute?.map((attribute) => ({
        ...attribute,
        g: attribute.g && renameIn(attribute.g, names),
        graphs: attribute.graphs?.map((inner) => renameIn(inner, names)),
      })),
    })),
  }
}
