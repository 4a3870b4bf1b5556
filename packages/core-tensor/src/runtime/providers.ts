import { FlagError } from '../errors.ts'
import { startHost } from './host.ts'
import { oneNodeModel } from './oneNodeModel.ts'

export const executionProviders = ['cpu', 'webgpu', 'cuda', 'coreml', 'dml', 'tensorrt'] as const
/** What an operator can run on, by ONNX Runtime's names. */
export type ExecutionProvider = (typeof executionProviders)[number]

/** Whether a provider works here, and if not, why. */
export type ProviderProbe = { readonly usable: true } | { readonly usable: false; readonly reason: string }

/** Why a preferred provider was not used. */
export interface Fallback {
  readonly provider: ExecutionProvider
  readonly reason: string
}

const probes = new Map<ExecutionProvider, Promise<ProviderProbe>>()

/**
 * Finds out whether a provider works by running one node on it, in a process of its own (a missing driver can crash),
 * with the fallback to the CPU forbidden. Asked once per program.
 */
export function probeProvider(provider: ExecutionProvider): Promise<ProviderProbe> {
  const known =
    probes.get(provider) ??
    (provider === 'cpu' ? Promise.resolve<ProviderProbe>({ usable: true }) : probe(provider))
  probes.set(provider, known)
  return known
}

async function probe(provider: ExecutionProvider): Promise<ProviderProbe> {
  // ONNX Runtime complains of missing drivers on stderr; the reason is in the answer.
  const host = startHost('process', { timeLimit: 60_000, stderr: 'ignore' })
  try {
    await host.call('open', {
      model: oneNodeModel(),
      options: {
        executionProviders: [provider],
        intraOpNumThreads: 1,
        logSeverityLevel: 4,
        extra: { session: { disable_cpu_ep_fallback: '1' } },
      },
    })
    const feeds = { x: { dtype: 'float32' as const, shape: [1], data: Float32Array.of(21) } }
    const { y } = await host.call('run', { feeds })
    const answer = (y.data as Float32Array)[0]
    return answer === 42 ? { usable: true } : { usable: false, reason: `21 + 21 gave ${answer}` }
  } catch (error) {
    return { usable: false, reason: (error as Error).message.split('\n')[0] }
  } finally {
    await host.dispose()
  }
}

/** The first provider of the list that works, and what was wrong with those before it. */
export async function usableProvider(
  wanted: readonly ExecutionProvider[],
): Promise<{ provider: ExecutionProvider; fallbacks: Fallback[] }> {
  const fallbacks: Fallback[] = []
  for (const provider of wanted) {
    if (!executionProviders.includes(provider)) {
      throw new FlagError('invalid-argument', `unknown execution provider "${provider}"`, {
        hint: `known: ${executionProviders.join(', ')}`,
      })
    }
    const result = await probeProvider(provider)
    if (result.usable) return { provider, fallbacks }
    fallbacks.push({ provider, reason: result.reason })
  }
  throw new FlagError(
    'runtime',
    `none of the execution providers works here: ${fallbacks.map((f) => `${f.provider} (${f.reason})`).join('; ')}`,
    { hint: "add 'cpu' as the last one" },
  )
}
