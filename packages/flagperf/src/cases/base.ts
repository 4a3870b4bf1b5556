import type { Session, SessionOptions, Tensor } from '@flag/core-tensor'
import type { BaseRaw } from '../results/base.ts'
import { growUntilFull } from './base/capacity.ts'
import { type ChainGraph, chainOf, openChain } from './base/chains.ts'
import type { BaseSpec } from './spec.ts'

/** Products or passes in the long chain, where a short one is subtracted, at first and at most. */
const LINKS = 4
const MOST_LINKS = 256
/** The long chain grows until it takes so many times as long as the short one, whose noise is then small beside it. */
const DOMINANCE = 5

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
  const chain = (links: number) => chainOf({ probe, dtype, size, provider }, links)
  const needsReference = provider !== 'cpu' || probe === 'launch' || probe.startsWith('transfer')
  if (!needsReference) {
    const graph = chain(1)
    const [timesNs] = await inTurns([graph], runs, options)
    return { ...known, workPerRun: graph.perLink, timesNs, referenceNs: [] }
  }
  let links = probe === 'launch' ? size : probe.startsWith('transfer') || dtype === 'int8' ? 1 : LINKS
  // An integer product cannot go on from its result, which has another type.
  const canGrow = links === LINKS && probe !== 'launch'
  for (; canGrow && links < MOST_LINKS; links *= 4) {
    const [[long], [short]] = await inTurns([chain(links), chain(0)], 1, options)
    if (long > DOMINANCE * short) break
  }
  const [timesNs, referenceNs] = await inTurns([chain(links), chain(0)], runs, options)
  return { ...known, workPerRun: chain(links).perLink * links, timesNs, referenceNs }
}

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
