import { FlagError } from '../errors.ts'
import { contentsOf } from '../graph/contents.ts'
import type { Dim, Dims } from '../graph/dims.ts'
import { constant, currentGraph, type Graph, type Value } from '../graph/graph.ts'
import { type Application, apply1, inputOf, intsOf } from '../graph/operator.ts'
import { add, mul, sub } from './elementwise.ts'
import { reshape } from './shape.ts'
import { concat } from './slicing.ts'

/** Numbers that an input is known to hold before the graph runs. Throws `unsupported` when they are not known. */
export function constantInts(application: Application, index: number): number[] {
  const value = inputOf(application, index)
  if (value.constant) return value.constant.toNumbers()
  const contents = contentsOf(value)
  if (contents?.every((item) => typeof item === 'number')) return contents as number[]
  throw notKnown(application, index)
}

/**
 * Sizes that an input holds; each that only the running graph knows becomes a symbol of its own.
 * Throws `unsupported` when it is not even known how many there are.
 */
export function sizesIn(application: Application, index: number): Dim[] {
  const value = inputOf(application, index)
  const contents = contentsOf(value)
  if (!contents) throw notKnown(application, index)
  return contents.map((item, i) => item ?? freshDim(value.graph, `${application.operator}${i}`))
}

const notKnown = ({ operator }: Application, index: number) =>
  new FlagError('unsupported', `${operator}: input ${index} is computed in the graph; its value is not known`)

/** Axes of an operator that takes them as an attribute in old operator sets and as an input in newer ones. */
export function axesOf(application: Application, index: number): number[] | undefined {
  const attribute = intsOf(application.attributes, 'axes')
  if (attribute) return [...attribute]
  return application.inputs[index] ? constantInts(application, index) : undefined
}

/** The int64 vector of the sizes `dims`, constant where they are numbers and read from the graph where they are symbols. */
export function dimsVector(dims: Dims): Value {
  if (dims.every((dim) => typeof dim === 'number')) return constant(dims as number[], 'int64', [dims.length])
  return concat(dims.map(dimVector), 0)
}

/** The size of one axis as an int64 vector of length 1. */
export function dimVector(dim: Dim): Value {
  if (typeof dim === 'number') return constant([dim], 'int64')
  const known = currentGraph().symbols.get(dim)
  if (known) return apply1('Shape', [known.value], { start: known.axis, end: known.axis + 1 })
  const [, left, operator, right] = /^(.+) ([*+-]) (\w+|\([^()]*\))$/.exec(dim) ?? []
  if (operator === undefined) {
    throw new FlagError('unsupported', `no value in the graph has the size "${dim}"`, {
      hint: 'name the dimension in the spec of an input',
    })
  }
  const parse = (text: string): Dim => {
    const inner = text.replace(/^\(([^()]*)\)$/, '$1')
    return /^\d+$/.test(inner) ? Number(inner) : inner
  }
  const combine = operator === '*' ? mul : operator === '+' ? add : sub
  return combine(dimVector(parse(left)), dimVector(parse(right)))
}

/** The size of one axis as an int64 scalar. */
export function dimScalar(dim: Dim): Value {
  return typeof dim === 'number' ? constant(dim, 'int64') : reshape(dimVector(dim), [])
}

/** A symbol for a size that is known only when the graph runs and is like no other. */
export function freshDim(graph: Graph, name: string): string {
  return `${name}_${graph.nodes.length}`
}
