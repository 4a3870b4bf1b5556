import { FlagError } from '../errors.ts'
import { type Graph, type Node, Value, withGraph } from '../graph/graph.ts'
import { findOperator } from '../graph/operator.ts'
import { isValue } from '../graph/trace.ts'
import { leavesOf, mapTree } from '../graph/tree.ts'
import { add } from '../ops/elementwise.ts'
import { onesLike, zerosLike } from '../ops/fill.ts'
import { isFloat } from '../tensor/dtype.ts'
import { outermostRegions, repeatBehind } from './remat.ts'

/**
 * Reverse-mode differentiation: the gradient of `y` with respect to each of `xs`, weighted by `seed` (ones when left
 * out, so for a y of several elements the gradient of its sum). It emits ordinary nodes into the graph of `y`, so
 * gradients can be differentiated again.
 *
 * Throws `not-differentiable` when the path from an x to y goes through an operator without a gradient.
 */
export function gradients(y: Value, xs: readonly Value[], seed?: Value): Value[] {
  const { graph } = y
  return withGraph(graph, () => {
    const last = y.origin.kind === 'node' ? graph.nodes.indexOf(y.origin.node) : -1
    const nodes = graph.nodes.slice(0, last + 1)
    const sums = new Map([[y, seed ?? onesLike(y)]])
    const data = computedFrom(
      nodes,
      graph.inputs.filter((input) => !xs.includes(input)),
    )
    backpropagate({ graph, data }, nodes, dependents(graph, nodes, xs), sums)
    return xs.map((x) => sums.get(x) ?? zerosLike(x))
  })
}

/**
 * A function that gives the loss and its gradients with respect to the first argument (any tree of values), for use
 * inside a trace: `const [loss, grads] = valueAndGrad(loss)(params, batch)`. With `hasAux`, `fn` returns
 * `[loss, aux]` and so does the result, `[[loss, aux], grads]`.
 */
export function valueAndGrad<P, A extends unknown[], L extends Value | readonly [Value, unknown]>(
  fn: (params: P, ...rest: A) => L,
): (params: P, ...rest: A) => [L, P] {
  return (params, ...rest) => {
    const result = fn(params, ...rest)
    const loss = (result instanceof Value ? result : result[0]) as Value
    if (loss.rank !== 0) {
      throw new FlagError('shape-mismatch', `valueAndGrad needs a scalar loss, got ${loss}`, {
        hint: 'reduce it with reduceMean() or reduceSum()',
      })
    }
    const leaves = leavesOf(params, isValue).map(({ leaf }) => leaf)
    const found = new Map(gradients(loss, leaves).map((gradient, i) => [leaves[i], gradient]))
    return [result, mapTree(params, isValue, (leaf) => found.get(leaf)) as P]
  }
}

/** `valueAndGrad` without the value. */
export function grad<P, A extends unknown[]>(
  fn: (params: P, ...rest: A) => Value,
): (params: P, ...rest: A) => P {
  return (params, ...rest) => valueAndGrad(fn)(params, ...rest)[1]
}

/** Every value that depends on one of `xs`, and these themselves. */
function dependents(graph: Graph, nodes: readonly Node[], xs: Iterable<Value>): Set<Value> {
  const reached = new Set(xs)
  for (const node of nodes) {
    if (!node.inputs.some((x) => x && reached.has(x))) continue
    for (const y of node.outputs) if (!graph.stopped.has(y) && isFloat(y.dtype)) reached.add(y)
  }
  return reached
}

/** Every value that is computed from one of `sources`, and these themselves. */
function computedFrom(nodes: readonly Node[], sources: readonly Value[]): Set<Value> {
  const found = new Set(sources)
  for (const node of nodes) {
    if (node.inputs.some((x) => x && found.has(x))) for (const y of node.outputs) found.add(y)
  }
  return found
}

type Sums = Map<Value, Value>

/** The graph, and its values that differ from batch to batch. */
interface Context {
  readonly graph: Graph
  readonly data: ReadonlySet<Value>
}

function accumulate(sums: Sums, value: Value, gradient: Value): void {
  const sum = sums.get(value)
  sums.set(value, sum ? add(sum, gradient) : gradient)
}

/** Goes through `nodes` from the last to the first and adds to `sums` the gradients of everything in `reached`. */
function backpropagate(
  context: Context,
  nodes: readonly Node[],
  reached: ReadonlySet<Value>,
  sums: Sums,
): void {
  const { graph, data } = context
  const regions = outermostRegions(graph, nodes)
  for (let i = nodes.length - 1; i >= 0; i--) {
    const region = regions.get(i)
    if (!region) {
      backward(nodes[i], reached, sums)
      continue
    }
    const body = nodes.slice(region.first, region.end)
    const outputs = body.flatMap((node) => node.outputs).filter((value) => sums.has(value))
    if (outputs.length > 0) {
      const { nodes: repeated, copies } = repeatBehind(graph, body, sums.get(outputs[0]) as Value, data)
      const inner: Sums = new Map(outputs.map((y) => [copies.get(y) as Value, sums.get(y) as Value]))
      const inputs = new Set(
        body.flatMap((node) => node.inputs).filter((x): x is Value => x !== undefined && reached.has(x)),
      )
      for (const node of body) for (const y of node.outputs) inputs.delete(y)
      const sources = [...inputs].map((x) => copies.get(x) ?? x)
      backpropagate(context, repeated, dependents(graph, repeated, sources), inner)
      ;[...inputs].forEach((x, k) => {
        const gradient = inner.get(sources[k])
        if (gradient) accumulate(sums, x, gradient)
      })
    }
    i = region.first
  }
}

/** Sends the gradients of a node's outputs on to its inputs. */
function backward(node: Node, reached: ReadonlySet<Value>, sums: Sums): void {
  if (!node.inputs.some((x) => x && reached.has(x))) return
  const incoming = node.outputs.map((y) => (reached.has(y) ? sums.get(y) : undefined))
  if (incoming.every((gradient) => gradient === undefined)) return
  const operator = findOperator(node.operator, node.domain)
  if (!operator)
    throw new FlagError(
      'not-differentiable',
      `operator ${node.operator} is not declared, so it has no gradient`,
    )
  if (typeof operator.gradient !== 'function') {
    throw new FlagError(
      'not-differentiable',
      `${node.operator} has no gradient: ${operator.gradient.notDifferentiable}`,
      {
        hint: 'wrap its input in stopGradient() if no gradient is meant to flow',
      },
    )
  }
  const outgoing = operator.gradient(node, incoming)
  node.inputs.forEach((x, i) => {
    const gradient = outgoing[i]
    if (x && gradient && reached.has(x)) accumulate(sums, x, gradient)
  })
}
