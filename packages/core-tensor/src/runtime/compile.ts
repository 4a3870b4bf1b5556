import { inPlaceFiles } from '../checkpoint/inPlace.ts'
import { FlagError } from '../errors.ts'
import { formatDims } from '../graph/dims.ts'
import { Graph, type Value } from '../graph/graph.ts'
import { isSpec, isValue, type Spec, spec, type Traced, trace, type ValuesOf } from '../graph/trace.ts'
import { type IsLeaf, leavesOf, type MapTree, mapTree } from '../graph/tree.ts'
import { encodeModel } from '../onnx/encode.ts'
import { Tensor } from '../tensor/tensor.ts'
import { packedModel } from './packedModel.ts'
import { createSession, type Session } from './session.ts'
import { createSessionPool, type SessionPoolOptions } from './sessionPool.ts'
import { upgradedSession } from './upgradedSession.ts'

export const isTensor: IsLeaf<Tensor> = (node): node is Tensor => node instanceof Tensor

type TensorsOf<S> = MapTree<S, Spec, Tensor>
type Results<R> = MapTree<R, Value, Tensor>

/** A traced function that ONNX Runtime runs: call it with tensors where the function had values. */
export interface CompiledFunction<S extends readonly unknown[], R> {
  (...inputs: { [K in keyof S]: TensorsOf<S[K]> }): Promise<Results<R>>
  readonly session: Session
  readonly traced: Traced<R>
  dispose(): Promise<void>
}

export interface CompileOptions extends SessionPoolOptions {
  /**
   * Where weights that are too large to be packed in memory (see `packWeights`) are kept packed, once for this
   * processor, with twice their size on the disk; sessions map them from there. They are written, and put in the place
   * of those that lie in the checkpoint, while the model is used. With `packWeights: true` weights of any size are
   * packed there. Only for the CPU. Default: none.
   */
  packedFolder?: string
  /**
   * Use operators that ONNX Runtime has beyond the ONNX standard where one stands for several, such as those of
   * attention. Default: false.
   */
  fused?: boolean
}

/** Weights above this size are used where they lie unless the caller wants them packed. */
const PACK_LIMIT = 256 * 2 ** 20

/** Longer than what lies between two products, in microseconds: for sessions that run while others open. */
const BRIEF_SPIN = 100

/** Encodes a traced graph and opens a session on it, its stored weights mapped from their files. */
export async function openTraced(
  traced: Traced,
  { packedFolder, ...options }: Omit<CompileOptions, 'fused'> = {},
): Promise<Session> {
  const stored = traced.graph.storedTensors
  const files = new Set(stored.flatMap(({ source }) => (source ? [source.path] : [])))
  const place = files.size > 0 ? inPlaceFiles(files) : undefined
  const bytes = stored.reduce((sum, { source }) => sum + (source?.byteLength ?? 0), 0)
  const model = encodeModel(traced.graph, traced.outputs, { locationOf: place?.location })
  const { packWeights = bytes <= PACK_LIMIT } = options
  const keepPacked = packedFolder !== undefined && (options.packWeights ?? !packWeights)
  const weightsFolder = place?.folder
  const session = await createSessionPool(model, {
    weightsFolder,
    // One that will be replaced serves the start, when there is other work for every core.
    ...(keepPacked ? { spinTime: BRIEF_SPIN } : {}),
    ...options,
    packWeights: packWeights && !keepPacked,
  })
  if (!keepPacked || session.provider !== 'cpu') return session
  return upgradedSession(session, {
    async open(signal) {
      const pack = { folder: packedFolder, files: [...files], bytes, weightsFolder, signal }
      const file = await packedModel(model, pack)
      // What could be optimised was before it was written.
      return createSessionPool(file, { ...options, packWeights: true, optimization: 'disabled' })
    },
    onFailure: ({ message }) =>
      process.emitWarning(`weights are used as they lie in the checkpoint, which is slower: ${message}`, {
        code: 'FLAG_NOT_PACKED',
      }),
  })
}

/**
 * Traces `fn` on values of the given specs and opens a session on the result, or on what `prepare` makes of it.
 *
 * @example
 * const product = await compile((a, b) => ops.matmul(a, b), [spec('float32', ['rows', 4]), spec('float32', [4, 2])])
 * const c = await product(a, b) // Tensor [rows, 2]
 */
