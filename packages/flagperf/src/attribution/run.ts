import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionProvider, Tensor } from '@flag/core-tensor'
import { FlagError } from '@flag/core-tensor'
import { completeInputs, type NamedNode, readNodes } from './nodes.ts'
import { type ProfiledNode, readProfile } from './profile.ts'
import type { TensorType } from './work.ts'

export interface ProfileOptions {
  readonly provider?: ExecutionProvider
  /** Options that the provider itself knows. */
  readonly providerOptions?: Readonly<Record<string, unknown>>
  readonly threads?: number
  readonly optimization?: 'disabled' | 'basic' | 'extended' | 'all'
  /** Runs that are measured, after one that warms up. */
  readonly runs?: number
}

/** A profile, and the nodes of the graph that ran: the runtime's optimised one. */
export interface ModelProfile {
  readonly profile: readonly ProfiledNode[]
  readonly nodes: readonly NamedNode[]
}

/** Runs a model, a file or its bytes, in this thread with ONNX Runtime's profiler on. Throws `runtime` where the runtime fails. */
export async function profileModel(
  model: string | Uint8Array,
  feeds: Readonly<Record<string, Tensor>>,
  options: ProfileOptions = {},
): Promise<ModelProfile> {
  const { provider = 'cpu', providerOptions = {}, threads = 1, optimization = 'all', runs = 10 } = options
  const called = typeof model === 'string' ? model : 'the model'
  process.env.ORT_DISABLE_TELEMETRY ??= '1'
  const { InferenceSession } = await import('onnxruntime-node')
  const folder = await mkdtemp(join(tmpdir(), 'flagperf-profile-'))
  try {
    const optimized = join(folder, 'optimized.onnx')
    const session = await InferenceSession.create(model as string, {
      executionProviders: provider === 'cpu' ? ['cpu'] : [{ name: provider, ...providerOptions }, 'cpu'],
      intraOpNumThreads: threads,
      graphOptimizationLevel: optimization,
      optimizedModelFilePath: optimized,
      enableProfiling: true,
      profileFilePrefix: join(folder, 'profile'),
      logSeverityLevel: 4,
    })
    try {
      const inputs = Object.fromEntries(
        Object.entries(feeds).map(([name, { dtype, shape, data }]) => [
          name,
          { type: dtype, dims: shape, data, location: 'cpu' },
        ]),
      )
      for (let run = 0; run <= runs; run++) await session.run(inputs as never)
      session.endProfiling()
    } finally {
      await session.release()
    }
    const file = (await readdir(folder)).find((name) => name.startsWith('profile'))
    if (!file) throw new FlagError('runtime', `ONNX Runtime wrote no profile of ${called}`)
    const nodes = readNodes(await readFile(optimized))
    const byName = new Map(nodes.map((node) => [node.name, node]))
    const profile = readProfile(await readFile(join(folder, file), 'utf8'), file, 1)
    return {
      nodes,
      profile: profile.map((node) => ({
        ...node,
        inputs: completeInputs(byName.get(node.name), node.inputs as TensorType[]),
      })),
    }
  } catch (cause) {
    if (cause instanceof FlagError) throw cause
    throw new FlagError('runtime', `${called}: ${(cause as Error).message}`, { cause })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
