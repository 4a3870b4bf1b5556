import { FlagError } from '../errors.ts'
import type { AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto } from './schema.ts'

const MAX_DEPTH = 32
/** A few lines of functions that call functions can stand for more nodes than there is memory. */
const MAX_NODES = 1_000_000

/**
 * The graph of a model with calls of the model's own functions replaced by their bodies.
 * Throws `corrupt-file` for functions that call themselves, `unsupported` for functions written for other operator
 * sets than the model.
 */
export function inlineFunctions(model: ModelProto): GraphProto {
  const functions = new Map(
    (model.functions ?? []).map((each) => [keyOf(each.domain, each.name, each.overload), each]),
  )
  const graph = model.graph ?? {}
  if (functions.size === 0) return graph
  const opsets = new Map((model.opsetImport ?? []).map(({ domain, version }) => [domain ?? '', version]))
  for (const { name, opsetImport } of functions.values()) {
    for (const { domain = '', version } of opsetImport ?? []) {
      if (opsets.has(domain) && opsets.get(domain) !== version) {
        throw new FlagError(
          'unsupported',
          `function ${name} uses version ${version} of the operator set "${domain}", its model ${opsets.get(domain)}`,
        )
      }
    }
  }
  return new Inliner(functions).graph(graph, 0)
}

const keyOf = (domain = '', name = '', overload = '') => `${domain}:${name}:${overload}`

class Inliner {
  readonly #functions: ReadonlyMap<string, FunctionProto>
  #calls = 0
  #nodes = 0

  constructor(functions: ReadonlyMap<string, FunctionProto>) {
    this.#functions = functions
  }

  graph(graph: GraphProto, depth: number): GraphProto {
    return { ...graph, node: (graph.node ?? []).flatMap((node) => this.#node(node, depth)) }
  }

  #node(node: NodeProto, depth: number): NodeProto[] {
    if (++this.#nodes > MAX_NODES)
      throw new FlagError(
        'unsupported',
        `the model has over ${MAX_NODES} nodes once its functions are inlined`,
      )
    const body = this.#functions.get(keyOf(node.domain, node.opType, node.overload))
    if (body) return this.#call(node, body, depth)
    if (!node.attribute?.some(({ g, graphs }) => g || graphs)) return [node]
    return [
      {
        ...node,
        attribute: node.attribute.map((attribute) => ({
          ...attribute,
          g: attribute.g && this.graph(attribute.g, depth + 1),
          graphs: attribute.graphs?.map((inner) => this.graph(inner, depth + 1)),
        })),
      },
    ]
  }

  #call(node: NodeProto, body: FunctionProto, depth: number): NodeProto[] {
    if (depth > MAX_DEPTH) throw new FlagError('corrupt-file', `function ${body.name} is nested without end`)
    const prefix = `${body.name}_${this.#calls++}/`
    const names = new Map<string, string>()
    const given = new Map((node.attribute ?? []).map((attribute) => [attribute.name ?? '', attribute]))
    const defaults = (body.attributeProto ?? []).map((each) => [each.name ?? '', each] as const)
    const attributes = new Map([...defaults, ...given])
    for (const [i, name] of (body.input ?? []).entries()) names.set(name, node.input?.[i] ?? '')
    const outputs = (body.output ?? []).map((name, i) => ({ name, outer: node.output?.[i] ?? '' }))
    for (const { name, outer } of outputs) if (outer !== '' && !names.has(name)) names.set(name, outer)
    const rename = (name: string) => {
      if (name === '') return ''
      if (!names.has(name)) names.set(name, prefix + name)
      return names.get(name) as string
    }
    const nodes = (body.node ?? []).map((inner) => instantiate(inner, rename, attributes))
    const passed = outputs
      .filter(({ name, outer }) => outer !== '' && names.get(name) !== outer)
      .map(({ name, outer }) => ({ opType: 'Identity', input: [rename(name)], output: [outer] }))
    return [...nodes, ...passed].flatMap((inner) => this.#node(inner, depth + 1))
  }
}

/** A node of a function's body with the call's names and attributes. */
function instantiate(
  node: NodeProto,
  rename: (name: string) => string,
  attributes: ReadonlyMap<string, AttributeProto>,
): NodeProto {
  return {
    ...node,
    input: node.input?.map(rename),
    output: node.output?.map(rename),
    attribute: node.attribute?.flatMap((attribute): AttributeProto[] => {
      if (attribute.refAttrName) {
        const value = attributes.get(attribute.refAttrName)
        return value ? [{ ...value, name: attribute.name }] : []
      }
      const inner = (graph: GraphProto) => instantiateGraph(graph, rename, attributes)
      return [{ ...attribute, g: attribute.g && inner(attribute.g), graphs: attribute.graphs?.map(inner) }]
    }),
  }
}

function instantiateGraph(
  graph: GraphProto,
  rename: (name: string) => string,
  attributes: ReadonlyMap<string, AttributeProto>,
): GraphProto {
  const named = <T extends { name?: string }>(list: T[] | undefined) =>
    list?.map((each) => ({ ...each, name: rename(each.name ?? '') }))
  return {
    ...graph,
    input: named(graph.input),
    output: named(graph.output),
    initializer: named(graph.initializer),
    valueInfo: named(graph.valueInfo),
    node: graph.node?.map((node) => instantiate(node, rename, attributes)),
  }
}