export async function compile<const S extends readonly unknown[], R>(
  fn: (...inputs: { [K in keyof S]: ValuesOf<S[K]> }) => R,
  specs: S,
  { prepare, fused, ...options }: CompileOptions & { prepare?(traced: Traced<R>): Promise<Traced<R>> } = {},
): Promise<CompiledFunction<S, R>> {
  const direct = trace(fn, specs, new Graph(undefined, { fused }))
  const traced = prepare ? await prepare(direct) : direct
  const session = await openTraced(traced, options)
  const expected = leavesOf(specs, isSpec)
  const call = async (...inputs: unknown[]) => {
    const outputs = await session.run(feedsOf(expected, inputs, session))
    return resultTree(traced.result, outputs)
  }
  return Object.assign(call, { session, traced, dispose: () => session.dispose() }) as CompiledFunction<S, R>
}

/** Named feeds of a session from a list of tensor trees. Throws when a tensor does not fit its spec. */
export function feedsOf(
  expected: readonly { path: string; leaf: Spec }[],
  inputs: readonly unknown[],
  session: Pick<Session, 'inputs'>,
  offset = 0,
): Record<string, Tensor> {
  const given = new Map(
    inputs.flatMap((input, i) => leavesOf(input, isTensor, String(i + offset)).map((t) => [t.path, t.leaf])),
  )
  const sizes = new Map<string, number>()
  const feeds: Record<string, Tensor> = {}
  for (const { path, leaf } of expected) {
    const tensor = given.get(path)
    if (!tensor) throw new FlagError('invalid-argument', `input ${path} is missing`)
    const fits =
      tensor.dtype === leaf.dtype &&
      tensor.rank === leaf.shape.length &&
      leaf.shape.every((dim, i) => {
        if (typeof dim === 'number') return dim === tensor.shape[i]
        const known = sizes.get(dim) ?? tensor.shape[i]
        sizes.set(dim, known)
        return known === tensor.shape[i]
      })
    if (!fits) {
      const where =
        sizes.size > 0 ? ` where ${[...sizes].map(([name, size]) => `${name} = ${size}`).join(', ')}` : ''
      throw new FlagError(
        tensor.dtype === leaf.dtype ? 'shape-mismatch' : 'dtype-mismatch',
        `input ${path} must be ${leaf.dtype}${formatDims(leaf.shape)}${where}, got ${tensor.dtype}${formatDims(tensor.shape)}`,
      )
    }
    // An input that no output depends on is not part of the model.
    if (session.inputs.includes(`in.${path}`)) feeds[`in.${path}`] = tensor
  }
  return feeds
}

/** The function's result with every value replaced by its tensor. */
export function resultTree(result: unknown, outputs: Readonly<Record<string, Tensor>>): unknown {
  return mapTree(result, isValue, (_, path) => outputs[path === '' ? 'out' : `out.${path}`])
}

/** The spec that a tensor fits. */
export const specOf = (tensor: Tensor): Spec => spec(tensor.dtype, tensor.shape)

const eager = new Map<string, Promise<Session>>()
const EAGER_SESSIONS = 256

/**
 * Computes `fn` of these tensors at once. The session is kept (the 256 last used are), so doing the same again on
 * other tensors of these shapes costs one run.
 */
export async function evaluate<const T extends readonly unknown[], R>(
  fn: (...inputs: { [K in keyof T]: MapTree<T[K], Tensor, Value> }) => R,
  ...inputs: T
): Promise<Results<R>> {
  const specs = mapTree(inputs, isTensor, specOf) as readonly unknown[]
  const traced = trace<readonly unknown[], R>(fn as never, specs)
  const model = encodeModel(traced.graph, traced.outputs)
  const key = Buffer.from(model).toString('latin1')
  const session = eager.get(key) ?? createSession(model, { isolation: 'inline' })
  eager.delete(key)
  eager.set(key, session)
  if (eager.size > EAGER_SESSIONS) {
    const [oldest, stale] = eager.entries().next().value as [string, Promise<Session>]
    eager.delete(oldest)
    await (await stale).dispose()
  }
  const opened = await session
  return resultTree(
    traced.result,
    await opened.run(feedsOf(leavesOf(specs, isSpec), inputs, opened)),
  ) as Results<R>
}
