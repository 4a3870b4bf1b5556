import type { DType } from '../tensor/dtype.ts'
import type { Dims } from './dims.ts'
import { Graph, Value, type ValueType, withGraph } from './graph.ts'
import { type IsLeaf, leavesOf, type MapTree, mapTree, type Tree } from './tree.ts'

/** Element type and shape that an input of a traced function will have. */
export class Spec<D extends DType = DType> implements ValueType {
  readonly dtype: D
  readonly shape: Dims

  constructor(dtype: D, shape: Dims) {
    this.dtype = dtype
    this.shape = shape
  }
}

/** `spec('float32', ['batch', 3, 224, 224])`: names are sizes that may differ from call to call. */
export const spec = <D extends DType>(dtype: D, shape: Dims): Spec<D> => new Spec(dtype, shape)

export type Specs = Tree<Spec>
export type ValuesOf<S> = MapTree<S, Spec, Value>

export const isSpec: IsLeaf<Spec> = (node): node is Spec => node instanceof Spec
export const isValue: IsLeaf<Value> = (node): node is Value => node instanceof Value

/** A traced function: its graph, and its outputs as the function returned them. */
export interface Traced<R = unknown> {
  readonly graph: Graph
  readonly outputs: { readonly name: string; readonly value: Value }[]
  readonly result: R
}

/** Runs `fn` on symbolic values and records what it does. Inputs and outputs are named after their path. */
export function trace<const S extends readonly unknown[], R>(
  fn: (...inputs: { [K in keyof S]: ValuesOf<S[K]> }) => R,
  specs: S,
  graph: Graph = new Graph(),
): Traced<R> {
  return withGraph(graph, () => {
    const inputs = mapTree(specs, isSpec, (leaf, path) => graph.input(`in.${path}`, leaf))
    const result = fn(...(inputs as { [K in keyof S]: ValuesOf<S[K]> }))
    const outputs = leavesOf(result, isValue).map(({ path, leaf }) => ({
      name: path === '' ? 'out' : `out.${path}`,
      value: leaf,
    }))
    return { graph, outputs, result }
  })
}
