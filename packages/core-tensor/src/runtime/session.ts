import { availableParallelism } from 'node:os'
import { FlagError } from '../errors.ts'
import type { DType } from '../tensor/dtype.ts'
import { Tensor } from '../tensor/tensor.ts'
import { type Host, type Isolation, startHost, takeThread } from './host.ts'
import type { TensorParts } from './protocol.ts'
import { type ExecutionProvider, type Fallback, usableProvider } from './providers.ts'

export interface SessionOptions {
  /** Execution providers in order of preference; the first that really works is used. Default: `['cpu']`. */
  providers?: readonly ExecutionProvider[]
  /** Threads inside an operator. Default: one per core that this process may use. */
  threads?: number
  /** Options that the provider itself knows, such as `deviceId`, by ONNX Runtime's names. */
  providerOptions?: Readonly<Record<string, unknown>>
  /**
   * Refuse (`runtime`) a model of which some node would run on the CPU instead of the provider. Default: such nodes
   * run on the CPU.
   */
  wholly?: boolean
  /** Where the session runs. Default: a worker thread, so that the event loop stays free. */
  isolation?: Isolation
  /** Milliseconds that one call may take; needs `isolation: 'process'`. */
  timeLimit?: number
  /**
   * Whether constant weights are copied into the layout that the kernels like best. `false` (weights stay where the
   * checkpoint file is mapped) opens at once and needs no second copy in memory; products of large batches are
   * slower. Default: packed, unless the model refers to more than 256 MB of stored weights.
   */
  packWeights?: boolean
  /**
   * ONNX Runtime's graph optimisation level. At every level but `disabled`, 16-bit weights become float32 in memory when
   * the session opens; there, each is widened in every run, for as long as it is needed. Default: all.
   */
  optimization?: 'disabled' | 'basic' | 'extended' | 'all'
  /**
   * For how many microseconds threads with nothing to do watch for work before they sleep. Long keeps a session that is
   * alone fast; short leaves the cores to others. Default: the runtime's own, which is long.
   */
  spinTime?: number
  /** Folder in which initializers with external data lie. */
  weightsFolder?: string
  /** Writes an ONNX Runtime profile whose file name starts with this path. */
  profile?: string
}

/** An ONNX model that can be run. */
export interface Session {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** The execution provider that runs it. */
  readonly provider: ExecutionProvider
  /** Preferred providers that did not work, with the reason. */
  readonly fallbacks: readonly Fallback[]
  run(feeds: Readonly<Record<string, Tensor>>, fetches?: readonly string[]): Promise<Record<string, Tensor>>
  /** Keeps `state` beside the session: each `step` feeds it and replaces it by the outputs that `carry` names. */
  carry(
    state: Readonly<Record<string, Tensor>>,
    carry: readonly (readonly [output: string, input: string])[],
  ): Promise<void>
  /** Runs on the carried state and gives the outputs that are not carried. */
  step(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>
  /** A copy of the carried state. */
  state(): Promise<Record<string, Tensor>>
  dispose(): Promise<void>
}

const parts = (tensor: Tensor): TensorParts => ({
  dtype: tensor.dtype,
  shape: tensor.shape,
  data: tensor.data,
})

/**
 * Only the elements cross to another thread or process: a view of a large buffer would take the whole buffer along.
 */
function sendable(tensor: Tensor): TensorParts {
  const { data } = tensor
  if (Array.isArray(data) || data.byteLength === data.buffer.byteLength) return parts(tensor)
  return { ...parts(tensor), data: data.slice() }
}

const fromParts = ({ dtype, shape, data }: TensorParts) => new Tensor(dtype as DType, shape, data as never)

const mapRecord = <A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))

/** Opens an ONNX model, given as bytes or as the path of a file. */
export async function createSession(
  model: Uint8Array | string,
  options: SessionOptions = {},
): Promise<Session> {
  const { isolation = 'worker', threads = availableParallelism() } = options
  if (!Number.isInteger(threads) || threads < 1) {
    throw new FlagError('invalid-argument', `threads must be a positive integer, got ${threads}`)
  }
  const { spinTime } = options
  if (spinTime !== undefined && (!Number.isSafeInteger(spinTime) || spinTime < 0)) {
    throw new FlagError(
      'invalid-argument',
      `spinTime must be a whole number of microseconds, got ${spinTime}`,
    )
  }
  const { provider, fallbacks } = await usableProvider(options.providers ?? ['cpu'])
  const host: Host =
    isolation === 'worker' && options.timeLimit === undefined
      ? takeThread()
      : startHost(isolation, { timeLimit: options.timeLimit })
  const extra: Record<string, string> = {}
  if (options.weightsFolder) extra.model_external_initializers_file_folder_path = options.weightsFolder
  if (options.packWeights === false) extra.disable_prepacking = '1'
  if (spinTime !== undefined) extra['intra_op.spin_duration_us'] = String(spinTime)
  // The runtime would refuse models that run on the CPU because they were to.
  if (options.wholly && provider !== 'cpu') extra.disable_cpu_ep_fallback = '1'
  const own = options.providerOptions ? { name: provider, ...options.providerOptions } : provider
  try {
    const { inputs, outputs } = await host.call('open', {
      model,
      options: {
        executionProviders: provider === 'cpu' ? ['cpu'] : [own, 'cpu'],
        intraOpNumThreads: threads,
        graphOptimizationLevel: options.optimization ?? 'all',
        // Memory patterns nearly double the memory of a training step and gain nothing.
        enableMemPattern: false,
        logSeverityLevel: 3,
        extra: { session: extra },
        ...(options.profile ? { enableProfiling: true, profileFilePrefix: options.profile } : {}),
      },
    })
    const pack = isolation === 'inline' ? parts : sendable
    return {
      inputs,
      outputs,
      provider,
      fallbacks,
      run: async (feeds, fetches) =>
        mapRecord(
          await host.call('run', { feeds: mapRecord(feeds, pack), fetches: fetches && [...fetches] }),
          fromParts,
        ),
      carry: (state, carry) =>
        host.call('carry', {
          state: mapRecord(state, pack),
          carry: carry.map(([output, input]) => [output, input]),
        }),
      step: async (feeds) => mapRecord(await host.call('step', { feeds: mapRecord(feeds, pack) }), fromParts),
      state: async () => mapRecord(await host.call('state', {}), fromParts),
      async dispose() {
        if (options.profile) await host.call('endProfiling', {})
        await host.dispose()
      },
    }
  } catch (error) {
    await host.dispose()
    throw error
  }
}
