import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { createSession } from '@flag/core-tensor'
import { readPorts } from '../attribution/nodes.ts'
import type { ColdRaw } from '../results/cold.ts'
import { makeInputs } from './inputs.ts'
import { runSpecs } from './runCase.ts'
import type { ColdSpec } from './spec.ts'

/** A process that takes longer to start and run once than this has failed. */
const LIMITS = { timeLimitMs: 600_000, memoryLimitBytes: Number.MAX_SAFE_INTEGER }

/**
 * Measures how long a model takes to its first result in a process that has run nothing yet: loading the runtime, opening the
 * model, the first run. Every repetition is another process. The files are in the page cache after the first.
 */
export async function measureCold(spec: ColdSpec): Promise<ColdRaw> {
  const { provider, processes } = spec
  if (processes === 1) return { kind: 'cold', provider, starts: [await startHere(spec)] }
  const starts: ColdRaw['starts'] = []
  for (let i = 0; i < processes; i++) {
    const [outcome] = await runSpecs([{ ...spec, processes: 1 }], LIMITS)
    if ('failure' in outcome) throw new Error(outcome.failure)
    if (outcome.raw.kind === 'cold') starts.push(...outcome.raw.starts)
  }
  return { kind: 'cold', provider, starts }
}

async function startHere(spec: ColdSpec): Promise<ColdRaw['starts'][number]> {
  const { provider, providerOptions, threads, packWeights } = spec
  const file = resolve(spec.model)
  const feeds = makeInputs(readPorts(await readFile(file)), { sizes: spec.sizes, fill: spec.fill })
  const begin = process.hrtime.bigint()
  await import('onnxruntime-node')
  const loaded = process.hrtime.bigint()
  const session = await createSession(file, {
    providers: [provider],
    providerOptions,
    threads,
    packWeights,
    isolation: 'inline',
  })
  const opened = process.hrtime.bigint()
  await session.run(feeds)
  const first = process.hrtime.bigint()
  await session.run(feeds)
  const second = process.hrtime.bigint()
  const residentBytes = process.memoryUsage.rss()
  await session.dispose()
  return {
    runtimeNs: Number(loaded - begin),
    openNs: Number(opened - loaded),
    firstRunNs: Number(first - opened),
    secondRunNs: Number(second - first),
    residentBytes,
  }
}
