import { FlagError } from '../errors.ts'
import type { Value } from '../graph/graph.ts'
import { isSpec, isValue, type Spec, trace, type ValuesOf } from '../graph/trace.ts'
import { leavesOf, type MapTree, mapTree } from '../graph/tree.ts'
import { feedsOf, isTensor, openTraced, resultTree, specOf } from '../runtime/compile.ts'
import type { Session, SessionOptions } from '../runtime/session.ts'
import type { Tensor } from '../tensor/tensor.ts'

/** A traced step whose state stays beside the session between runs. */
export interface CompiledStep<S, B extends readonly unknown[], M> {
  /** Runs one step on the state and gives the step's metrics. */
  (...batch: { [K in keyof B]: MapTree<B[K], Spec, Tensor> }): Promise<MapTree<M, Value, Tensor>>
  /** A copy of the state as it is now. */
  state(): Promise<S>
  readonly session: Session
  dispose(): Promise<void>
}

/**
 * Compiles a whole training step (forward, backward, optimiser) into one graph that is run once per step.
 *
 * `step` takes the state (any tree of values: parameters, optimiser state, counters) and a batch, and gives the next
 * state, of the same form, and metrics. The state never leaves the session's thread until it is asked for.
 */
export async function compileStep<S, const B extends readonly unknown[], M>(
  step: (
    state: MapTree<S, Tensor, Value>,
    ...batch: { [K in keyof B]: ValuesOf<B[K]> }
  ) => readonly [MapTree<S, Tensor, Value>, M],
  initial: S,
  batchSpecs: B,
  options: SessionOptions = {},
): Promise<CompiledStep<S, B, M>> {
  const stateSpec = mapTree(initial, isTensor, specOf)
  const specs: readonly unknown[] = [stateSpec, ...batchSpecs]
  const traced = trace<readonly unknown[], readonly [unknown, M]>(step as never, specs)
  const [nextState, metrics] = traced.result

  const before = new Map(leavesOf(initial, isTensor).map(({ path, leaf }) => [path, leaf]))
  const inputs = new Map(traced.graph.inputs.map((value) => [value, value]))
  const carry: [string, string][] = []
  const frozen = new Set<string>()
  for (const { path, leaf } of leavesOf(nextState, isValue)) {
    const old = before.get(path)
    if (!old || old.dtype !== leaf.dtype || `${old.shape}` !== `${leaf.shape}`) {
      throw new FlagError(
        'shape-mismatch',
        `the next state's "${path}" is ${leaf}, the state's is ${old ? `${old.dtype}[${old.shape}]` : 'missing'}`,
      )
    }
    // What the step hands through unchanged needs no copy.
    const unchanged = inputs.has(leaf) && leaf.origin.kind === 'input' && leaf.origin.name === `in.0.${path}`
    if (unchanged) frozen.add(`out.0.${path}`)
    else carry.push([`out.0.${path}`, `in.0.${path}`])
  }
  if (carry.length + frozen.size !== before.size) {
    throw new FlagError(
      'shape-mismatch',
      `the next state has ${carry.length + frozen.size} tensors, the state has ${before.size}`,
    )
  }

  const outputs = traced.outputs.filter(({ name }) => !frozen.has(name))
  const session = await openTraced({ ...traced, outputs }, options)
  const feeds: Record<string, Tensor> = {}
  const unused: Record<string, Tensor> = {}
  for (const [path, leaf] of before)
    (session.inputs.includes(`in.0.${path}`) ? feeds : unused)[`in.0.${path}`] = leaf
  await session.carry(feeds, carry)

  const expected = leavesOf(batchSpecs, isSpec).map(({ path, leaf }) => {
    const [index, ...rest] = path.split('.')
    return { path: [Number(index) + 1, ...rest].join('.'), leaf }
  })
  const named = (record: Record<string, Tensor>) =>
    Object.fromEntries(Object.entries(record).map(([name, value]) => [name.replace(/^out\.1/, 'out'), value]))
  const call = async (...batch: unknown[]) =>
    resultTree(metrics, named(await session.step(feedsOf(expected, batch, session, 1))))
  return Object.assign(call, {
    session,
    async state() {
      const now = { ...unused, ...(await session.state()) }
      return mapTree(initial, isTensor, (_, path) => now[`in.0.${path}`]) as S
    },
    dispose: () => session.dispose(),
  }) as CompiledStep<S, B, M>
}
