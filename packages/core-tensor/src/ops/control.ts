import { FlagError } from '../errors.ts'
import { contentsOf } from '../graph/contents.ts'
import { type Dim, normalizeAxis } from '../graph/dims.ts'
import { Graph, type Value, type ValueType } from '../graph/graph.ts'
import {
  type Application,
  defineOperators,
  inputOf,
  intOf,
  intsOf,
  notDifferentiable,
} from '../graph/operator.ts'
import type { ControlOperator } from '../graph/operatorNames.ts'
import { addGraph } from '../onnx/decode.ts'
import { graphMessage } from '../onnx/schema.ts'
import { ownInputs, type Subgraph, subgraphsOf } from '../onnx/subgraph.ts'
import { decodeMessage } from '../onnx/wire.ts'
import { fromNumbers, type Tensor } from '../tensor/tensor.ts'
import { freshDim } from './sizes.ts'

/** What a sub-graph gives for inputs of these types. Sizes that only it knows become new symbols of `graph`. */
function outputTypes(graph: Graph, subgraph: Subgraph, inputTypes: readonly ValueType[]): ValueType[] {
  const inner = new Graph(graph.opsets)
  const outer = new Map(
    [...subgraph.captured].map(([name, value]) => [
      name,
      knownTensor(value) ? inner.constant(knownTensor(value) as Tensor) : inner.input(name, value),
    ]),
  )
  const known = new Set([...inner.symbols.keys(), ...inputTypes.flatMap(({ shape }) => shape)])
  const outputs = addGraph(inner, decodeMessage(graphMessage, subgraph.graph), { outer, inputTypes })
  const renamed = new Map<Dim, Dim>()
  const rename = (dim: Dim): Dim => {
    if (typeof dim === 'number' || known.has(dim)) return dim
    if (!renamed.has(dim)) renamed.set(dim, freshDim(graph, `inner${renamed.size}`))
    return renamed.get(dim) as Dim
  }
  return outputs.map(({ value: { dtype, shape } }) => ({ dtype, shape: shape.map(rename) }))
}

/** A value as a constant, if all of it is known before the graph runs. */
function knownTensor(value: Value): Tensor | undefined {
  if (value.constant || value.dtype === 'string') return value.constant
  const contents = contentsOf(value)
  if (!contents?.every((item) => typeof item === 'number')) return undefined
  return fromNumbers(contents as number[], value.shape as number[], value.dtype)
}

/** What is true of both; sizes that differ become new symbols. */
function common(
  graph: Graph,
  operator: string,
  a: ValueType,
  b: ValueType | undefined,
  place: number,
): ValueType {
  if (a.dtype !== b?.dtype || a.shape.length !== b.shape.length) {
    throw new FlagError('unsupported', `${operator}: output ${place} has not always the same type and rank`, {
      hint: 'what decides may be known once sizes are: decodeModel(bytes, { sizes, fixed })',
    })
  }
  const shape = a.shape.map((dim, i) =>
    dim === b.shape[i] ? dim : freshDim(graph, `${operator}${place}_${i}`),
  )
  return { dtype: a.dtype, shape }
}

function graphOf({ operator, inputs }: Application): Graph {
  const value = inputs.find((input) => input !== undefined)
  if (value) return value.graph
  throw new FlagError('unsupported', `${operator} without inputs`)
}

function inferIf(application: Application): ValueType[] {
  const graph = graphOf(application)
  const branches = subgraphsOf(application)
  const branch = (name: string) => {
    const found = branches.find(({ attribute }) => attribute === name)
    if (!found) throw new FlagError('corrupt-file', `If has no ${name}`)
    return outputTypes(graph, found, [])
  }
  const condition = contentsOf(inputOf(application, 0))?.[0]
  if (condition !== undefined) return branch(condition ? 'then_branch' : 'else_branch')
  const otherwise = branch('else_branch')
  return branch('then_branch').map((type, i) => common(graph, 'If', type, otherwise[i], i))
}

function bodyOf(application: Application): Subgraph {
  const body = subgraphsOf(application).find(({ attribute }) => attribute === 'body')
  if (body) return body
  throw new FlagError('corrupt-file', `${application.operator} has no body`)
}

