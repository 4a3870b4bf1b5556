import { modelNumbers } from '../results/derive.ts'
import type { CaseRow } from '../results/schema.ts'

/** What settings are chosen by. */
export interface Objectives {
  /** Median time of a query, in milliseconds: less is better. */
  readonly latencyMs: number
  /** Samples a second, a batch being as many samples: more is better. */
  readonly samplesPerSecond: number
  /** Largest memory of the process, in bytes: less is better. */
  readonly memoryBytes: number
}

/** The objectives of a row of a single-stream test, or undefined where nothing was measured. */
export function objectivesOf(row: CaseRow, batch: number): Objectives | undefined {
  if (row.status !== 'ok' || row.raw?.kind !== 'model') return undefined
  const { load } = modelNumbers(row.raw)
  return {
    latencyMs: load.sampleLatency.percentiles[0] / 1e6,
    samplesPerSecond: load.samplesPerSecond * batch,
    memoryBytes: row.noise?.maxMemoryBytes ?? Number.POSITIVE_INFINITY,
  }
}

/** Whether `x` is at least as good as `y` in everything, and by more than `margin` (a share) better in something. */
export function dominates(x: Objectives, y: Objectives, margin = 0): boolean {
  // How many times as good x is as y.
  const gains = [
    y.latencyMs / x.latencyMs,
    x.samplesPerSecond / y.samplesPerSecond,
    y.memoryBytes === x.memoryBytes ? 1 : y.memoryBytes / x.memoryBytes,
  ]
  return gains.every((gain) => gain >= 1) && gains.some((gain) => gain > 1 + margin)
}

/** Whether `x` is so much faster, in latency and in throughput, that measuring `y` longer would not change it. */
export function clearlyDominates(x: Objectives, y: Objectives, margin: number): boolean {
  const faster =
    y.latencyMs / x.latencyMs > 1 + margin && x.samplesPerSecond / y.samplesPerSecond > 1 + margin
  return faster && x.memoryBytes <= y.memoryBytes * MEMORY_MARGIN
}

/** Memory of equal work differs by a few per cent between processes. */
const MEMORY_MARGIN = 1.05

/** Places of the settings that no other dominates; those without numbers are not among them. */
export function paretoFront(all: readonly (Objectives | undefined)[]): number[] {
  return all.flatMap((each, i) => (each && !all.some((other) => other && dominates(other, each)) ? [i] : []))
}
