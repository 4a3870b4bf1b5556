import type { Session, SessionOptions, Tensor } from '@flag/core-tensor'
import type { BaseRaw } from '../results/base.ts'
import { growUntilFull } from './base/capacity.ts'
import { type ChainGraph, chainOf, openChain } from './base/chains.ts'
import type { BaseSpec } from './spec.ts'

/** Products or passes in the long chain, where a short one is subtracted. */
const LINKS = 4

/**
 * Measures a property of the machine through ONNX Runtime itself, so that what a model reaches can be compared with
 * what the runtime can reach at all. Numbers are random: zeros would take less power and may be special cases.
 *
 * On the CPU, which reads its inputs where they lie, a run is one product or pass. On any other provider a run also sends
 * inputs and waits for the answer, so runs of a long chain and of one without a link alternate: what is left is the work.
 * Everything has to run on the provider. Throws `runtime` where that is not possible.
 */
export async function measureBase(spec: BaseSpec): Promise<BaseRaw> {
  const { probe, dtype = 'float32', provider, providerOptions, threads, size, runs } = spec
  // In this thread: nothing is sent anywhere, and inputs are not copied.
  const options: SessionOptions = {
    providers: [provider],
    providerOptions,
    wholly: true,
    threads,
    isolation: 'inline',
    optimization: 'disabled',
  }
  const known = { kind: 'base', probe, dtype } as const
  if (probe === 'capacity') {
    const attempts = await growUntilFull(size, options)
    return { ...known, workPerRun: 0, timesNs: [], referenceNs: [], attempts, limitBytes: size }
  }
  const needsReference = provider !== 'cpu' || probe === 'launch' || probe.startsWith('transfer')
  const links =
    probe === 'launch' ? size : !needsReference || probe.startsWith('transfer') ? 1 : linksOf(spec)
  const graphs = [chainOf({ probe, dtype, size, provider }, links)]
  if (needsReference) graphs.push(chainOf({ probe, dtype, size, provider }, 0))
  const { perLink } = graphs[0]
  const times = await inTurns(graphs, runs, options)
  return { ...known, workPerRun: perLink * links, timesNs: times[0], referenceNs: times[1] ?? [] }
}

/** An integer product cannot go on from its result, which has another type. */
const linksOf = ({ dtype }: BaseSpec) => (dtype === 'int8' ? 1 : LINKS)

/** Times of runs of each graph, one after the other in turns, so that all see the same machine. */
async function inTurns(
  graphs: readonly ChainGraph[],
  runs: number,
  options: SessionOptions,
): Promise<number[][]> {
  const sessions: Session[] = []
  try {
    for (const graph of graphs) sessions.push(await openChain(graph, options))
    const run = (i: number) => sessions[i].run(graphs[i].feeds as Record<string, Tensor>)
    const times: number[][] = graphs.map(() => [])
    for (let round = -1; round < runs; round++) {
      for (let i = 0; i < graphs.length; i++) {
        const start = process.hrtime.bigint()
        await run(i)
        // The first round warms up.
        if (round >= 0) times[i].push(Number(process.hrtime.bigint() - start))
      }
    }
    return times
  } finally {
    for (const session of sessions) await session.dispose()
  }
}