const typesOf = (values: readonly (Value | undefined)[], operator: string): ValueType[] =>
  values.map((value) => {
    if (!value) throw new FlagError('corrupt-file', `${operator}: a state has no initial value`)
    return { dtype: value.dtype, shape: value.shape }
  })

/** Types of the states that a body takes and gives: sizes may change from step to step. */
function stableStates(
  graph: Graph,
  operator: string,
  initial: readonly ValueType[],
  step: (states: readonly ValueType[]) => readonly ValueType[],
): ValueType[] {
  const once = step(initial)
  const states = initial.map((type, i) => common(graph, operator, type, once[i], i))
  const widened = states.some((type, i) => type.shape.some((dim, axis) => dim !== initial[i].shape[axis]))
  const outputs = widened ? step(states) : once
  return [...states, ...outputs.slice(states.length)]
}

function inferLoop(application: Application): ValueType[] {
  const graph = graphOf(application)
  const body = bodyOf(application)
  const initial = typesOf(ownInputs(application).slice(2), 'Loop')
  const head: ValueType[] = [
    { dtype: 'int64', shape: [] },
    { dtype: 'bool', shape: [] },
  ]
  const step = (states: readonly ValueType[]) => outputTypes(graph, body, [...head, ...states]).slice(1)
  const steps = freshDim(graph, 'steps')
  return stableStates(graph, 'Loop', initial, step).map(({ dtype, shape }, i) => ({
    dtype,
    shape: i < initial.length ? shape : [steps, ...shape],
  }))
}

function inferScan(application: Application): ValueType[] {
  const { attributes, opset } = application
  if (opset < 9) return inferBatchScan(application)
  const graph = graphOf(application)
  const inputs = typesOf(ownInputs(application), 'Scan')
  const count = inputs.length - intOf(attributes, 'num_scan_inputs', 0)
  const along = (list: string, i: number, rank: number) =>
    normalizeAxis(intsOf(attributes, list)?.[i] ?? 0, rank)
  let steps: Dim | undefined
  const slices = inputs.slice(count).map(({ dtype, shape }, i) => {
    const axis = along('scan_input_axes', i, shape.length)
    steps ??= shape[axis]
    return { dtype, shape: shape.filter((_, k) => k !== axis) }
  })
  const step = (states: readonly ValueType[]) =>
    outputTypes(graph, bodyOf(application), [...states, ...slices])
  return stableStates(graph, 'Scan', inputs.slice(0, count), step).map(({ dtype, shape }, i) => {
    if (i < count) return { dtype, shape }
    const axis = along('scan_output_axes', i - count, shape.length + 1)
    return {
      dtype,
      shape: [...shape.slice(0, axis), steps ?? freshDim(graph, 'steps'), ...shape.slice(axis)],
    }
  })
}

/** Scan of operator set 8: lengths come first, every value has a batch axis, and the steps are the second axis. */
function inferBatchScan(application: Application): ValueType[] {
  const inputs = typesOf(ownInputs(application).slice(1), 'Scan')
  const count = inputs.length - intOf(application.attributes, 'num_scan_inputs', 0)
  const without = (axes: number) => (type: ValueType) => ({ ...type, shape: type.shape.slice(axes) })
  const slices = inputs.slice(count).map(without(2))
  const graph = graphOf(application)
  const step = (states: readonly ValueType[]) =>
    outputTypes(graph, bodyOf(application), [...states, ...slices])
  const [batch, steps] = inputs[count].shape
  return stableStates(graph, 'Scan', inputs.slice(0, count).map(without(1)), step).map(
    ({ dtype, shape }, i) => ({
      dtype,
      shape: i < count ? [batch, ...shape] : [batch, steps, ...shape],
    }),
  )
}

const gradient = notDifferentiable('what it computes depends on values; trace the steps instead')

export const controlOperators = defineOperators<ControlOperator>({
  If: { infer: inferIf, gradient },
  Loop: { infer: inferLoop, gradient },
  Scan: { infer: inferScan, gradient },
})
