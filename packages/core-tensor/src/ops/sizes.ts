import { FlagError } from '../errors.ts'
import { contentsOf } from '../graph/contents.ts'
import { type Dim, type Dims, formatDims } from '../graph/dims.ts'
import { constant, currentGraph, type Graph, type Value } from '../graph/graph.ts'
import { type Application, apply1, inputOf, intsOf } from '../graph/operator.ts'
import { add, div, mul, sub } from './elementwise.ts'
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
  return dims.length === 1 ? dimVector(dims[0]) : once(formatDims(dims), () => concat(dims.map(dimVector), 0))
}

/** The vector of sizes of this name in the graph being traced, made when it is first asked for. */
function once(name: string, make: () => Value): Value {
  const { sizes } = currentGraph()
  const vector = sizes.get(name) ?? make()
  sizes.set(name, vector)
  return vector
}

/** The size of one axis as an int64 vector of length 1. */
export function dimVector(dim: Dim): Value {
  if (typeof dim === 'number') return constant([dim], 'int64')
  return once(dim, () => symbolVector(dim))
}

function symbolVector(dim: string): Value {
  const known = currentGraph().symbols.get(dim)
  if (known) return apply1('Shape', [known.value], { start: known.axis, end: known.axis + 1 })
  const expression = parseDim(dim)
  if (!expression) {
    throw new FlagError('unsupported', `no value in the graph has the size "${dim}"`, {
      hint: 'name the dimension in the spec of an input',
    })
  }
  const { left, operator, right } = expression
  return arithmetic[operator](dimVector(left), dimVector(right))
}

// Behind functions, because the families import each other in cycles.
const arithmetic: Record<string, (a: Value, b: Value) => Value> = {
  '+': (a, b) => add(a, b),
  '-': (a, b) => sub(a, b),
  '*': (a, b) => mul(a, b),
  '/': (a, b) => div(a, b),
}

interface DimExpression {
  left: Dim
  operator: string
  right: Dim
}

/** A dimension as written by the functions of graph/dims.ts, taken apart at the operator that is applied last. */
function parseDim(dim: string): DimExpression | undefined {
  const text = /^floor\(.*\)$/.test(dim) && closes(dim, 5) === dim.length - 1 ? dim.slice(5) : dim
  if (text.startsWith('(') && closes(text, 0) === text.length - 1) return parseDim(text.slice(1, -1))
  for (const operators of ['+-', '*/']) {
    let depth = 0
    for (let i = text.length - 1; i > 0; i--) {
      if (text[i] === ')') depth++
      if (text[i] === '(') depth--
      if (depth === 0 && operators.includes(text[i]) && text[i - 1] === ' ') {
        return { left: termOf(text.slice(0, i - 1)), operator: text[i], right: termOf(text.slice(i + 2)) }
      }
    }
  }
  return undefined
}

/** Where the parenthesis that opens at `start` is closed. */
function closes(text: string, start: number): number {
  let depth = 0
  for (let i = start; i < text.length; i++) {
    if (text[i] === '(') depth++
    if (text[i] === ')' && --depth === 0) return i
  }
  return -1
}

/** A number, or a symbol without parentheses around it. */
function termOf(text: string): Dim {
  if (/^\d+$/.test(text)) return Number(text)
  return text.startsWith('(') && closes(text, 0) === text.length - 1 ? termOf(text.slice(1, -1)) : text
}

/** The size of one axis as an int64 scalar. */
export function dimScalar(dim: Dim): Value {
  return typeof dim === 'number' ? constant(dim, 'int64') : reshape(dimVector(dim), [])
}

/** A symbol for a size that is known only when the graph runs and is like no other. */
export function freshDim(graph: Graph, name: string): string {
  return `${name}_${graph.nodes.length}`
}
