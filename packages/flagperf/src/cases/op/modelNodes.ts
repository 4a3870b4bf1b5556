import {
  encodeModel,
  FlagError,
  formatDims,
  Graph,
  loadOnnx,
  type Node,
  spec,
  summarize,
  trace,
  type Value,
} from '@flag/core-tensor'
import { makeInputs } from '../inputs.ts'
import type { OperatorModel } from './example.ts'

/** A model whose nodes are measured one by one. */
export interface NodeSource {
  readonly model: string
  /** Sizes of axes that the model leaves open; 1 where none is given. */
  readonly sizes: Readonly<Record<string, number>>
}

/** What makes two nodes the same work: operator, types of inputs, attributes. */
function keyOf({ operator, domain, attributes, inputs }: Node): string {
  const types = inputs.map((input) => (input ? `${input.dtype}${formatDims(input.shape)}` : '-')).join(' ')
  const given = Object.entries(attributes)
    .map(
      ([name, value]) =>
        `${name}=${JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? `${each}` : each))}`,
    )
    .sort()
  return [domain ? `${domain}:${operator}` : operator, types, ...given].join(' ')
}

/** The different nodes of a model, by what makes them different, and how often each occurs; those with sub-graphs left out. */
export async function nodesOfModel(source: NodeSource): Promise<Map<string, { node: Node; count: number }>> {
  const open = await loadOnnx(source.model)
  const symbols = summarize(open).inputs.flatMap(({ shape }) =>
    shape.filter((dim) => typeof dim === 'string'),
  )
  const sizes = Object.fromEntries(symbols.map((name) => [name, source.sizes[name] ?? 1]))
  const { graph } = await loadOnnx(source.model, { sizes })
  const found = new Map<string, { node: Node; count: number }>()
  for (const node of graph.nodes) {
    const isOpen = [...node.inputs, ...node.outputs].some((value) =>
      value?.shape.some((dim) => typeof dim === 'string'),
    )
    const hasGraph = Object.values(node.attributes).some(
      (value) => typeof value === 'object' && 'graph' in value,
    )
    if (isOpen || hasGraph || node.operator === 'Constant') continue
    const key = keyOf(node)
    found.set(key, { node, count: (found.get(key)?.count ?? 0) + 1 })
  }
  return found
}

/** The model of one node: constants as they are, everything else made up. Throws `invalid-argument` for another key. */
export async function nodeModel(source: NodeSource, key: string): Promise<OperatorModel> {
  const node = (await nodesOfModel(source)).get(key)?.node
  if (!node) throw new FlagError('invalid-argument', `${source.model} has no node "${key}"`)
  const computed = [...new Set(node.inputs.filter((input): input is Value => !!input && !isConstant(input)))]
  const graph = new Graph((node.outputs[0] as Value).graph.opsets)
  const traced = trace(
    (...values: Value[]) => {
      const inputs = node.inputs.map((input) => {
        if (!input) return undefined
        const { origin } = input
        if (origin.kind === 'constant') return graph.constant(origin.tensor)
        return origin.kind === 'stored' ? graph.stored(origin.stored) : values[computed.indexOf(input)]
      })
      return [...graph.node(node.operator, node.domain, inputs, node.attributes, node.outputs).outputs]
    },
    computed.map(({ dtype, shape }) => spec(dtype, shape)),
    graph,
  )
  const ports = computed.map(({ dtype, shape }, i) => ({ name: `in.${i}`, dtype, shape }))
  return {
    bytes: encodeModel(graph, traced.outputs),
    feeds: makeInputs(ports),
    helpers: new Set(),
  }
}

const isConstant = ({ origin }: Value) => origin.kind === 'constant' || origin.kind === 'stored'
